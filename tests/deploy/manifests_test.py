"""The Dockerfile, compose.yaml and the Kubernetes manifests fit their schemas, and each other.

There is no container engine here: that the image builds is not shown by this. What is: that the
package it installs builds and lives on a bare Debian (package_test.py), and that every file, port,
name and configuration the manifests speak of exists.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

from promql import ROOT

BINARY = os.environ["FOOTHOLD_BINARY"]
CACHE = pathlib.Path(os.environ.get("FOOTHOLD_CACHE", ROOT / ".cache"))
KUBERNETES = ROOT / "deploy" / "kubernetes"
COMPOSE = ROOT / "deploy" / "compose"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
# The oldest and the newest one that the manifests are meant for.
KUBERNETES_VERSIONS = ("1.27.0", "1.37.0")
# Not Kubernetes' own kinds: kustomize's and the Prometheus operator's.
FOREIGN_KINDS = {"Kustomization", "PodMonitor"}
# Number in the Dockerfile and everywhere.
USER = 10001


def manifests():
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted(KUBERNETES.glob("*.yaml"))}


def validate(text):
    """What `foothold validate` says against a configuration; '' if it takes it."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "foothold.yaml")
        file.write_text(text)
        done = subprocess.run([BINARY, "validate", "-c", file], capture_output=True, text=True)
        return "" if done.returncode == 0 else done.stdout + done.stderr


def effective(text):
    """A configuration as the program sees it."""
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "foothold.yaml")
        file.write_text(text)
        done = subprocess.run([BINARY, "config", "-c", file], capture_output=True, text=True, check=True)
        return yaml.safe_load(done.stdout)


class KubernetesTest(unittest.TestCase):
    def validate(self, version, *paths):
        return subprocess.run([CACHE / "python/bin/kubernetes-validate", "--strict", "-k", version, *paths],
                              capture_output=True, text=True)

    def test_each_fits_the_schema_of_its_kind(self):
        own = [KUBERNETES / name for name, manifest in manifests().items() if manifest["kind"] not in FOREIGN_KINDS]
        self.assertGreater(len(own), 5)
        for version in KUBERNETES_VERSIONS:
            with self.subTest(version):
                done = self.validate(version, *own)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_word_out_of_place_is_found(self):
        text = (KUBERNETES / "statefulset.yaml").read_text()
        self.assertIn("podManagementPolicy:", text)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text.replace("podManagementPolicy:", "podManagmentPolicy:"))
            file.flush()
            self.assertNotEqual(self.validate(KUBERNETES_VERSIONS[-1], file.name).returncode, 0)

    def test_the_pod_monitor_has_what_the_operator_asks_for(self):
        monitor = manifests()["podmonitor.yaml"]
        self.assertEqual(monitor["apiVersion"], "monitoring.coreos.com/v1")
        self.assertLessEqual(set(monitor["spec"]), {"jobLabel", "selector", "podMetricsEndpoints", "namespaceSelector"})
        for endpoint in monitor["spec"]["podMetricsEndpoints"]:
            self.assertLessEqual(set(endpoint), {"port", "path", "interval", "scrapeTimeout"})
        # The alerts look for jobs by this name.
        labels = manifests()["statefulset.yaml"]["spec"]["template"]["metadata"]["labels"]
        self.assertIn("foothold", labels[monitor["spec"]["jobLabel"]])

    def test_kustomize_is_given_every_file(self):
        listed = manifests()["kustomization.yaml"]["resources"]
        self.assertEqual(set(listed) | {"kustomization.yaml"}, set(manifests()))
        namespaces = {manifest["metadata"].get("namespace", "foothold") for name, manifest in manifests().items()
                      if name != "kustomization.yaml"}
        self.assertEqual(namespaces, {manifests()["kustomization.yaml"]["namespace"]})

    def test_selectors_ports_and_volumes_meet(self):
        all_of_them = manifests()
        pod = all_of_them["statefulset.yaml"]["spec"]["template"]
        labels = pod["metadata"]["labels"].items()
        for selector in (all_of_them["statefulset.yaml"]["spec"]["selector"]["matchLabels"],
                         all_of_them["service.yaml"]["spec"]["selector"],
                         all_of_them["poddisruptionbudget.yaml"]["spec"]["selector"]["matchLabels"],
                         all_of_them["networkpolicy.yaml"]["spec"]["podSelector"]["matchLabels"],
                         all_of_them["podmonitor.yaml"]["spec"]["selector"]["matchLabels"]):
            self.assertTrue(selector)
            self.assertLessEqual(selector.items(), labels)
        container = pod["spec"]["containers"][0]
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        self.assertIn(f"EXPOSE {ports['http']}", DOCKERFILE.read_text())
        self.assertIn(f"0.0.0.0:{ports['http']}", container["args"])
        self.assertEqual(all_of_them["service.yaml"]["spec"]["ports"][0]["targetPort"], "http")
        self.assertEqual(all_of_them["podmonitor.yaml"]["spec"]["podMetricsEndpoints"][0]["port"], "http")
        self.assertEqual(all_of_them["networkpolicy.yaml"]["spec"]["ingress"][0]["ports"][0]["port"], "http")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            self.assertEqual(container[probe]["httpGet"]["port"], "http")
        statefulset = all_of_them["statefulset.yaml"]["spec"]
        claims = {claim["metadata"]["name"] for claim in statefulset["volumeClaimTemplates"]}
        volumes = {volume["name"] for volume in pod["spec"]["volumes"]} | claims
        self.assertEqual({mount["name"] for mount in container["volumeMounts"]}, volumes)
        names = {name: manifest["metadata"]["name"] for name, manifest in all_of_them.items()
                 if "metadata" in manifest}
        self.assertEqual(pod["spec"]["volumes"][0]["configMap"]["name"], names["configmap.yaml"])
        self.assertEqual(statefulset["serviceName"], names["service.yaml"])
        self.assertEqual(pod["spec"]["serviceAccountName"], names["serviceaccount.yaml"])

    def test_the_configuration_is_right_and_fits_the_pod(self):
        text = manifests()["configmap.yaml"]["data"]["foothold.yaml"]
        self.assertEqual(validate(text), "")
        config = effective(text)
        statefulset = manifests()["statefulset.yaml"]["spec"]
        container = statefulset["template"]["spec"]["containers"][0]
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        self.assertIn(config["state"]["dir"], mounts)
        self.assertIn(os.path.dirname(container["args"][container["args"].index("--config") + 1]), mounts)
        # With a name of its own for each pod, and no more pods than there is work for.
        self.assertIsNone(config["instance"])
        self.assertLessEqual(statefulset["replicas"] * config["journey"]["workers"], config["journal"]["partitions"])
        mebibytes = {"MiB": 1, "GiB": 1024, "Mi": 1, "Gi": 1024}

        def size(text):
            number, unit = re.fullmatch(r"(\d+)\s*(\w+)", str(text)).groups()
            return int(number) * mebibytes[unit]

        caches = size(config["state"]["memory"]) + size(config["state"]["cache"]) + size(config["people"]["waiting"])
        self.assertLessEqual(caches + 256, size(container["resources"]["limits"]["memory"]))

    def test_it_runs_as_nobody_in_particular_on_a_file_system_it_cannot_write(self):
        pod = manifests()["statefulset.yaml"]["spec"]["template"]["spec"]
        self.assertEqual((pod["securityContext"]["runAsUser"], pod["securityContext"]["runAsGroup"]), (USER, USER))
        self.assertTrue(pod["securityContext"]["runAsNonRoot"])
        self.assertFalse(pod["automountServiceAccountToken"])
        context = pod["containers"][0]["securityContext"]
        self.assertTrue(context["readOnlyRootFilesystem"])
        self.assertFalse(context["allowPrivilegeEscalation"])
        self.assertEqual(context["capabilities"], {"drop": ["ALL"]})


class ComposeTest(unittest.TestCase):
    def setUp(self):
        self.compose = yaml.safe_load((COMPOSE / "compose.yaml").read_text())

    def test_services_know_each_other_and_every_file_is_there(self):
        services = self.compose["services"]
        self.assertEqual(set(services), {"kafka", "topics", "producer", "foothold", "prometheus", "grafana"})
        for name, service in services.items():
            with self.subTest(name):
                self.assertTrue(("image" in service) != ("build" in service))
                needed = service.get("depends_on", [])
                self.assertLessEqual(set(needed), set(services))
                for other, how in needed.items() if isinstance(needed, dict) else []:
                    if how["condition"] == "service_healthy":
                        self.assertIn("healthcheck", services[other])
                if "image" in service:
                    # Of a version, never of whatever is newest.
                    self.assertRegex(service["image"], r":v?\d+\.\d+\.\d+$")
                else:
                    context = COMPOSE / service["build"]["context"]
                    self.assertTrue((context / service["build"].get("dockerfile", "Dockerfile")).is_file())
                for volume in service.get("volumes", []):
                    source = volume.split(":")[0]
                    if source.startswith("."):
                        self.assertTrue((COMPOSE / source).exists(), source)
                    else:
                        self.assertIn(source, self.compose["volumes"])
                for port in service.get("ports", []):
                    self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_the_configuration_is_right_and_reads_what_is_produced(self):
        text = (COMPOSE / "foothold.yaml").read_text()
        self.assertEqual(validate(text), "")
        topics = yaml.safe_load(text)["sources"][0]["topics"]
        command = self.compose["services"]["producer"]["command"]
        self.assertEqual([command[command.index("--topic") + 1]], topics)
        self.assertIn(f"--topic={topics[0]}", self.compose["services"]["topics"]["command"])

    def test_prometheus_takes_its_configuration(self):
        with tempfile.TemporaryDirectory() as folder:
            text = (COMPOSE / "prometheus.yaml").read_text()
            rules = yaml.safe_load(text)["rule_files"]
            mounted = [volume.split(":")[1] for volume in self.compose["services"]["prometheus"]["volumes"]]
            self.assertLessEqual(set(rules), set(mounted))
            file = pathlib.Path(folder, "prometheus.yaml")
            file.write_text(text.replace(rules[0], str(ROOT / "deploy/alerts/foothold.yaml")))
            done = subprocess.run(["promtool", "check", "config", file], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        job = yaml.safe_load(text)["scrape_configs"][0]
        self.assertEqual(job["job_name"], "foothold")
        self.assertIn("foothold:9464", job["static_configs"][0]["targets"])

    def test_grafana_finds_the_dashboards(self):
        mounted = {pathlib.PurePath(volume.split(":")[1]) for volume in self.compose["services"]["grafana"]["volumes"]}
        provider = yaml.safe_load((ROOT / "deploy/grafana/provisioning/dashboards/foothold.yaml").read_text())
        folder = pathlib.PurePath(provider["providers"][0]["options"]["path"])
        for board in (ROOT / "deploy/grafana").glob("*.json"):
            json.loads(board.read_text())
            self.assertIn(folder / board.name, mounted)


class DockerfileTest(unittest.TestCase):
    def setUp(self):
        text = re.sub(r"^\s*#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE)
        self.lines = re.sub(r"\\\n\s*", "", text).strip().splitlines()

    def words(self, instruction):
        return [line.split(None, 1)[1] for line in self.lines if line.startswith(instruction + " ")]

    def test_two_stages_and_a_number_for_the_user(self):
        self.assertEqual([line.split(" AS ")[0] for line in self.words("FROM")], ["debian:trixie-slim"] * 2)
        self.assertEqual(self.words("USER"), [f"{USER}:{USER}"])
        last_stage = self.lines[[i for i, line in enumerate(self.lines) if line.startswith("FROM")][-1]:]
        self.assertTrue(any(line.startswith("USER") for line in last_stage))

    def test_what_linters_ask_for(self):
        for run in self.words("RUN"):
            with self.subTest(run):
                self.assertNotIn("sudo", run)
                if "apt-get install" in run:
                    self.assertIn("apt-get update", run)
                    self.assertIn("--yes", run)
                    self.assertIn("--no-install-recommends", run)
                if "apt-get" in run or "install-dependencies" in run:
                    self.assertIn("rm -rf /var/lib/apt/lists/*", run)
        self.assertFalse(self.words("ADD") + self.words("MAINTAINER"))
        for exec_form in self.words("ENTRYPOINT") + self.words("CMD"):
            self.assertIsInstance(json.loads(exec_form), list)

    def test_what_it_copies_and_calls_is_there(self):
        for copy in self.words("COPY"):
            self.assertTrue((ROOT / copy.split()[0]).exists(), copy)
        self.assertIn("deploy/packages/build --out /packages", self.words("RUN"))
        groups = subprocess.run([ROOT / "deploy/install-dependencies", "--help"], capture_output=True, text=True)
        self.assertIn("[package]", groups.stdout)
        ignored = (ROOT / ".dockerignore").read_text().split()
        self.assertIn("build", ignored)


if __name__ == "__main__":
    unittest.main()
