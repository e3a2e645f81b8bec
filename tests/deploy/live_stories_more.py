"""The alerts of progress, product and room, caused and mended. See live_stories.py."""

import os
import pathlib
import subprocess
import time

from live import Feed, Instance, free_bytes
from live_stories import Flow, running
from waiting import await_true

SEGMENTS = 250  # More than a family of metrics has room for.


def story_lag(house):
    """FootholdLag: a backlog of an hour is read."""
    house.broker.make_topic("lag-events", 1)
    feed = Feed(house.broker.servers, "lag-events")
    begin = time.time() - 3600
    for i in range(200_000):
        feed.event("Dashboard Viewed", f"user-{i % 500}", f"account-{i % 50}", begin + i / 100, int(1000 * begin) + 10 * i)
    feed.flush()
    instance = house.watch(Instance(house.folder, house.broker.servers, "lag"))
    instance.start(awaited=False)
    house.fires("FootholdLag", "foothold-lag")
    house.say(f"records a second: {house.prometheus.value('sum(rate(foothold_intake_records_total[5s]))'):.0f}, "
              f"cores: {house.prometheus.value('sum(rate(foothold_process_cpu_seconds_total[5s]))'):.1f}")
    house.look(f"foothold top -c {instance.file} -n 1", "lag-events|lag-journal")
    # The remedy that is no work: wait.
    house.ends("FootholdLag", "foothold-lag", 600)


def story_timers_late(house):
    """FootholdTimersLate: after an outage of three weeks the timers of 30,000 people come due at once."""
    house.broker.make_topic("timers-events", 1)
    feed = Feed(house.broker.servers, "timers-events")
    begin = time.time() - 21 * 86400
    for i in range(30_000):
        feed.event("Signed Up", f"user-{i}", f"account-{i % 3000}", begin + i / 100, role="admin")
    feed.event("heartbeat", "system", "acme")
    feed.flush()
    instance = house.watch(Instance(house.folder, house.broker.servers, "timers"))
    instance.start(awaited=False)
    house.fires("FootholdTimersLate", "foothold-timers", 400)
    _, rate = await_true("they fire", lambda: house.prometheus.value(
        'sum(rate(foothold_journey_timers_fired_total{job="foothold-timers"}[30s]))'))
    house.say(f"{rate:.0f} fire a second: wait")
    house.ends("FootholdTimersLate", "foothold-timers", 600)


def story_no_decisions(house):
    """FootholdNoDecisions: a producer has renamed its events, and the playbook knows nothing of it."""
    house.broker.make_topic("renamed-events", 1)
    feed = Feed(house.broker.servers, "renamed-events")
    instance = house.watch(Instance(house.folder, house.broker.servers, "renamed"))
    instance.start()
    calls = pathlib.Path(house.folder, "sample.ndjson")
    for i in range(1_500):
        feed.event("board.opened.v2", f"user-{i % 30}", "acme")
        if i % 100 == 0:
            time.sleep(0.5)  # Prometheus has to see it rise.
    feed.flush()
    house.fires("FootholdNoDecisions", "foothold-renamed")
    house.hands.run(f"kcat -C -b $BROKERS -t renamed-events -o -20 -e -q >{calls}")
    house.look(f"foothold playbook show -c {instance.file}", "playbook: default")
    playbook = pathlib.Path(house.folder, "renamed.yaml")
    playbook.write_text("extends: default\nplaybook: renamed\nversion: 2\ndefault_role: analyst\n"
                        "events:\n  dashboard.viewed: [Board Opened v2]\n")
    house.look(f"foothold validate {playbook} --seen-in {calls} --mapping segment", "dashboard.created|never|seen")
    house.look(f"foothold playbook publish -c {instance.file} {playbook}", "--execute")
    house.look(f"foothold playbook publish -c {instance.file} {playbook} --execute", "renamed@2|published|written")
    house.look(f"foothold playbook history -c {instance.file}", "renamed@2")
    feed.event("board.opened.v2", "user-31", "acme")
    feed.flush()
    house.ends("FootholdNoDecisions", "foothold-renamed")


def story_event_quiet(house):
    """FootholdEventQuiet: a release has lost an event that the playbook rests on."""
    quarter, day = 6 * 3600, 86400
    # Volumes are judged whenever a quarter of a day has passed; the last that the clock can pass by now.
    last = (time.time() - 1800) // quarter * quarter
    quiet_from = last - quarter - day
    house.broker.make_topic("quiet-events", 1)
    feed = Feed(house.broker.servers, "quiet-events")

    def tell(begin, end, every, *events):
        for at in range(int(begin), int(end), every):
            for event in events:
                feed.event(event, f"user-{at % 7}", "acme", at, 1000 * at)
        feed.flush()

    tell(quiet_from - 8 * day, quiet_from, 900, "Dashboard Viewed", "Session Started")
    tell(quiet_from, last - 3600, 900, "Session Started")
    instance = house.watch(Instance(house.folder, house.broker.servers, "quiet"))
    instance.start()
    summary = house.fires("FootholdEventQuiet", "foothold-quiet")[0]
    assert "dashboard.viewed" in summary, summary
    house.look("kcat -C -b $BROKERS -t quiet-events -o s@$(date -d yesterday +%s000) -e -q | grep -ic dashboard.viewed",
               "^0$")
    house.look("kcat -C -b $BROKERS -t quiet-events -o beginning -e -q | grep -ic dashboard.viewed", "^[1-9]")
    house.look(f"foothold explain -c {instance.file} acme user-0", "measurement incomplete: .*dashboard.viewed")
    # The event is repaired: a tenth of a day's in the last hour is enough.
    tell(last - 3600, last + 1200, 180, "Dashboard Viewed", "Session Started")
    house.ends("FootholdEventQuiet", "foothold-quiet")


def story_breaker(house):
    """FootholdBreaker: after a bad release every export fails, and a rule asks for all of them."""
    playbook = pathlib.Path(house.folder, "breaker.yaml")
    playbook.write_text("extends: default\nplaybook: breaker\nversion: 1\n"
                        "gate: {quiet_hours: none, breaker: {above: 1x of the last 7 days, of: 1h, at_least: 3}}\n")
    instance, feed, job = running(house, "breaker", playbook=str(playbook))
    for i in range(30):
        feed.event("Signed Up", f"user-{i}", f"account-{i}", role="analyst")
    for i in range(30):
        feed.event("Report Export Failed", f"user-{i}", f"account-{i}")
    feed.flush()
    with Flow(feed, "heartbeat"):
        house.fires("FootholdBreaker", job)
        house.look(f"foothold rules list -c {instance.file}", "export_failed")
        house.look(f"foothold tap -c {instance.file} --rule export_failed --from earliest -n 1", "export_failed")
        house.look(f"foothold playbook history -c {instance.file}", "breaker@1")
        house.look(f"foothold rules pause -c {instance.file} export_failed --execute", "export_failed")
        house.ends("FootholdBreaker", job)
        house.look(f"foothold rules resume -c {instance.file} export_failed --execute", "export_failed")


def story_disk(house):
    """FootholdDiskFilling, FootholdDiskFull: something else fills the disk with the state."""
    house.broker.make_topic("disk-events", 1)
    instance = house.watch(Instance(house.folder, house.broker.servers, "disk"))
    state = instance.config["state"]["dir"]
    os.mkdir(state)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", state], check=True)
    # Before the process is gone, so lazily.
    house.at_end.append(lambda: subprocess.run(["umount", "--lazy", state], check=True))
    instance.start()
    dump = pathlib.Path(state, "somebody.dump")

    def leave_free(share):
        dump.write_bytes(b"")
        dump.write_bytes(b"x" * int(free_bytes(state) - share * (64 << 20)))

    leave_free(0.10)
    house.fires("FootholdDiskFilling", "foothold-disk")
    house.say("ours: %.0f bytes" % house.prometheus.value(
        'sum(foothold_journey_state_bytes{job="foothold-disk"}) + sum(foothold_people_state_bytes{job="foothold-disk"})'))
    house.look(f"du -sm {state}/*", r"^5\d\s+.*somebody.dump")
    leave_free(0.03)
    house.fires("FootholdDiskFull", "foothold-disk")
    dump.unlink()
    house.ends("FootholdDiskFull", "foothold-disk")
    house.ends("FootholdDiskFilling", "foothold-disk")


def story_labels(house):
    """FootholdLabelsRefused: a segment holds free text."""
    _, feed, job = running(house, "labels")
    for i in range(SEGMENTS):
        user, account = f"user-{i}", f"account-{i}"
        feed.group(account, user, segment=f"a text of its own {i}")
        for event in ("Signed Up", "Dashboard Created", "Report Exported"):
            feed.event(event, user, account, role="analyst")
        if i % 25 == 0:
            time.sleep(0.5)  # Prometheus has to see it rise.
    feed.flush()
    house.fires("FootholdLabelsRefused", job)
    family = house.prometheus.ask("query?query=topk(1,foothold_metrics_refused_total)")["result"][0]["metric"]["family"]
    house.say(f"the family: {family}; its segments: "
              f"{house.prometheus.value(f'count(count by (segment) ({family}_count))'):.0f}")
    house.ends("FootholdLabelsRefused", job, 240)
