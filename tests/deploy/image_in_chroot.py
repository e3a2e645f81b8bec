#!/usr/bin/python3
"""What deploy/Dockerfile does, where no container engine is: its steps, read from it, in bare Debians.

    tests/deploy/image_in_chroot.py --work FOLDER [--package FOOTHOLD.deb] [--keep]

The build stage is run in a debootstrap of the image's Debian, in which lies what git has; the runtime stage
in a second one, into which the packages are bound as the Dockerfile says. Then the image's command is run as
its numeric user with a read-only root, on a real Kafka, and has to become ready and to decide on what
deploy/examples/python/demo_producer.py sends. --package takes the runtime stage alone, with a package that the
build stage made before. Needs root and debootstrap; the build takes as long as a release does.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys

from broker import Broker
from promql import ROOT
from waiting import await_true, fetch

WRITABLE = ("var/lib/foothold", "tmp")


def run(*command, **options):
    print("$", " ".join(str(word) for word in command)[:200], flush=True)
    subprocess.run([str(word) for word in command], check=True, **options)


class Stage:
    """One FROM and what follows it: (instruction, rest), with continued lines joined."""

    def __init__(self, text):
        self.steps = [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]
        self.debian = re.match(r"debian:(\w+)-slim", self.steps[0][1])[1]

    def of(self, instruction):
        return [rest for name, rest in self.steps if name == instruction]


def stages():
    text = (ROOT / "deploy/Dockerfile").read_text()
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [Stage("FROM" + part) for part in re.split(r"^FROM", text, flags=re.MULTILINE)[1:]]


class Chroot:
    def __init__(self, folder, debian):
        self.root = pathlib.Path(folder)
        if not (self.root / "etc/debian_version").exists():
            run("debootstrap", "--variant=minbase", debian, self.root, stdout=subprocess.DEVNULL)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")

    def command(self, script, *before):
        """The words that run `script` in it, behind what a mount namespace of its own does first."""
        mounts = "; ".join([f"mount -t proc proc {self.root}/proc", *before])
        return ["unshare", "--mount", "--pid", "--fork", "sh", "-euc",
                f"{mounts}; exec chroot {self.root} sh -euc \"$1\"", "sh",
                f"export LC_ALL=C DEBIAN_FRONTEND=noninteractive\n{script}"]

    def run(self, script, *before):
        run(*self.command(script, *before))


def build(stage, work):
    """The packages that the first stage makes: where they lie."""
    chroot = Chroot(work / "build", stage.debian)
    folder = next(iter(stage.of("WORKDIR"))).strip("/")
    source = chroot.root / folder
    source.mkdir(exist_ok=True)
    archive = subprocess.run(["git", "-C", ROOT, "archive", "HEAD"], check=True, capture_output=True).stdout
    run("tar", "--extract", "--directory", source, input=archive)
    for step in stage.of("RUN"):
        chroot.run(f"cd /{folder}\n{step}")
    return chroot.root / "packages"


def install(stage, packages, work):
    chroot = Chroot(work / "image", stage.debian)
    for step in stage.of("RUN"):
        bound = re.match(r"--mount=type=bind,from=build,source=\S+,target=(\S+)\s+(.*)", step, re.DOTALL)
        target = chroot.root / bound[1].strip("/")
        target.mkdir(exist_ok=True)
        chroot.run(bound[2], f"mount --bind {packages} {target}")
    return chroot


def try_it(stage, chroot):
    """The image's own command, as its user, on a Kafka."""
    user, group = next(iter(stage.of("USER"))).split(":")
    environment = " ".join(stage.of("ENV"))
    words = re.findall(r'"([^"]+)"', next(iter(stage.of("ENTRYPOINT"))) + next(iter(stage.of("CMD"))))
    port = re.search(r":(\d+)", words[-1])[1]
    broker = Broker()
    process = None
    try:
        for topic in ("analytics.events", "support.tickets"):
            broker.make_topic(topic, 1)
        # The configuration is what a house mounts over the package's.
        config = chroot.root / "etc/foothold/foothold.yaml"
        config.write_text(config.read_text().replace("localhost:9092", broker.servers))
        config.chmod(0o644)
        run("/usr/bin/python3", ROOT / "deploy/examples/python/demo_producer.py", "--brokers", broker.servers,
            "--topic", "analytics.events", "--accounts", "20", "--hours", "300", "--rate", "0")
        read_only = [f"mount --bind {chroot.root} {chroot.root}",
                     *(f"mount -t tmpfs -o uid={user},gid={group} tmpfs {chroot.root}/{name}" for name in WRITABLE),
                     f"mount -o remount,bind,ro {chroot.root}"]
        said = open(chroot.root.parent / "image.log", "w+")
        process = subprocess.Popen(chroot.command(
            f"cd /; touch /usr/written 2>/dev/null && exit 99; export {environment}\n"
            f"exec setpriv --reuid {user} --regid {group} --clear-groups {' '.join(words)}", *read_only),
            stdout=said, stderr=said)
        address = f"127.0.0.1:{port}"
        await_true("it is ready", lambda: (fetch(f"http://{address}/readyz") or "").startswith("ready"))
        _, decisions = await_true("it decides", lambda: [
            line for line in (fetch(f"http://{address}/metrics") or "").splitlines()
            if re.match(r"foothold_journey_decisions_total\S+ [1-9]", line)])
        print(f"ready, and decides: {decisions[0]}")
        consumed = subprocess.run(["kcat", "-C", "-b", broker.servers, "-t", "activation.changed", "-o", "beginning",
                                   "-e", "-q", "-X", "isolation.level=read_committed"], capture_output=True, text=True)
        print(f"activation.changed: {len(consumed.stdout.splitlines())} records")
        assert consumed.stdout
    finally:
        if process is not None and process.poll() is None:
            # unshare's child is the first process of its namespace: all in it end with it.
            subprocess.run(["pkill", "-TERM", "-P", str(process.pid)], check=False)
            process.wait()
        broker.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--package", type=pathlib.Path)
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("image_in_chroot: needs root")
    work = given.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    first, last = stages()
    packages = given.package.absolute().parent if given.package else build(first, work)
    chroot = install(last, packages, work)
    try_it(last, chroot)
    if not given.keep:
        shutil.rmtree(work, ignore_errors=True)
    print("1 passed, 0 failed")


if __name__ == "__main__":
    main()
