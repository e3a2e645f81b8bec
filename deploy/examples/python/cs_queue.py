"""Keeps the list of open tasks of customer success, as interventions.cs asks for them and takes them back.

    cs_queue.py --brokers HOST:9092 --group my-cs-queue --database cs.db

A request is a task until somebody closes it, until its time has passed or until it is cancelled. What
became of a task goes back as an event (see `outcome`), so that Foothold can tell what helps.
"""

import argparse
import datetime
import json

from reader import consume

SCHEMA = """
CREATE TABLE IF NOT EXISTS task (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, subject TEXT NOT NULL,
                                 type TEXT, title TEXT, body TEXT, priority TEXT, due TEXT, expires TEXT,
                                 rule TEXT NOT NULL, state TEXT NOT NULL, why TEXT NOT NULL);
"""
REQUESTED = "foothold.intervention.requested.v1"
CANCELLED = "foothold.intervention.cancelled.v1"


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def make_apply(clock):
    def apply(database, record):
        value = record.value
        if record.type == REQUESTED:
            task = value["task"] or {}
            # Read late, it is of no use any more: kept, so that its cancellation finds it.
            state = "expired" if record.expires_at and record.expires_at <= clock() else "open"
            database.execute(
                "INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (record.id, value["tenantId"], record.subject, value["action"], task.get("subject"),
                 task.get("body"), str(value["priority"]), value["dueAt"], record.expires_at,
                 value["ladder"]["name"], state, value["reason"]))
        elif record.type == CANCELLED:
            database.execute("UPDATE task SET state = ?, why = ? WHERE id = ? AND state = 'open'",
                             (f"cancelled: {value['cause']}", value["reason"], value["interventionId"]))
        # Other types may be added: a reader passes over what it does not know.

    return apply


def outcome(task_id, tenant, did, at):
    """The event that tells Foothold what became of a task: to a topic of a source with `product: false`."""
    return {"type": "track", "event": "intervention.outcome", "messageId": f"{task_id}-outcome", "timestamp": at,
            "context": {"groupId": tenant}, "properties": {"interventionId": task_id, "outcome": did}}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--now", default=None, help="the time to judge expiry by, RFC 3339; default: the wall's")
    early, _ = parser.parse_known_args()
    reader = consume("interventions.cs", parser, make_apply(lambda: early.now or now()), SCHEMA)
    rows = reader.database.execute("SELECT tenant, subject, type, title, state, rule FROM task ORDER BY rowid")
    names = ("tenant", "subject", "type", "title", "state", "rule")
    print(json.dumps({"tasks": [dict(zip(names, row)) for row in rows], "counts": vars(reader.counts)}))


if __name__ == "__main__":
    main()
