"""deploy/alerts: each alert fires when it should, is explained in the runbook and names what exists."""

import pathlib
import re
import subprocess
import tempfile
import unittest

import yaml

import promql
from promql import ROOT

ALERTS = ROOT / "deploy" / "alerts"
RULES = ALERTS / "foothold.yaml"
CASES = ALERTS / "foothold_test.yaml"
RUNBOOK = ROOT / "deploy" / "runbook.md"
SEVERITIES = {"page", "ticket", "info"}


def alerts():
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def sections(text):
    """Heading -> the section's text."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def commands_named(text):
    """The words behind `foothold` where it is called in code."""
    code = re.findall(r"`([^`]+)`", text) + re.findall(r"^(?:\$ )?(foothold .*)$", text, re.MULTILINE)
    return {word for piece in code for word in re.findall(r"\bfoothold ([a-z]+)\b", piece)}


class AlertsTest(unittest.TestCase):
    def test_prometheus_takes_the_rules(self):
        done = subprocess.run(["promtool", "check", "rules", RULES], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_case_holds(self):
        done = subprocess.run(["promtool", "test", "rules", CASES], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_each_alert_has_a_case_in_which_it_fires_and_one_in_which_it_must_not(self):
        fires, silent = set(), set()
        for case in yaml.safe_load(CASES.read_text())["tests"]:
            for check in case["alert_rule_test"]:
                (fires if check["exp_alerts"] else silent).add(check["alertname"])
        names = {alert["alert"] for alert in alerts()}
        self.assertGreater(len(names), 15)
        self.assertEqual(fires, names)
        self.assertEqual(silent, names)

    def test_rules_that_never_fire_are_noticed_by_the_cases(self):
        text = yaml.safe_load(RULES.read_text())
        for group in text["groups"]:
            for rule in group["rules"]:
                rule["expr"] = f"({rule['expr']}) and vector(0) > 1"
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, RULES.name).write_text(yaml.safe_dump(text))
            pathlib.Path(folder, CASES.name).write_text(CASES.read_text())
            done = subprocess.run(["promtool", "test", "rules", f"{folder}/{CASES.name}"],
                                  capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)
        for alert in alerts():
            with self.subTest(alert["alert"]):
                self.assertIn(f"alertname: {alert['alert']}", done.stdout + done.stderr)

    def test_every_metric_and_label_is_exported(self):
        metrics = promql.exported_metrics()
        self.assertGreater(len(metrics), 50)
        for alert in alerts():
            with self.subTest(alert["alert"]):
                self.assertEqual(promql.problems_of(alert["expr"], metrics), [])

    def test_a_name_that_does_not_exist_is_found(self):
        metrics = promql.exported_metrics()
        for expression, what in [
            ("rate(foothold_intake_record_total[5m]) > 0", "no metric foothold_intake_record_total"),
            ("foothold_worker_commit_duration_seconds > 0", "no metric foothold_worker_commit_dur"),
            ('foothold_intake_records_total{topic="a"}', "has no label topic"),
            ("sum by (rule) (foothold_intake_records_total)", "by(rule)"),
            ("1 > 0", "names no metric"),
        ]:
            with self.subTest(expression):
                self.assertIn(what, "; ".join(promql.problems_of(expression, metrics)))

    def test_each_alert_says_what_to_do(self):
        explained = sections(RUNBOOK.read_text())
        self.assertEqual(set(explained), {alert["alert"] for alert in alerts()})
        for alert in alerts():
            name = alert["alert"]
            with self.subTest(name):
                self.assertEqual(alert["annotations"]["runbook"], f"deploy/runbook.md#{name.lower()}")
                self.assertIn(alert["labels"]["severity"], SEVERITIES)
                self.assertTrue(alert["annotations"]["summary"])
                for part in ("**Meaning.**", "**First look.**", "**Remedy.**"):
                    self.assertIn(part, explained[name])
                for other in re.findall(r"\bFoothold[A-Z]\w+", explained[name]):
                    self.assertIn(other, explained)

    def test_every_metric_in_the_runbook_is_exported(self):
        metrics = promql.exported_metrics()
        for name in set(re.findall(r"\bfoothold_[a-z_]+\b", RUNBOOK.read_text())):
            if name.startswith("foothold_") and name not in ("foothold_journey",):
                with self.subTest(name):
                    self.assertTrue(name in metrics or promql.family_of(name, metrics))


if __name__ == "__main__":
    unittest.main()
