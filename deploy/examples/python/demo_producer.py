"""Sends the events of a small simulated product to a topic, as an analytics pipeline would.

    demo_producer.py --brokers HOST:9092 --topic analytics.events [--accounts 40] [--hours 720] [--rate 60]

Each account signs up, connects, invites and works, or does not. The last `--hours` are sent at once, as
history; then it goes on, an hour of the product's life a minute, until it is stopped. With --rate 0 it
ends after the history. Records are keyed by user, not by account, as most pipelines do.
"""

import argparse
import datetime
import json
import random
import time

from confluent_kafka import Producer

ROLES = ("analyst", "analyst", "operator", "viewer")


def iso(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


class Company:
    """One customer: what its people do, hour by hour."""

    def __init__(self, number, born, chance):
        self.tenant = f"t{number:03d}"
        self.born = born
        self.chance = chance
        self.vigour = chance.random()
        self.people = [("admin", f"{self.tenant}-admin")]
        self.people += [(chance.choice(ROLES), f"{self.tenant}-u{i}") for i in range(chance.randint(1, 7))]

    def event(self, at, user, name, **properties):
        return {"type": "track", "event": name, "userId": user, "messageId": f"{user}-{name}-{at.timestamp():.0f}",
                "timestamp": iso(at), "context": {"groupId": self.tenant}, "properties": properties}

    def during(self, hour, at):
        """The events of the hour of its life that begins there, stamped with `at`."""
        age = int((hour - self.born).total_seconds() // 3600)
        admin = self.people[0][1]
        if age == 0:
            yield self.event(at, admin, "Signed Up", role="admin", email=f"{admin}@example.com")
        if age == 1:
            for role, user in self.people[1:]:
                yield self.event(at, admin, "User Invited", inviteeId=user, role=role,
                                 inviteeEmail=f"{user}@example.com")
        if age == 20 and self.vigour > 0.3:
            yield self.event(at, admin, "Integration Connected", integration="crm")
        if age < 2 or not 8 <= hour.hour < 18:
            return
        for role, user in self.people:
            if self.chance.random() < 0.12 * self.vigour:
                yield self.event(at, user, "User Logged In")
                yield from self.work(at + datetime.timedelta(seconds=2), role, user)

    def work(self, at, role, user):
        number = self.chance.randint(1, 4)
        if role == "analyst":
            yield self.event(at, user, "Dashboard Created", dashboardId=f"{user}-d{number}")
            if self.chance.random() < 0.5:
                yield self.event(at + datetime.timedelta(seconds=4), user, "Report Exported")
        elif role == "operator":
            yield self.event(at, user, "Record Submitted")
        else:
            yield self.event(at, user, "Dashboard Viewed", dashboardId=f"{self.tenant}-d{number}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--brokers", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--accounts", type=int, default=40)
    parser.add_argument("--hours", type=int, default=720)
    parser.add_argument("--rate", type=float, default=60, help="hours of life an hour after the history; 0: it ends")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()

    chance = random.Random(given.seed)
    producer = Producer({"bootstrap.servers": given.brokers, "enable.idempotence": True, "linger.ms": 20})
    failures = []
    end = datetime.datetime.now(datetime.timezone.utc).replace(minute=0, second=0, microsecond=0)
    begin = end - datetime.timedelta(hours=given.hours)
    # Half of them are there when the history ends.
    companies = [Company(i, begin + datetime.timedelta(hours=chance.randrange(2 * given.hours)), chance)
                 for i in range(given.accounts)]

    def send(event):
        producer.produce(given.topic, key=event["userId"], value=json.dumps(event),
                         on_delivery=lambda error, _: failures.append(error) if error else None)
        producer.poll(0)

    sent = 0
    hour = begin
    while hour < end or given.rate > 0:
        at = hour + datetime.timedelta(seconds=chance.randint(0, 3500))
        if hour >= end:
            producer.flush()
            time.sleep(3600 / given.rate)
            at = datetime.datetime.now(datetime.timezone.utc)
        for company in companies:
            for event in company.during(hour, at) if hour >= company.born else ():
                send(event)
                sent += 1
        hour += datetime.timedelta(hours=1)
    producer.flush()
    if failures:
        raise SystemExit(f"{len(failures)} of {sent} records were not taken: {failures[0]}")
    print(f"{sent} events sent")


if __name__ == "__main__":
    main()
