"""deploy/examples against a real Kafka: `foothold run` decides, and each reader takes it as it should."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema
from confluent_kafka import Consumer, Producer

from broker import JARS, PATIENCE_S, Broker
from promql import ROOT

BINARY = os.environ["FOOTHOLD_BINARY"]
EXAMPLES = ROOT / "deploy" / "examples"
EVENTS = pathlib.Path(__file__).parent / "data" / "acme.ndjson"
SCHEMAS = ROOT / "proto" / "schemas"
ADA, BEN, CLEO = (f"account/acme/user/{name}" for name in ("ada", "ben", "cleo"))
TOPICS = ("activation.changed", "onboarding.progress", "dropoff.risk.changed", "interventions.email",
          "interventions.in_app", "interventions.cs", "interventions.log", "onboarding.user-status",
          "onboarding.account-status")

broker = None
folder = None


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


def setUpModule():
    global broker, folder
    folder = tempfile.TemporaryDirectory()
    broker = Broker()
    # One partition: in file mode one that never has a record would hold the clock to the end.
    broker.make_topic("analytics.events", 1)
    run("kcat", "-P", "-b", broker.servers, "-t", "analytics.events", "-p", 0, "-l", EVENTS)
    config = pathlib.Path(folder.name, "foothold.yaml")
    config.write_text(f"""
kafka: {{bootstrap.servers: "{broker.servers}"}}
sources: [{{name: product, topics: [analytics.events], preset: segment}}]
outputs: {{partitions: 2}}
journal: {{partitions: 2}}
people: {{partitions: 1}}
clock: {{idle: event}}
state: {{dir: "{folder.name}/state", memory: 32MiB, cache: 16MiB}}
http: {{listen: "127.0.0.1:0"}}
""")
    run(BINARY, "run", "-c", config, "--drain")


def tearDownModule():
    if broker is not None:
        broker.stop()
    folder.cleanup()


def records_of(topic):
    """All committed records of a topic: (partition, key, headers, value as bytes)."""
    consumer = Consumer({"bootstrap.servers": broker.servers, "group.id": f"test-{os.getpid()}-{topic}",
                         "auto.offset.reset": "earliest", "enable.partition.eof": True,
                         "enable.auto.commit": False})
    partitions = broker.admin.list_topics(topic, timeout=30).topics[topic].partitions
    consumer.subscribe([topic])
    found, ends = [], set()
    while ends != set(partitions):
        message = consumer.poll(1.0)
        if message is None:
            continue
        if message.error() is not None:
            ends.add(message.partition())
        else:
            found.append((message.partition(), message.key(), message.headers() or [], message.value()))
    consumer.close()
    return found


def header(record, name):
    return dict(record[2])[name].decode()


def write(topic, records, *, transaction=None):
    """Writes records as they are; `transaction`: commit or abort."""
    options = {"bootstrap.servers": broker.servers}
    if transaction:
        options["transactional.id"] = f"test-{transaction}-{os.getpid()}"
    producer = Producer(options)
    if transaction:
        producer.init_transactions(PATIENCE_S)
        producer.begin_transaction()
    for partition, key, headers, value in records:
        producer.produce(topic, partition=partition, key=key, headers=headers, value=value)
    producer.flush()
    if transaction == "abort":
        producer.abort_transaction(PATIENCE_S)
    elif transaction:
        producer.commit_transaction(PATIENCE_S)


def with_headers(record, **changed):
    headers = [(name, changed.get(name, value.decode()).encode()) for name, value in record[2]]
    return (record[0], record[1], headers, record[3])


def python(program, group, *more):
    done = run(sys.executable, EXAMPLES / "python" / program, "--brokers", broker.servers, "--group", group,
               "--database", f"{folder.name}/{group}.db", "--until-end", *more)
    return json.loads(done.stdout), done.stderr


def java(group):
    done = run("java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*",
               EXAMPLES / "java/ActivationReader.java", broker.servers, group, f"{folder.name}/{group}.json",
               "--until-end")
    return json.loads(done.stdout), done.stderr


class ExamplesTest(unittest.TestCase):
    """In the order of their names: the later ones add to the topics what no engine would write."""

    def test_1_every_record_and_every_example_fits_its_schema(self):
        schemas = {path.name.removesuffix(".schema.json"): json.loads(path.read_text())
                   for path in SCHEMAS.glob("*.schema.json")}
        kinds = set()
        for topic in TOPICS:
            for record in records_of(topic):
                kind = header(record, "ce_type").removeprefix("foothold.").removesuffix(".v1")
                name = next(name for name in schemas if name.replace("-", "_").endswith(kind.replace("-", "_")))
                self.assertEqual(header(record, "ce_dataschema"), schemas[name]["$id"])
                jsonschema.validate(json.loads(record[3]), schemas[name], jsonschema.Draft202012Validator)
                kinds.add(name)
        self.assertLessEqual({"activation.changed", "onboarding.progress", "onboarding.user-status",
                              "intervention.requested", "intervention.cancelled", "intervention.suppressed",
                              "intervention.outcome"}, kinds)
        examples = sorted((ROOT / "proto/examples").glob("*.json"))
        self.assertGreater(len(examples), 10)
        for path in examples:
            example = json.loads(path.read_text())
            name = max((name for name in schemas if path.name.startswith(name)), key=len)
            with self.subTest(path.name):
                jsonschema.validate(example["value"], schemas[name], jsonschema.Draft202012Validator)
                broken = {**example["value"], "tenantId": 7}
                with self.assertRaises(jsonschema.ValidationError):
                    jsonschema.validate(broken, schemas[name], jsonschema.Draft202012Validator)

    def test_2_the_activation_table_follows_corrections(self):
        told = [record for record in records_of("activation.changed") if header(record, "ce_subject") == ADA]
        self.assertEqual([json.loads(record[3])["to"] for record in told],
                         ["in_progress", "window_expired", "activated"])
        self.assertEqual(header(told[-1], "ce_fhmode"), "correction")
        self.assertEqual(json.loads(told[-1][3])["supersedes"], header(told[-2], "ce_id"))

        first, _ = python("activation.py", "activation")
        self.assertEqual(first["activation"][ADA],
                         {"state": "activated", "class": "organic", "activatedAt": "2026-03-04T11:00:00.000Z"})
        self.assertEqual(first["activation"][BEN]["state"], "activated")
        self.assertEqual(first["activation"][CLEO]["state"], "in_progress")
        self.assertEqual(first["activation"]["account/acme"]["state"], "activated")
        self.assertEqual(first["celebrated"], [ADA, BEN])
        self.assertEqual((first["counts"]["repeats"], first["counts"]["holes"]), (0, 0))
        self.assertGreater(first["counts"]["records"], 5)

        # Begun again, it goes on where it was.
        again, _ = python("activation.py", "activation")
        self.assertEqual(again["activation"], first["activation"])
        self.assertEqual(again["counts"], {"records": 0, "repeats": 0, "holes": 0})

        in_java, _ = java("in-java")
        self.assertEqual({subject: {name: state[name] for name in ("state", "class", "activatedAt")}
                          for subject, state in in_java["subjects"].items()}, first["activation"])
        self.assertEqual((in_java["repeats"], in_java["holes"]), (0, 0))

    def test_3_the_queue_of_tasks_takes_back_what_was_cancelled(self):
        in_time, _ = python("cs_queue.py", "cs", "--now", "2026-03-10T00:00:00.000Z")
        tasks = {(task["subject"], task["rule"]): task for task in in_time["tasks"]}
        self.assertEqual(tasks[(BEN, "never_logged_in")]["state"], "cancelled: condition_cleared")
        self.assertEqual(tasks[("account/acme", "invitees_inactive")]["state"], "open")
        self.assertTrue(all(task["title"] for task in in_time["tasks"]))
        # Read half a year later it is of no use any more.
        late, _ = python("cs_queue.py", "cs-late")
        self.assertEqual({task["state"] for task in late["tasks"]}, {"expired"})

    def test_4_what_became_of_a_task_is_taken_as_an_event(self):
        sys.path.insert(0, str(EXAMPLES / "python"))
        from cs_queue import outcome

        event = outcome("01KK8X6700ABCDEFGHJKMNPQRS", "acme", "done", "2026-03-21T10:00:00.000Z")
        done = run(BINARY, "replay", "--mapping", "segment", "-", input=EVENTS.read_text() + json.dumps(event) + "\n")
        self.assertIn('"topic":"onboarding.user-status"', done.stdout)
        self.assertNotIn('"topic":"onboarding.dead-letter"', done.stdout)

    def test_5_repeats_and_what_was_never_committed_change_nothing(self):
        before, _ = python("activation.py", "activation")
        java("in-java")
        told = records_of("activation.changed")
        ada = [record for record in told if header(record, "ce_subject") == ADA]
        bogus = json.loads(ada[-1][3])
        bogus["to"] = "window_expired"
        thrown_away = with_headers(ada[-1], ce_id="7ZZZZZZZZZZZZZZZZZZZZZZZZZ", ce_fhseq="4")
        write("activation.changed", [(*thrown_away[:3], json.dumps(bogus).encode())], transaction="abort")
        write("activation.changed", [ada[0], ada[-1]], transaction="commit")

        after, _ = python("activation.py", "activation")
        self.assertEqual(after["activation"], before["activation"])
        self.assertEqual(after["counts"], {"records": 0, "repeats": 2, "holes": 0})
        in_java, _ = java("in-java")
        self.assertEqual(in_java["subjects"][ADA]["state"], "activated")
        self.assertEqual((in_java["repeats"], in_java["holes"]), (2, 0))
        # Also where the ids have been forgotten: a database that knows the sequences alone.
        fresh, _ = python("activation.py", "fresh")
        self.assertEqual(fresh["activation"], before["activation"])
        self.assertEqual(fresh["counts"]["repeats"], 2)

    def test_6_a_hole_is_told(self):
        ada = [record for record in records_of("activation.changed") if header(record, "ce_subject") == ADA]
        write("activation.changed", [with_headers(ada[-1], ce_id="7ZZZZZZZZZZZZZZZZZZZZZZZZY", ce_fhseq="6")])

        told, words = python("activation.py", "activation")
        self.assertEqual(told["counts"], {"records": 1, "repeats": 0, "holes": 1})
        self.assertIn(f"{ADA}: 2 records of activation.changed are missing before number 6", words)
        in_java, words = java("in-java")
        self.assertEqual(in_java["holes"], 1)
        self.assertIn("2 records are missing before number 6", words)

    def test_7_the_demo_producer_sends_what_can_be_used(self):
        topic = broker.make_topic("demo.events", 3)
        said = run(sys.executable, EXAMPLES / "python" / "demo_producer.py", "--brokers", broker.servers,
                   "--topic", topic, "--accounts", 12, "--hours", 400, "--rate", 0).stdout
        events = run("kcat", "-C", "-b", broker.servers, "-t", topic, "-o", "beginning", "-e", "-q").stdout
        self.assertEqual(said, f"{len(events.splitlines())} events sent\n")
        told = [json.loads(line) for line in
                run(BINARY, "replay", "--mapping", "segment", "-", input=events).stdout.splitlines()]
        reached = [record for record in told if record["topic"] == "activation.changed" and
                   record["value"]["to"] == "activated"]
        self.assertGreater(len(reached), 3)
        self.assertFalse([record for record in told if record["topic"] == "onboarding.dead-letter"])


if __name__ == "__main__":
    unittest.main()
