"""Reads a topic of Foothold so that every record has its effect once, whatever happens.

What a reader must know (see ../../integrate.md):
  - It reads committed transactions only; librdkafka's default, said here all the same.
  - A record may come again: after a restart of this reader, or because the protocol could not exclude
    it. It then has the same ce_id.
  - ce_fhseq counts the records of a subject in a topic from 1, without a gap. A jump is a hole: records
    that were removed, or that somebody filtered away.
  - ce_fhmode says how to take a record: `correction` replaces the one named in `supersedes`, `redecided`
    comes of a new playbook, `backfill` tells of what happened long ago, `live` of now.

The effect, the id, the sequence and the place in the topic are written in one transaction of SQLite.
Where your effect lies in a database of your own, keep the three tables there.
"""

import dataclasses
import json
import sqlite3
import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

# Ids that are remembered: repeats come within seconds, or with a restart of this reader.
SEEN_MAX = 100_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS sequence (topic TEXT, subject TEXT, last INTEGER NOT NULL, id TEXT NOT NULL,
                                     PRIMARY KEY (topic, subject));
CREATE TABLE IF NOT EXISTS place (topic TEXT, partition INTEGER, next INTEGER NOT NULL,
                                  PRIMARY KEY (topic, partition));
"""


@dataclasses.dataclass
class Record:
    """One record: its headers as text, its value as JSON."""

    id: str
    type: str  # foothold.activation.changed.v1, ...
    subject: str  # account/<tenant> or account/<tenant>/user/<user>, percent-encoded.
    sequence: int
    mode: str
    expires_at: str  # RFC 3339 in UTC; empty if it does not expire.
    value: dict


@dataclasses.dataclass
class Counts:
    records: int = 0
    repeats: int = 0
    holes: int = 0


def decode(message):
    headers = {name: (value or b"").decode() for name, value in message.headers() or []}
    return Record(
        id=headers["ce_id"],
        type=headers["ce_type"],
        subject=headers["ce_subject"],
        sequence=int(headers["ce_fhseq"]),
        mode=headers["ce_fhmode"],
        expires_at=headers.get("ce_expirytime", ""),
        value=json.loads(message.value()),
    )


class Reader:
    """`apply(database, record)` has the effect; it is called once for each record, in order."""

    def __init__(self, topic, group, brokers, database, apply, properties=None):
        self.topic = topic
        self.apply = apply
        self.counts = Counts()
        self.database = sqlite3.connect(database, isolation_level=None)
        self.database.executescript(SCHEMA)
        self.at_end = set()
        self.assigned = set()
        self.consumer = Consumer({
            "bootstrap.servers": brokers,
            "group.id": group,
            "isolation.level": "read_committed",
            # The place is kept beside the effect; the group only shares the partitions out.
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "earliest",
            **(properties or {}),
        })

    def _on_assign(self, consumer, partitions):
        for partition in partitions:
            row = self.database.execute("SELECT next FROM place WHERE topic = ? AND partition = ?",
                                        (partition.topic, partition.partition)).fetchone()
            partition.offset = row[0] if row else OFFSET_BEGINNING
        self.assigned = {partition.partition for partition in partitions}
        self.at_end.clear()
        consumer.assign(partitions)

    def run(self, until_end=False):
        """Reads for ever, or to the ends as they are when they are met."""
        self.consumer.subscribe([self.topic], on_assign=self._on_assign)
        try:
            while not (until_end and self.assigned and self.at_end == self.assigned):
                message = self.consumer.poll(1.0)
                if message is None:
                    continue
                if message.error() is None:
                    self.take(message)
                elif message.error().code() == KafkaError._PARTITION_EOF:
                    self.at_end.add(message.partition())
                elif message.error().fatal() or not message.error().retriable():
                    raise KafkaException(message.error())
        finally:
            self.consumer.close()

    def take(self, message):
        """One record, in one transaction of the database."""
        self.at_end.discard(message.partition())
        record = decode(message)
        self.database.execute("BEGIN IMMEDIATE")
        try:
            if self._is_new(record):
                self.apply(self.database, record)
                self.counts.records += 1
            else:
                self.counts.repeats += 1
            self.database.execute("INSERT OR REPLACE INTO place VALUES (?, ?, ?)",
                                  (message.topic(), message.partition(), message.offset() + 1))
            self.database.execute("COMMIT")
        except BaseException:
            self.database.execute("ROLLBACK")
            raise

    def _is_new(self, record):
        if self.database.execute("SELECT 1 FROM seen WHERE id = ?", (record.id,)).fetchone():
            return False
        last, last_id = self.database.execute("SELECT last, id FROM sequence WHERE topic = ? AND subject = ?",
                                              (self.topic, record.subject)).fetchone() or (0, "")
        # A first one that was decided later than the last: the subject was erased and has begun anew.
        # (An id begins with its decision's time and sorts by it.)
        is_anew = record.sequence == 1 and record.id > last_id
        if record.sequence <= last and not is_anew:
            return False  # A repeat whose id has been forgotten.
        if last > 0 and record.sequence > last + 1:
            self.counts.holes += 1
            print(f"{record.subject}: {record.sequence - last - 1} records of {self.topic} are missing "
                  f"before number {record.sequence}; its status topic says how things are now", file=sys.stderr)
        self.database.execute("INSERT OR REPLACE INTO sequence VALUES (?, ?, ?, ?)",
                              (self.topic, record.subject, record.sequence, record.id))
        self.database.execute("INSERT INTO seen (id) VALUES (?)", (record.id,))
        self.database.execute("DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ?", (SEEN_MAX,))
        return True


def consume(topic, parser, apply, schema):
    """The main of both examples; returns the reader after --until-end."""
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", default=topic)
    parser.add_argument("--group", required=True)
    parser.add_argument("--database", required=True, help="a file of SQLite")
    parser.add_argument("--until-end", action="store_true", help="stop when all is read")
    given = parser.parse_args()
    reader = Reader(given.topic, given.group, given.brokers, given.database, apply)
    reader.database.executescript(schema)
    reader.run(until_end=given.until_end)
    return reader
