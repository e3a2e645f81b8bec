"""deploy/packages: the Debian package says what it needs, and lives on a bare Debian 12."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from promql import ROOT

BINARY = os.environ["FOOTHOLD_BINARY"]
CACHE = pathlib.Path(os.environ.get("FOOTHOLD_CACHE", ROOT / ".cache"))
AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]
# Two hours of a sign-up that comes to nothing: enough for the engine to say something.
SAMPLE = "\n".join(
    '{"type":"track","event":"%s","userId":"ada","context":{"groupId":"acme"},"messageId":"m%d",'
    '"timestamp":"2026-03-02T0%d:00:00Z","properties":{"role":"admin"}}' % (event, i, i + 6)
    for i, event in enumerate(["Signed Up", "Integration Connected"]))


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, **options)


class PackageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        made = run(ROOT / "deploy/packages/build", "--binary", BINARY, "--out", cls.folder)
        if made.returncode != 0:
            raise AssertionError(made.stdout + made.stderr)
        cls.package = made.stdout.strip()
        cls.tree = f"{cls.folder}/tree"
        run("dpkg-deb", "--extract", cls.package, cls.tree, check=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def field(self, name):
        return run("dpkg-deb", "--field", self.package, name, check=True).stdout.strip()

    def test_its_fields_say_what_it_is(self):
        version = re.search(r"project\(foothold VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
        self.assertEqual(self.field("Package"), "foothold")
        self.assertEqual(self.field("Version"), version)
        self.assertEqual(self.field("Architecture"), run("dpkg", "--print-architecture").stdout.strip())
        self.assertIn("Kafka", self.field("Description"))
        self.assertEqual(os.path.basename(self.package),
                         f"foothold_{version}_{self.field('Architecture')}.deb")

    def test_it_depends_on_the_libraries_that_the_program_loads(self):
        depends = self.field("Depends")
        for package in ("librdkafka1", "librocksdb7.8", "libprotobuf32", "adduser", "tzdata"):
            self.assertRegex(depends, rf"\b{re.escape(package)}\b")
        linked = run("objdump", "-p", f"{self.tree}/usr/bin/foothold", check=True).stdout
        libraries = re.findall(r"NEEDED\s+(\S+)", linked)
        self.assertGreater(len(libraries), 10)
        for library in libraries:
            # Of several architectures, maybe: one of them is the one. Some are asked for by a name
            # that says more: libspdlog1.10-fmt9.
            found = run("dpkg-query", "--search", f"*/{library}").stdout.splitlines()
            owners = {line.split(":")[0] for line in found}
            with self.subTest(library):
                named = [owner for owner in owners if re.search(rf"(^|, ){re.escape(owner)}(-\w+)?( |,|$)", depends)]
                self.assertTrue(named, owners)

    def test_what_people_edit_is_kept_at_an_upgrade(self):
        conffiles = run("dpkg-deb", "--info", self.package, "conffiles", check=True).stdout.split()
        files = [f"/{path.relative_to(self.tree)}" for path in pathlib.Path(self.tree, "etc").rglob("*")
                 if path.is_file()]
        self.assertEqual(sorted(conffiles), sorted(files))

    def test_the_program_is_stripped_and_its_symbols_lie_beside_the_package(self):
        symbols = pathlib.Path(self.package).with_suffix(".debug")
        self.assertIn(".debug_info", run("objdump", "-h", symbols, check=True).stdout)
        program = run("objdump", "-h", f"{self.tree}/usr/bin/foothold", check=True).stdout
        self.assertNotIn(".debug_info", program)
        self.assertIn(".gnu_debuglink", program)

    def test_systemd_takes_the_unit_and_finds_it_locked_in(self):
        unit = ROOT / "deploy/packages/foothold.service"
        # verify looks whether the program is there: it is told of another one that is.
        text = unit.read_text().replace("/usr/bin/foothold", f"{self.tree}/usr/bin/foothold")
        text = text.replace("/usr/share/doc/foothold/", f"{self.tree}/usr/share/doc/foothold/")
        copy = pathlib.Path(self.folder, "foothold.service")
        copy.write_text(text)
        verified = run("systemd-analyze", "verify", "--man=no", copy)
        self.assertEqual((verified.returncode, verified.stderr), (0, ""))
        exposure = run("systemd-analyze", "security", "--offline=yes", "--threshold=20", copy)
        self.assertEqual(exposure.returncode, 0, exposure.stdout)
        self.assertIn("RestartPreventExitStatus=78", text)

    def test_the_scripts_are_clean(self):
        debian = ROOT / "deploy/packages/debian"
        scripts = [debian / name for name in ("postinst", "prerm", "postrm")]
        checked = run("shellcheck", *scripts, ROOT / "deploy/packages/build", ROOT / "tests/deploy/bookworm")
        self.assertEqual(checked.returncode, 0, checked.stdout)


class BareDebianTest(unittest.TestCase):
    """One story from the first installation to the last trace: each step rests on the one before."""

    def inside(self, script, must=True):
        done = run(*AS_ROOT, "unshare", "--mount", "--pid", "--fork", f"--mount-proc={self.root}/proc",
                   "chroot", self.root, "sh", "-euc", f"export LC_ALL=C DEBIAN_FRONTEND=noninteractive\n{script}")
        if must:
            self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return done

    def test_installed_used_upgraded_purged(self):
        with tempfile.TemporaryDirectory() as folder:
            self.root = f"{folder}/root"
            os.mkdir(self.root)
            run(*AS_ROOT, "tar", "--extract", "--file", CACHE / "bookworm.tar", "--directory", self.root,
                check=True)
            try:
                self.story(folder)
            finally:
                run(*AS_ROOT, "rm", "-rf", self.root)

    def story(self, folder):
        made = run(ROOT / "deploy/packages/build", "--binary", BINARY, "--out", folder, check=True)
        run(*AS_ROOT, "cp", made.stdout.strip(), f"{self.root}/root/foothold.deb", check=True)
        run(*AS_ROOT, "cp", "/etc/resolv.conf", f"{self.root}/etc/resolv.conf", check=True)

        self.inside("apt-get update -q -o Acquire::Retries=3")
        self.inside("apt-get install -y -q --no-install-recommends -o Acquire::Retries=3 /root/foothold.deb")
        version = self.inside("foothold version").stdout
        packaged = run("dpkg-deb", "-f", made.stdout.strip(), "Version", check=True).stdout.strip()
        self.assertTrue(version.startswith(f"foothold {packaged}"), version)
        self.assertIn("foothold, 2 sources", self.inside("foothold validate -c /etc/foothold/foothold.yaml").stdout)
        owned = self.inside("stat -c '%U:%G %a' /etc/foothold/foothold.yaml /var/lib/foothold").stdout
        self.assertEqual(owned.splitlines(), ["root:foothold 640", "foothold:foothold 750"])
        self.inside("getent passwd foothold | grep -q nologin")

        # As the service's user: it reads its configuration and decides.
        pathlib.Path(folder, "sample").write_text(SAMPLE + "\n")
        run(*AS_ROOT, "install", "-m", "644", f"{folder}/sample", f"{self.root}/tmp/sample.ndjson", check=True)
        as_user = "setpriv --reuid foothold --regid foothold --clear-groups"
        replayed = self.inside(f"{as_user} foothold replay -c /etc/foothold/foothold.yaml /tmp/sample.ndjson").stdout
        self.assertIn('"topic":"onboarding.user-status"', replayed)
        # Without a Kafka it says so, and does not wait for ever; the unit starts it again.
        refused = self.inside(f"{as_user} timeout 120 foothold run -c /etc/foothold/foothold.yaml", must=False)
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("localhost:9092", refused.stderr)

        self.inside("sed -i 's/^app: foothold/app: mine/' /etc/foothold/foothold.yaml")
        self.inside("echo kept >/var/lib/foothold/state; dpkg --install /root/foothold.deb")
        self.inside("grep -q '^app: mine' /etc/foothold/foothold.yaml; test -f /var/lib/foothold/state")
        self.inside("dpkg --remove foothold; test -f /etc/foothold/foothold.yaml; test -d /var/lib/foothold")
        self.inside("dpkg --purge foothold; test ! -e /etc/foothold; test ! -e /var/lib/foothold")


if __name__ == "__main__":
    unittest.main()
