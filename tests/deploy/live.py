"""A house in which alerts can be caused: instances of `foothold run`, a real Prometheus with our rules, hands.

The rules are those of deploy/alerts, with `for` and the ranges of their expressions made shorter by one
factor, so that what takes a quarter of an hour takes seconds; bounds and everything else stay. Instances are
told to Prometheus as a house tells them: by job and address.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time
import urllib.parse

import yaml
from confluent_kafka import Producer

from broker import JARS, free_port
from promql import ROOT
from waiting import await_true, fetch

BINARY = os.path.abspath(os.environ["FOOTHOLD_BINARY"])
SHORTER = 30
# Of those that need more time, or can be had for less only.
SHORTER_OF = {"FootholdCommitsFail": 4, "FootholdRebalanceStorm": 6, "FootholdLag": 150, "FootholdTimersLate": 300}
SHORTEST_S = 5  # A range needs a few samples, of which there is one a second.
UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400}
KAFKA_SCRIPTS = {
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-consumer-groups.sh": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
    "kafka-transactions.sh": "org.apache.kafka.tools.TransactionsCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
}


def shorter(span, factor, least_s):
    number, unit = re.fullmatch(r"(\d+)([smhd])", span).groups()
    return f"{max(least_s, round(int(number) * UNIT_S[unit] / factor))}s"


def shorter_rules():
    """The text of the rules, made quicker."""
    rules = yaml.safe_load((ROOT / "deploy/alerts/foothold.yaml").read_text())
    for rule in (rule for group in rules["groups"] for rule in group["rules"]):
        factor = SHORTER_OF.get(rule["alert"], SHORTER)
        if "for" in rule:
            rule["for"] = shorter(rule["for"], factor, 1)
        rule["expr"] = re.sub(r"(\[|offset )(\d+[smhd])\b", lambda of: of[1] + shorter(of[2], factor, SHORTEST_S),
                              rule["expr"])
    return yaml.safe_dump(rules, sort_keys=False)


class Prometheus:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder, "prometheus")
        self.folder.mkdir()
        self.targets = {}
        (self.folder / "rules.yaml").write_text(shorter_rules())
        (self.folder / "prometheus.yaml").write_text("""
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [rules.yaml]
scrape_configs:
  - job_name: any
    file_sd_configs: [{files: [targets.json], refresh_interval: 1s}]
""")
        self._tell()
        self.port = free_port()
        with open(self.folder / "log", "w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.folder}/prometheus.yaml", "--log.level=warn",
                 f"--storage.tsdb.path={self.folder}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log)
        await_true("Prometheus answers", lambda: fetch(f"http://127.0.0.1:{self.port}/-/ready"))

    def _tell(self):
        jobs = [{"targets": [address], "labels": {"job": job}} for address, job in self.targets.items()]
        new = self.folder / "targets.new"
        new.write_text(json.dumps(jobs))
        new.rename(self.folder / "targets.json")

    def watch(self, address, job):
        self.targets[address] = job
        self._tell()

    def forget(self, address):
        self.targets.pop(address, None)
        self._tell()

    def ask(self, what):
        return json.loads(fetch(f"http://127.0.0.1:{self.port}/api/v1/{what}") or '{"data": {}}')["data"]

    def value(self, query):
        """Of the first series; None without one."""
        found = self.ask("query?" + urllib.parse.urlencode({"query": query})).get("result", [])
        return float(found[0]["value"][1]) if found else None

    def firing(self, alert, job):
        """The summaries of the alert that fire for a job."""
        return [found["annotations"]["summary"] for found in self.ask("alerts").get("alerts", [])
                if found["labels"]["alertname"] == alert and found["state"] == "firing"
                and found["labels"].get("job") == job]

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Instance:
    """One `foothold run` with a configuration of its own."""

    def __init__(self, folder, servers, app, **changes):
        self.app = app
        self.name = changes.get("instance", app)
        self.folder = pathlib.Path(folder, f"{app}-{self.name}-{free_port()}")
        self.folder.mkdir()
        self.address = f"127.0.0.1:{free_port()}"
        self.binary = changes.pop("binary", BINARY)
        config = {
            "app": app, "instance": self.name,
            "kafka": {"bootstrap.servers": servers},
            "sources": [{"name": "product", "topics": [f"{app}-events"], "preset": "segment"}],
            "outputs": {"partitions": 1, **{name: {"topic": f"{app}.{name}"} for name in
                        ("activation", "risk", "progress", "interventions_email", "interventions_in_app",
                         "interventions_cs", "interventions_log", "user_status", "account_status", "dead_letter")}},
            "journal": {"partitions": 1}, "people": {"partitions": 1},
            "state": {"dir": str(self.folder / "state"), "memory": "32MiB", "cache": "16MiB"},
            "http": {"listen": self.address}, "session_timeout": "6s"}
        config.update(changes)
        self.config = config
        self.file = self.folder / "foothold.yaml"
        self.log = self.folder / "log"
        self.process = None

    def start(self, awaited=True):
        self.file.write_text(yaml.safe_dump(self.config))
        with open(self.log, "a") as log:
            self.process = subprocess.Popen([self.binary, "run", "-c", self.file], stdout=log, stderr=log)
        if awaited:
            await_true(f"{self.name} is ready: {self.log.read_text()[-2000:]}", self.is_ready)
        return self

    def is_ready(self):
        return "ready" == (fetch(f"http://{self.address}/readyz") or "").strip().split("\n")[0]

    def end(self, how=signal.SIGTERM):
        """As systemd or a kernel would; the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def metrics(self):
        return fetch(f"http://{self.address}/metrics") or ""

    def said(self):
        return self.log.read_text()


class Hands:
    """A shell with what the runbook's commands need."""

    def __init__(self, folder, servers):
        tools = pathlib.Path(folder, "tools")
        tools.mkdir(exist_ok=True)
        (tools / "foothold").unlink(missing_ok=True)
        (tools / "foothold").symlink_to(BINARY)
        for name, program in KAFKA_SCRIPTS.items():
            script = tools / name
            script.write_text("#!/bin/sh\nexec java -Xmx256m -XX:TieredStopAtLevel=1 "
                              f"-cp '{JARS}/*' {program} \"$@\"\n")
            script.chmod(0o755)
        self.folder = folder
        self.environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "BROKERS": servers}
        self.environment.pop("FOOTHOLD_CACHE", None)

    def run(self, command, **names):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, capture_output=True, text=True,
                              env={**self.environment, **names}, stdin=subprocess.DEVNULL, timeout=300)
        return done.stdout + done.stderr


class Feed:
    """Segment calls into a topic."""

    def __init__(self, servers, topic):
        self.topic = topic
        self.count = 0
        self.producer = Producer({"bootstrap.servers": servers, "linger.ms": 5, "queue.buffering.max.messages": 2_000_000,
                                  "message.timeout.ms": 600_000})

    def raw(self, value, key=None, timestamp_ms=0):
        self.count += 1
        self.producer.produce(self.topic, value, key, timestamp=timestamp_ms)
        self.producer.poll(0)

    def event(self, event, user, account, at=None, timestamp_ms=0, **properties):
        at = time.time() if at is None else at
        call = {"type": "track", "event": event, "userId": user, "messageId": f"{self.topic}-{self.count}",
                "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at)), "properties": properties}
        if account is not None:
            call["context"] = {"groupId": account}
        self.raw(json.dumps(call), user, timestamp_ms)

    def group(self, account, user, **traits):
        self.raw(json.dumps({"type": "group", "groupId": account, "userId": user, "traits": traits,
                             "messageId": f"{self.topic}-{self.count}",
                             "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}), user)

    def flush(self):
        self.producer.flush(60)


def free_bytes(folder):
    return shutil.disk_usage(folder).free
