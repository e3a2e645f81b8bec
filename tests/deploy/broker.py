"""A real Kafka for a test: one node, on free ports of the loopback, in a fresh folder, ended by its pid.

The jars lie where tests/kafka/fetch puts them. Whoever gives no name may do everything; the user
foothold, over SASL, may do what ACLs allow it.
"""

import os
import pathlib
import random
import shutil
import socket
import subprocess
import tempfile
import time

from confluent_kafka.admin import AdminClient, NewTopic

from promql import ROOT

CACHE = pathlib.Path(os.environ.get("FOOTHOLD_CACHE", ROOT / ".cache"))
VERSION = "4.3.1"
JARS = CACHE / "kafka" / VERSION / "lib"
PATIENCE_S = 600
# Of the user foothold.
PASSWORD = "a-password-of-tests"

PROPERTIES = """
node.id=1
process.roles=broker,controller
listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SASL_PLAINTEXT://127.0.0.1:{sasl}
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_PLAINTEXT:SASL_PLAINTEXT
sasl.enabled.mechanisms=PLAIN
listener.name.sasl_plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule \
  required user_foothold="{password}";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
log.cleaner.dedupe.buffer.size=4000000
"""


def free_port():
    # Below the kernel's own range: nobody is given the port while the broker starts.
    while True:
        port = random.SystemRandom().randint(20_000, 31_999)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Broker:
    def __init__(self):
        self.process = None
        self.folder = tempfile.mkdtemp()
        self._start()
        self.admin = AdminClient({"bootstrap.servers": self.servers})

    def _start(self):
        port, sasl, controller = free_port(), free_port(), free_port()
        properties = pathlib.Path(self.folder, "server.properties")
        properties.write_text(PROPERTIES.format(port=port, sasl=sasl, controller=controller,
                                                folder=self.folder, password=PASSWORD))
        java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*"]
        log_path = pathlib.Path(self.folder, "broker.log")
        with open(log_path, "w") as log:
            subprocess.run([*java, "kafka.tools.StorageTool", "format", "--standalone", "-t",
                            "Zm9vdGhvbGQtdGVzdHMtMQ", "-c", properties], stdout=log, stderr=log, check=True)
            self.process = subprocess.Popen([*java, "kafka.Kafka", properties], stdout=log, stderr=log)
        deadline = time.monotonic() + PATIENCE_S
        while "Kafka Server started" not in log_path.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop(keep=True)
                raise AssertionError(f"Kafka did not start:\n{log_path.read_text()[-4000:]}")
            time.sleep(0.05)
        self.servers = f"127.0.0.1:{port}"
        self.sasl_servers = f"127.0.0.1:{sasl}"

    def make_topic(self, name, partitions):
        self.admin.create_topics([NewTopic(name, partitions, 1)])[name].result(PATIENCE_S)
        while True:  # A broker may answer before it has heard of the topic itself.
            topic = self.admin.list_topics(timeout=30).topics.get(name)
            if topic is not None and len(topic.partitions) >= partitions:
                return name

    def stop(self, keep=False):
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if not keep:
            shutil.rmtree(self.folder, ignore_errors=True)
