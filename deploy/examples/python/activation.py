"""Keeps a table of who is activated, as activation.changed tells it, corrections included.

    activation.py --brokers HOST:9092 --group my-activation --database activation.db
"""

import argparse
import json

from reader import consume

SCHEMA = """
CREATE TABLE IF NOT EXISTS activation (subject TEXT PRIMARY KEY, state TEXT NOT NULL, class TEXT,
                                       activated_at TEXT, decided_by TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS celebrated (subject TEXT PRIMARY KEY);
"""
REACHED = ("activated", "activated_late")


def apply(database, record):
    """The newest record of a subject is its truth: a correction needs no more than any other."""
    value = record.value
    database.execute("INSERT OR REPLACE INTO activation VALUES (?, ?, ?, ?, ?)",
                     (record.subject, value["to"], value["class"], value["activatedAt"], record.id))
    # What is done once, and now: never for what lies long ago or was only decided anew.
    is_news = record.mode in ("live", "correction") and value["to"] in REACHED
    if is_news and value["scope"] == "user":
        database.execute("INSERT OR IGNORE INTO celebrated VALUES (?)", (record.subject,))
    # A correction may take it back.
    if value["to"] not in REACHED:
        database.execute("DELETE FROM celebrated WHERE subject = ?", (record.subject,))


def main():
    reader = consume("activation.changed", argparse.ArgumentParser(), apply, SCHEMA)
    rows = reader.database.execute("SELECT subject, state, class, activated_at FROM activation ORDER BY subject")
    celebrated = [row[0] for row in reader.database.execute("SELECT subject FROM celebrated ORDER BY subject")]
    print(json.dumps({
        "activation": {subject: {"state": state, "class": kind, "activatedAt": at}
                       for subject, state, kind, at in rows},
        "celebrated": celebrated,
        "counts": vars(reader.counts),
    }))


if __name__ == "__main__":
    main()
