"""How each alert is caused and, by its page in deploy/runbook.md, mended. See alerts_live.py.

Of processes, commits and sources; live_stories_more.py has those of progress, product and room. A story's
first words name the alerts that it has to make fire.
"""

import pathlib
import re
import signal
import subprocess
import threading
import time

from confluent_kafka import Consumer, Producer

from live import BINARY, Feed, Instance
from waiting import await_true, fetch


def running(house, app, partitions=1, **changes):
    """An instance that has read something, its feed, and its job."""
    house.broker.make_topic(f"{app}-events", partitions)
    feed = Feed(house.broker.servers, f"{app}-events")
    feed.event("Signed Up", "ada", "acme", role="admin")
    feed.flush()
    instance = house.watch(Instance(house.folder, house.broker.servers, app, **changes))
    instance.start()
    await_true("a record is read", lambda: re.search(r"intake_records_total\S* [1-9]", instance.metrics()))
    await_true("Prometheus sees it", lambda: house.prometheus.value(f'up{{job="foothold-{app}"}}') == 1)
    return instance, feed, f"foothold-{app}"


class Flow:
    """Events, some tens a second, until it is left."""

    def __init__(self, feed, event="Dashboard Viewed"):
        self.feed, self.event = feed, event
        self.over = threading.Event()

    def __enter__(self):
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        return self

    def _run(self):
        while not self.over.wait(0.05):
            self.feed.event(self.event, "ada", "acme")

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()


def story_down(house):
    """FootholdDown: the process is killed."""
    instance, _, job = running(house, "down")
    instance.end(signal.SIGKILL)
    house.fires("FootholdDown", job)
    # As the page has it: what does the last line name? Here a setting, and starting again changes nothing.
    instance.config["kafka"]["no.such.property"] = 1
    instance.start(awaited=False)
    code = instance.process.wait()
    house.say(f"a wrong setting ends it with {code}: {instance.said().splitlines()[-1][:120]}")
    assert code == 78, code
    house.look(f"foothold validate -c {instance.file}", "no.such.property")
    del instance.config["kafka"]["no.such.property"]
    instance.start()
    house.ends("FootholdDown", job)


def story_restarts(house):
    """FootholdRestarts: two processes have one `instance`, and each is started again whenever it ends."""
    first, _, job = running(house, "twins")
    second = house.watch(Instance(house.folder, house.broker.servers, "twins"))
    over = threading.Event()

    def supervise(instance):
        while not over.is_set():
            if instance.process is None or instance.process.poll() is not None:
                instance.start(awaited=False)
            over.wait(0.2)

    keepers = [threading.Thread(target=supervise, args=[one]) for one in (first, second)]
    house.at_end.append(over.set)
    for keeper in keepers:
        keeper.start()
    house.fires("FootholdRestarts", job)
    over.set()
    for keeper in keepers:
        keeper.join()
    said = first.said() + second.said()
    fenced = re.search(r".*was fenced twice: another process runs as.*", said)
    assert fenced, said[-2000:]
    house.say(fenced[0][:150])
    for one in (first, second):
        one.end()
    second.config["instance"] = "twins-2"
    first.start()
    second.start()
    house.ends("FootholdRestarts", job)


def story_nobody_reads(house):
    """FootholdNobodyReads: another installation has the same `app` and holds every partition."""
    running(house, "shared")
    guest = house.watch(Instance(house.folder, house.broker.servers, "shared", instance="elsewhere"), "foothold-guest")
    guest.start(awaited=False)
    house.fires("FootholdNobodyReads", "foothold-guest")
    house.look("kafka-consumer-groups.sh --bootstrap-server $BROKERS --describe --members --group shared-journey",
               r"shared-journey +\S*shared-journey-shared-")
    house.look("kafka-consumer-groups.sh --bootstrap-server $BROKERS --describe --group shared-journey",
               r"shared-journal.*127\.0\.0\.1")
    guest.end()
    guest.config["app"] = "guest"
    guest.start()
    house.ends("FootholdNobodyReads", "foothold-guest")


def story_rebalance_storm(house):
    """FootholdRebalanceStorm: a member without a stable name comes and goes."""
    _, _, job = running(house, "storm", journal={"partitions": 2})
    over = threading.Event()

    def come_and_go():
        while not over.is_set():
            member = Consumer({"bootstrap.servers": house.broker.servers, "group.id": "storm-journey",
                               "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6000,
                               # Else its commits stand in for ours, and the journey refuses to go on.
                               "enable.auto.commit": False})
            has_come = threading.Event()
            member.subscribe(["storm-journal"], on_assign=lambda _, given: has_come.set() if given else None)
            while not has_come.is_set() and not over.is_set():
                member.poll(0.1)
            member.close()

    guest = threading.Thread(target=come_and_go)
    guest.start()
    house.at_end.append(over.set)
    house.fires("FootholdRebalanceStorm", job, 600)
    members = "kafka-consumer-groups.sh --bootstrap-server $BROKERS --describe --members --group storm-journey"
    # It is there now and then: without a GROUP-INSTANCE-ID.
    _, guest_seen = await_true("the guest is seen", lambda: re.search(
        r"storm-journey +rdkafka-\S+ +/127\.0\.0\.1", house.hands.run(members)))
    house.say(f"$ {members}\n      {guest_seen[0]}")
    over.set()
    guest.join()
    house.ends("FootholdRebalanceStorm", job, 600)


def story_mixed_versions(house):
    """FootholdMixedVersions: a rollout stops halfway."""
    first, _, job = running(house, "mixed", journal={"partitions": 2})
    revision = re.search(r'foothold_build_info{[^}]*revision="([^"]+)"', first.metrics())[1]
    other = pathlib.Path(house.folder, "foothold-of-yesterday")
    program = pathlib.Path(BINARY).read_bytes()
    assert revision.encode() in program
    other.write_bytes(program.replace(revision.encode(), revision[::-1].encode()))
    other.chmod(0o755)
    second = house.watch(Instance(house.folder, house.broker.servers, "mixed", instance="mixed-2", binary=str(other),
                                  journal={"partitions": 2}), job)
    second.start()
    house.fires("FootholdMixedVersions", job)
    builds = house.prometheus.value(f'count(count by (version, revision, instance) (foothold_build_info{{job="{job}"}}))')
    house.say(f"count by (version, revision, instance) (foothold_build_info): {builds:.0f} series")
    second.end()
    second.binary = BINARY
    second.start()
    house.ends("FootholdMixedVersions", job)


def story_clock_held(house):
    """FootholdClockHeld: a required source has never had a record."""
    house.broker.make_topic("held-crm", 1)
    sources = [{"name": "product", "topics": ["held-events"], "preset": "segment"},
               {"name": "crm", "topics": ["held-crm"], "preset": "segment"}]
    instance, _, job = running(house, "held", sources=sources)
    summary = house.fires("FootholdClockHeld", job)[0]
    assert "crm" in summary, summary
    house.look(f"curl -s {instance.address}/metrics | grep foothold_journey_clock_held_info", "crm")
    house.look(f"foothold top -c {instance.file} -n 1", "crm")
    house.look("kcat -C -b $BROKERS -t held-crm -p 0 -o -1 -e", "Reached end of topic held-crm")
    crm = Feed(house.broker.servers, "held-crm")
    crm.event("heartbeat", "system", "acme")
    crm.flush()
    house.ends("FootholdClockHeld", job)


def story_source_silent(house):
    """FootholdSourceSilent: a producer has ended, and a source has brought nothing for longer than it may."""
    sources = [{"name": "product", "topics": ["silent-events"], "preset": "segment", "silence_after": "1m"}]
    instance, feed, job = running(house, "silent", sources=sources)
    summary = house.fires("FootholdSourceSilent", job)[0]
    assert "product" in summary, summary
    house.look("kcat -C -b $BROKERS -t silent-events -o -1 -e -f '%T %p %o\\n'", r"^\d{13} 0 0")
    with Flow(feed, "heartbeat"):
        house.ends("FootholdSourceSilent", job)


def story_dead_letters(house):
    """FootholdDeadLetters: a producer sends calls that name no account."""
    instance, feed, job = running(house, "letters")
    over = time.monotonic() + 60
    while not house.prometheus.firing("FootholdDeadLetters", job) and time.monotonic() < over:
        feed.event("Dashboard Viewed", "ada", "acme")
        feed.raw('{"type":"track","userId":"ben","context":{"groupId":"acme"}}')
        time.sleep(0.05)
    feed.flush()
    house.fires("FootholdDeadLetters", job)
    reason = house.prometheus.ask(
        "query?query=topk(5, sum by (source, reason) (rate(foothold_intake_rejected_records_total[30s])))"
        .replace(" ", "%20"))["result"][0]["metric"]
    house.say(f"topk(5, ...): {reason}")
    said = house.look(f"foothold dlq list -c {instance.file} -n 20", "missing_event")
    place = re.search(r"\b0:\d+\b", said)[0]
    house.look(f"foothold dlq show -c {instance.file} {place}", "userId")
    # The mend: a mapping says where the field is. Its trial, the start, and the letters go back.
    instance.end()
    instance.config["sources"][0]["mapping"] = {"event": "const:Dashboard Viewed"}
    instance.start()
    house.look(f"foothold dlq requeue -c {instance.file} --reason missing_event", "--execute")
    house.look(f"foothold dlq requeue -c {instance.file} --reason missing_event --execute", r"\d+")
    house.ends("FootholdDeadLetters", job)


def story_waiting_room(house):
    """FootholdUnplacedRecords, FootholdWaitingRoomFull: calls name users who never get an account."""
    instance, feed, job = running(house, "rooms", people={"partitions": 1, "waiting": "1MiB"})
    over = time.monotonic() + 90
    while time.monotonic() < over and not (house.prometheus.firing("FootholdUnplacedRecords", job)
                                           and house.prometheus.firing("FootholdWaitingRoomFull", job)):
        for _ in range(200):
            feed.event("Dashboard Viewed", f"user-{feed.count}", None, text="x" * 1_000)
        feed.flush()
        time.sleep(0.5)
    house.fires("FootholdWaitingRoomFull", job)
    house.fires("FootholdUnplacedRecords", job)
    waiting = house.prometheus.value("sum(foothold_people_waiting_bytes)")
    house.say(f"sum(foothold_people_waiting_bytes): {waiting:.0f}")
    house.look(f"foothold dlq list -c {instance.file} --reason missing_tenant -n 5", "missing_tenant")
    house.ends("FootholdUnplacedRecords", job, 300)
    house.ends("FootholdWaitingRoomFull", job, 300)


def story_broker_stands_still(house):
    """FootholdTransactionOpen, FootholdLoopStandsStill: the broker takes calls and answers none."""
    instance, feed, job = running(house, "still")
    with Flow(feed):
        await_true("it commits", lambda: house.prometheus.value(
            f'min(rate(foothold_worker_commit_duration_seconds_count{{job="{job}",stage!="people"}}[5s]))'))
        broker = house.broker.process
        house.at_end.append(lambda: broker.send_signal(signal.SIGCONT))
        broker.send_signal(signal.SIGSTOP)
        house.fires("FootholdTransactionOpen", job)
        house.fires("FootholdLoopStandsStill", job)
        house.say(f"/livez: {(fetch(f'http://{instance.address}/livez') or 'does not answer').strip()[:150]}")
        broker.send_signal(signal.SIGCONT)
        house.look("kafka-broker-api-versions.sh --bootstrap-server $BROKERS", "ApiVersions|Produce")
        if instance.process.poll() is not None:
            house.say(f"it had ended with {instance.process.returncode}; started again")
            instance.start()
        house.look("kafka-transactions.sh --bootstrap-server $BROKERS list", "still-(intake|journey)-still-0")
        house.ends("FootholdTransactionOpen", job)
        house.ends("FootholdLoopStandsStill", job)


def story_commits_slow(house):
    """FootholdCommitsSlow: the broker stops for three seconds again and again."""
    _, feed, job = running(house, "slow")
    broker = house.broker.process
    over = threading.Event()

    def stutter():
        while not over.is_set():
            broker.send_signal(signal.SIGSTOP)
            over.wait(3)
            broker.send_signal(signal.SIGCONT)
            over.wait(1)

    thread = threading.Thread(target=stutter)
    house.at_end += [lambda: broker.send_signal(signal.SIGCONT), over.set]
    with Flow(feed):
        thread.start()
        house.fires("FootholdCommitsSlow", job)
        over.set()
        thread.join()
        written = house.prometheus.value("histogram_quantile(0.5, sum by (le) (rate("
                                         f'foothold_worker_transaction_partitions_bucket{{job="{job}"}}[1m])))')
        house.say(f"a transaction writes {written:.0f} partitions in the median")
        house.ends("FootholdCommitsSlow", job)


def story_commits_fail(house):
    """FootholdCommitsFail: the broker's disk stalls for longer than a message may take, again and again."""
    instance, feed, job = running(house, "stalls", session_timeout="45s")
    broker = house.broker.process
    over = threading.Event()

    def stall():
        while not over.is_set():
            broker.send_signal(signal.SIGSTOP)
            over.wait(13)  # transaction.timeout.ms is 10 s.
            broker.send_signal(signal.SIGCONT)
            over.wait(4)

    thread = threading.Thread(target=stall)
    house.at_end += [lambda: broker.send_signal(signal.SIGCONT), over.set]
    with Flow(feed):
        thread.start()
        house.fires("FootholdCommitsFail", job, 600)
        over.set()
        thread.join()
        said = [line for line in instance.said().splitlines() if re.search("transaction", line, re.I)]
        house.say(f"the log: {said[-1][:250]}")
        house.look("kafka-topics.sh --bootstrap-server $BROKERS --describe --under-min-isr-partitions", "^$")
        if instance.process.poll() is not None:
            house.say(f"it had ended with {instance.process.returncode}; started again")
            instance.start()
        house.ends("FootholdCommitsFail", job, 400)


def hanging_transaction(house, topic):
    """A transaction on partition 0 of a topic that somebody has left open; ends with the story."""
    writer = Producer({"bootstrap.servers": house.broker.servers, "transactional.id": f"left-open-{topic}",
                       "transaction.timeout.ms": 900_000})
    writer.init_transactions(30)
    writer.begin_transaction()
    offsets = []
    writer.produce(topic, b"", b"", partition=0, on_delivery=lambda error, message: offsets.append(message.offset()))
    while not offsets:
        writer.poll(0.1)
    house.at_end.append(lambda: writer)  # Kept: a producer that goes would end its transaction.
    return offsets[0]


def story_nothing_committed(house):
    """FootholdNothingCommitted: a transaction that nobody ends holds the readers of the journal back."""
    instance, feed, job = running(house, "open")
    offset = hanging_transaction(house, "open-journal")
    with Flow(feed):
        house.fires("FootholdNothingCommitted", job)
        house.look(f"curl -s {instance.address}/readyz", ".")
        house.look("kafka-transactions.sh --bootstrap-server $BROKERS list", r"left-open-open-journal.*Ongoing")
        house.look("kafka-transactions.sh --bootstrap-server $BROKERS describe-producers --topic open-journal --partition 0",
                   rf"\b{offset}\b")
        house.hands.run("kafka-transactions.sh --bootstrap-server $BROKERS abort --topic open-journal --partition 0 "
                        f"--start-offset {offset}")
        house.ends("FootholdNothingCommitted", job)


def story_restore_stuck(house):
    """FootholdRestoreStuck: the volume is lost while a transaction on the changelog hangs."""
    instance, feed, job = running(house, "stuck")
    offset = hanging_transaction(house, "stuck-state-changelog")
    for step in ("Dashboard Viewed", "Dashboard Created", "Report Exported"):
        feed.event(step, "ada", "acme")
    feed.flush()
    await_true("they are decided", lambda: re.search(r'stimuli_total{[^}]*"event"[^}]*} [4-9]', instance.metrics()))
    instance.end(signal.SIGKILL)
    subprocess.run(["rm", "-rf", instance.config["state"]["dir"]], check=True)
    instance.start(awaited=False)
    house.fires("FootholdRestoreStuck", job)
    house.look(f"curl -s {instance.address}/metrics | grep restor", "foothold_journey_restore_records")
    house.look("kafka-transactions.sh --bootstrap-server $BROKERS list", r"left-open-stuck-state-changelog.*Ongoing")
    house.hands.run("kafka-transactions.sh --bootstrap-server $BROKERS abort --topic stuck-state-changelog --partition 0 "
                    f"--start-offset {offset}")
    house.ends("FootholdRestoreStuck", job)
    if instance.process.poll() is not None:  # After 30 s it says so and ends; systemd starts it again.
        house.say(re.search(r"a transaction hangs: .{60}", instance.said())[0])
        instance.start(awaited=False)
    await_true("it is ready", instance.is_ready)
