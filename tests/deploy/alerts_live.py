#!/usr/bin/python3
"""Causes every alert of deploy/alerts once, on a real Kafka, and does what its page in the runbook says.

    FOOTHOLD_BINARY=build/release/src/app/foothold tests/deploy/alerts_live.py [ALERT...]

For each: what went wrong is done to a running house, the alert is awaited in a real Prometheus that has our
rules (live.py makes them quicker), the page's first look is taken, its remedy applied, and the alert is awaited
to go. Prints what was seen. Takes a quarter of an hour; needs what deploy/install-dependencies test installs
and, for the two of the disk, root. Not part of the test run.
"""

import inspect
import os
import re
import sys
import tempfile
import time

import live_stories
import live_stories_more
from broker import Broker
from live import Hands, Prometheus
from promql import ROOT
from waiting import await_true


class House:
    """What a story is told in."""

    def __init__(self, folder):
        self.folder = folder
        self.prometheus = Prometheus(folder)
        self.broker = Broker()
        self.hands = Hands(folder, self.broker.servers)
        self.running = []
        self.at_end = []
        self.seen = []

    def watch(self, instance, job=None):
        self.running.append(instance)
        self.prometheus.watch(instance.address, job or f"foothold-{instance.app}")
        return instance

    def fires(self, alert, job, patience_s=300):
        span, summaries = await_true(f"{alert} fires", lambda: self.prometheus.firing(alert, job), patience_s)
        self.say(f"{alert} fires after {span:.0f} s: {summaries[0]}")
        self.seen.append(alert)
        return summaries

    def ends(self, alert, job, patience_s=300):
        span, _ = await_true(f"{alert} ends", lambda: not self.prometheus.firing(alert, job), patience_s)
        self.say(f"{alert} has ended after {span:.0f} s")

    def look(self, command, expected, **names):
        """A command of the runbook, and what it has to show (a regular expression)."""
        said = self.hands.run(command, **names)
        if not re.search(expected, said, re.MULTILINE):
            raise AssertionError(f"$ {command}\n{said[-3000:]}\ndoes not show {expected!r}")
        line = next((line for line in said.splitlines() if re.search(expected, line)), said)
        self.say(f"$ {command}\n      {line.strip()[:150]}")
        return said

    def say(self, text):
        print(f"    {text}", flush=True)

    def clear(self):
        for do in reversed(self.at_end):
            do()
        for instance in self.running:
            self.prometheus.forget(instance.address)
            if instance.process is not None and instance.process.poll() is None:
                instance.process.kill()
                instance.process.wait()
        self.running, self.at_end = [], []

    def close(self):
        self.clear()
        self.prometheus.stop()
        self.broker.stop()


def alerts_of(story):
    return re.findall(r"Foothold\w+", inspect.getdoc(story).split(":")[0])


def main():
    wanted = set(sys.argv[1:])
    stories = []
    for module in (live_stories, live_stories_more):
        told = [story for name, story in inspect.getmembers(module, inspect.isfunction) if name.startswith("story_")]
        stories += sorted(told, key=lambda story: story.__code__.co_firstlineno)
    told = {alert for story in stories for alert in alerts_of(story)}
    all_alerts = set(re.findall(r"alert: (\w+)", (ROOT / "deploy/alerts/foothold.yaml").read_text()))
    failed = sorted((wanted or all_alerts) - told)
    for alert in failed:
        print(f"{alert}: no story causes it")
    passed = set()
    with tempfile.TemporaryDirectory() as folder:
        house = House(folder)
        try:
            for story in stories:
                if wanted and not wanted & set(alerts_of(story)):
                    continue
                print(inspect.getdoc(story), flush=True)
                begin = time.monotonic()
                house.seen = []
                try:
                    story(house)
                    missing = set(alerts_of(story)) - set(house.seen)
                    if missing:
                        raise AssertionError(f"did not fire: {missing}")
                    passed |= set(alerts_of(story))
                    print(f"  ok, {time.monotonic() - begin:.0f} s", flush=True)
                except Exception as error:  # The next story is worth telling all the same.
                    failed += alerts_of(story)
                    print(f"  FAILED: {error}", flush=True)
                    for instance in house.running:
                        print(f"  {instance.name}: " + "\n    ".join(instance.said().splitlines()[-12:]), flush=True)
                finally:
                    house.clear()
        finally:
            house.close()
    print(f"{len(passed)} passed, {len(set(failed))} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
