"""The pages of deploy/ tell the truth: commands that they show are run, files that they name are there.

A block ```console is run line by line: what follows `$ `, in a folder with the page's own files (blocks
below <!-- file: NAME -->), against a real Kafka. A line without `$ ` must stand in what the command
before it printed.
"""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.request

from confluent_kafka import Consumer

from broker import JARS, PASSWORD, Broker
from promql import ROOT

BINARY = os.environ["FOOTHOLD_BINARY"]
DEPLOY = ROOT / "deploy"
PAGES = ("README.md", "operate.md", "integrate.md", "runbook.md")
EVENTS = pathlib.Path(__file__).parent / "data" / "acme.ndjson"
KAFKA_SCRIPTS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}
# Of Kafka, named in the runbook for hands, not run here.
OTHER_SCRIPTS = {"kafka-configs.sh", "kafka-transactions.sh", "kafka-broker-api-versions.sh",
                 "kafka-console-consumer.sh"}


def page(name):
    return (DEPLOY / name).read_text()


def files_of(text):
    """Name -> content of the blocks that are files."""
    return {name: body for name, body in
            re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", text, re.DOTALL)}


def sessions_of(text):
    """(section, [(command, [expected lines])]) of each console block."""
    section = ""
    for heading, block in re.findall(r"^## ([^\n]+)$|^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        section = heading or section
        steps = []
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
        if steps:
            yield section, steps


class Session:
    """A folder with a page's files and a PATH on which foothold and Kafka's scripts are."""

    def __init__(self, text, folder, servers):
        self.folder = pathlib.Path(folder)
        self.servers = servers
        tools = self.folder / "tools"
        tools.mkdir()
        (tools / "foothold").symlink_to(os.path.abspath(BINARY))
        for name, program in KAFKA_SCRIPTS.items():
            script = tools / name
            script.write_text("#!/bin/sh\nexec java -Xmx256m -XX:TieredStopAtLevel=1 "
                              f"-cp '{JARS}/*' {program} \"$@\"\n")
            script.chmod(0o755)
        for name, body in files_of(text).items():
            (self.folder / name).write_text(body.replace("localhost:9092", servers)
                                            .replace("/var/lib/foothold", f"{folder}/state"))
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "BROKERS": servers}

    def run(self, command):
        return subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)


class DocsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()

    @classmethod
    def tearDownClass(cls):
        cls.broker.stop()

    def play(self, session, section, steps):
        for command, expected in steps:
            with self.subTest(f"{section}: {command}"):
                done = session.run(command)
                self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr[-2000:])
                for line in expected:
                    self.assertIn(line.strip(), done.stdout + done.stderr)

    def test_integrate(self):
        with tempfile.TemporaryDirectory() as folder:
            text = page("integrate.md")
            session = Session(text, folder, self.broker.servers)
            played = list(sessions_of(text))
            self.assertGreaterEqual(len(played), 2)
            for section, steps in played:
                self.play(session, section, steps)

    def test_operate(self):
        with tempfile.TemporaryDirectory() as folder:
            text = page("operate.md")
            session = Session(text, folder, self.broker.servers)
            sections = []
            for section, steps in sessions_of(text):
                if section == "Every day":
                    self.run_with_the_rights_of_the_page(session)
                self.play(session, section, steps)
                sections.append(section)
            self.assertEqual(sections, ["Install", "Rights", "Every day", "Looking closer"])

    def run_with_the_rights_of_the_page(self, session):
        """The service decides as the user to whom the section before has given rights, and no others."""
        subprocess.run(["kcat", "-P", "-b", self.broker.servers, "-t", "analytics.events", "-l", EVENTS], check=True)
        config = session.folder / "run.yaml"
        config.write_text((session.folder / "foothold.yaml").read_text()
                          .replace(f"bootstrap.servers: {self.broker.servers}",
                                   f"bootstrap.servers: {self.broker.sasl_servers}\n"
                                   "  security.protocol: SASL_PLAINTEXT\n  sasl.mechanisms: PLAIN\n"
                                   f"  sasl.username: foothold\n  sasl.password: {PASSWORD}")
                          + 'clock: {idle: event}\nhttp: {listen: "127.0.0.1:0"}\n')
        done = session.run("foothold run -c run.yaml --drain")
        self.assertEqual(done.returncode, 0, done.stderr[-3000:])
        self.assertNotIn(PASSWORD, done.stdout + done.stderr)


def size_of(folder, pattern):
    return sum(path.stat().st_size for path in pathlib.Path(folder).glob(pattern))


class SizingTest(unittest.TestCase):
    """The bounds of operate.md, Sizing, against a run."""

    def bounds(self):
        table = page("operate.md").split("## Sizing")[1]
        rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \| [^|]+ \|$", table, re.MULTILINE))
        memory = int(re.match(r"(\d+) MiB", rows["memory of an instance"])[1]) << 20
        subject = int(re.match(r"(\d+) KiB", rows["state on disk"])[1]) << 10
        journal = float(re.match(r"([\d.]+) times", rows["journal topic"])[1])
        outputs = float(re.match(r"([\d.]+) times", rows["output topics"])[1])
        self.assertEqual(rows["changelog topic"], rows["state on disk"])
        return memory, subject, journal, outputs

    def test_a_run_stays_within_the_formulae(self):
        memory_max, subject_max, journal_max, outputs_max = self.bounds()
        broker = Broker()
        try:
            with tempfile.TemporaryDirectory() as folder:
                metrics = self.measure(broker, folder)
                on_disk = size_of(folder, "state/**/*.sst")
                subjects, state = self.state_of(broker)
                topics = {name: len(topic.partitions) for name, topic in
                          broker.admin.list_topics(timeout=30).topics.items() if not name.startswith("__")}
                sizes = {name: size_of(broker.folder, f"data/{name}-*/*.log") for name in topics}
        finally:
            broker.stop()
        caches = (32 + 16) << 20
        self.assertGreater(metrics["foothold_intake_records_total"], 5_000)
        self.assertGreater(subjects, 500)
        self.assertLess(metrics["foothold_process_resident_bytes"], caches + memory_max)
        self.assertLess(state / subjects, subject_max)
        # A bound that nothing comes near says nothing.
        self.assertGreater(state / subjects, subject_max / 8)
        ratio = metrics["foothold_intake_journal_bytes_total"] / metrics["foothold_intake_bytes_total"]
        self.assertLess(ratio, journal_max)
        self.assertGreater(ratio, journal_max / 8)
        self.assertLess(on_disk / subjects, subject_max)
        # What the broker holds: compressed, and of the changelog what compaction has not yet taken.
        events = sizes.pop("analytics.events")
        ours = {name: size for name, size in sizes.items() if name.startswith("foothold-")}
        self.assertLess(ours["foothold-journal"] / events, journal_max)
        self.assertLess(ours["foothold-state-changelog"] / subjects, subject_max)
        outputs = sum(sizes[name] for name in sizes if name not in ours)
        self.assertLess(outputs / events, outputs_max)
        self.assertGreater(outputs / events, outputs_max / 8)
        del topics["analytics.events"]
        self.assertEqual(sum(topics.values()), 2 * 2 + 2 * 1 + 10 * 4 + 1, topics)

    def test_the_partitions_of_the_defaults_add_up(self):
        defaults = (DEPLOY / "foothold.yaml").read_text()
        journal, people, outputs = (int(re.search(rf"^{key}:.*?\bpartitions: (\d+)", defaults, re.M | re.S)[1])
                                    for key in ("journal", "people", "outputs"))
        self.assertIn(f"| partitions in Kafka | {2 * journal + 2 * people + 10 * outputs + 1} |", page("operate.md"))

    def measure(self, broker, folder):
        """The last page of metrics of a run that drains some thousand events."""
        broker.make_topic("analytics.events", 1)
        subprocess.run(["/usr/bin/python3", DEPLOY / "examples/python/demo_producer.py",
                        "--brokers", broker.servers, "--topic", "analytics.events",
                        "--accounts", "300", "--hours", "500", "--rate", "0"], check=True)
        config = pathlib.Path(folder, "foothold.yaml")
        config.write_text(f"""
kafka: {{bootstrap.servers: "{broker.servers}"}}
sources: [{{name: product, topics: [analytics.events], preset: segment}}]
journal: {{partitions: 2}}
people: {{partitions: 1}}
clock: {{idle: event}}
state: {{dir: "{folder}/state", memory: 32MiB, cache: 16MiB}}
http: {{listen: "127.0.0.1:0"}}
""")
        log = pathlib.Path(folder, "log")
        with open(log, "w") as errors:
            process = subprocess.Popen([BINARY, "run", "-c", config, "--drain"], stderr=errors)
        text = ""
        while process.poll() is None:
            port = re.search(r'http="port (\d+)', log.read_text())
            if port is None:
                continue
            try:
                text = urllib.request.urlopen(f"http://127.0.0.1:{port[1]}/metrics", timeout=30).read().decode()
            except OSError:
                continue
        self.assertEqual(process.returncode, 0, log.read_text()[-3000:])
        totals = {}
        for name, value in re.findall(r"^(foothold_\w+)(?:\{[^}]*\})? (\S+)$", text, re.MULTILINE):
            totals[name] = totals.get(name, 0) + float(value)
        return totals

    def state_of(self, broker):
        """(subjects, bytes of their state): what the changelog and the status topics are after compaction."""
        def last_values(topic):
            consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": f"sizing-{topic}",
                                 "auto.offset.reset": "earliest", "enable.partition.eof": True})
            partitions = set(broker.admin.list_topics(topic, timeout=30).topics[topic].partitions)
            consumer.subscribe([topic])
            values, ends = {}, set()
            while ends != partitions:
                message = consumer.poll(1.0)
                if message is not None and message.error() is not None:
                    ends.add(message.partition())
                elif message is not None:
                    values[(message.partition(), message.key())] = message.value()
            consumer.close()
            return {key: value for key, value in values.items() if value is not None}

        subjects = len(last_values("onboarding.user-status")) + len(last_values("onboarding.account-status"))
        state = last_values("foothold-state-changelog")
        return subjects, sum(len(key[1]) + len(value) for key, value in state.items())


class PagesTest(unittest.TestCase):
    def commands(self):
        listed = subprocess.run([BINARY, "--help"], capture_output=True, text=True, check=True).stdout
        return set(re.findall(r"^  ([a-z]+)  ", listed, re.MULTILINE))

    def test_every_command_named_exists(self):
        known = self.commands()
        self.assertIn("run", known)
        for name in PAGES:
            code = "\n".join(re.findall(r"`([^`\n]+)`", page(name)) +
                             re.findall(r"^(?:\$ )?(foothold .*)$", page(name), re.MULTILINE))
            for word in set(re.findall(r"(?:^|[^-/\w.])foothold ([a-z]+)\b", code)):
                with self.subTest(f"{name}: foothold {word}"):
                    self.assertIn(word, known)

    def test_every_option_named_exists(self):
        for name in PAGES:
            called = re.findall(r"(?:^|[^-/\w.])foothold ([a-z]+)([^`\n|#]*)", page(name), re.MULTILINE)
            for command, rest in set(called):
                if command not in self.commands():
                    continue
                for option in re.findall(r" (--[a-z][a-z-]+)", rest.split(",")[0]):
                    help_text = subprocess.run([BINARY, command, "--help"], capture_output=True, text=True).stdout
                    with self.subTest(f"{name}: foothold {command} {option}"):
                        self.assertIn(option, help_text)

    def test_every_link_and_file_named_is_there(self):
        for name in PAGES:
            for target, anchor in re.findall(r"\]\(([^)#\s]*)(#[\w-]+)?\)", page(name)):
                with self.subTest(f"{name}: {target}{anchor}"):
                    path = DEPLOY / target if target else DEPLOY / name
                    self.assertTrue(path.exists())
                    if anchor:
                        headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
                        anchors = [re.sub(r"[^\w -]", "", words).lower().replace(" ", "-") for words in headings]
                        self.assertIn(anchor[1:], anchors)
            folders = "deploy|proto|src|tests|examples|kubernetes|alerts|grafana|benchmarks"
            for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", page(name)):
                with self.subTest(f"{name}: {path}"):
                    self.assertTrue((ROOT / path).exists() or (DEPLOY / path).exists(), path)

    def test_every_script_of_kafka_is_one(self):
        for name in PAGES:
            for script in set(re.findall(r"\b(kafka-[a-z-]+\.sh)", page(name))):
                self.assertIn(script, set(KAFKA_SCRIPTS) | OTHER_SCRIPTS)

    def test_every_block_of_json_and_every_configuration_is_right(self):
        for name in PAGES:
            for kind, block in re.findall(r"^```(json|yaml)\n(.*?)^```", page(name), re.MULTILINE | re.DOTALL):
                with self.subTest(f"{name}: {block[:60]}"):
                    if kind == "json":
                        for line in block.splitlines():
                            json.loads(line)
                    elif "playbook:" not in block:
                        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
                            file.write(block if "kafka:" in block else "kafka: {bootstrap.servers: a}\n" + block)
                            file.flush()
                            done = subprocess.run([BINARY, "validate", "-c", file.name], capture_output=True, text=True)
                            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
