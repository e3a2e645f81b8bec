"""deploy/grafana: the dashboards are whole, and every expression is PromQL over metrics that exist."""

import json
import pathlib
import re
import unittest

import yaml

import promql
from promql import ROOT

GRAFANA = ROOT / "deploy" / "grafana"
# What Grafana puts in place of its variables before it asks.
VARIABLES = {"$__rate_interval": "5m", "$__range": "6h", "$job": "foothold", "$role": ".*"}
GRID_WIDTH = 24


def dashboards():
    return {path.name: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))}


def expressions(board):
    """(where, the expression as Prometheus gets it)"""
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            text = target["expr"]
            for name, value in VARIABLES.items():
                text = text.replace(name, value)
            yield f"{panel['title']} {target['refId']}", text


class DashboardsTest(unittest.TestCase):
    def test_there_are_two_and_grafana_can_tell_them_apart(self):
        boards = dashboards()
        self.assertEqual(set(boards), {"service.json", "business.json"})
        self.assertEqual(len({board["uid"] for board in boards.values()}), len(boards))
        self.assertEqual(len({board["title"] for board in boards.values()}), len(boards))

    def test_every_expression_is_promql(self):
        texts = [text for board in dashboards().values() for _, text in expressions(board)]
        self.assertGreater(len(texts), 50)
        self.assertEqual(promql.check_syntax(texts), "")
        self.assertIn("parse error", promql.check_syntax(["sum by (a foothold_build_info"]))

    def test_every_metric_and_label_is_exported(self):
        metrics = promql.exported_metrics()
        for name, board in dashboards().items():
            for where, text in expressions(board):
                with self.subTest(f"{name}: {where}"):
                    self.assertNotIn("$", text)
                    self.assertEqual(promql.problems_of(text, metrics), [])

    def test_variables_ask_for_labels_that_exist(self):
        metrics = promql.exported_metrics()
        for name, board in dashboards().items():
            for variable in board["templating"]["list"]:
                if variable["type"] != "query":
                    continue
                asked = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
                selector = asked[1].replace("$job", "foothold")
                with self.subTest(f"{name}: {variable['name']}"):
                    self.assertEqual(promql.problems_of(f"sum by ({asked[2]}) ({selector})", metrics), [])

    def test_panels_stand_beside_each_other_and_say_what_they_show(self):
        for name, board in dashboards().items():
            taken, ids = set(), set()
            variables = {"$" + variable["name"] for variable in board["templating"]["list"]}
            for panel in board["panels"]:
                with self.subTest(f"{name}: {panel['title']}"):
                    self.assertNotIn(panel["id"], ids)
                    ids.add(panel["id"])
                    place = panel["gridPos"]
                    self.assertLessEqual(place["x"] + place["w"], GRID_WIDTH)
                    cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                             for y in range(place["y"], place["y"] + place["h"])}
                    self.assertFalse(cells & taken)
                    taken |= cells
                    if panel["type"] == "row":
                        continue
                    self.assertTrue(panel["targets"])
                    self.assertEqual(panel["datasource"]["uid"], "${datasource}")
                    self.assertIn("$datasource", variables)
                    refs = [target["refId"] for target in panel["targets"]]
                    self.assertEqual(len(set(refs)), len(refs))

    def test_no_panel_tells_one_person_or_account(self):
        # A dashboard is seen by many: nothing in it may tell one person or account.
        for name, board in dashboards().items():
            for where, text in expressions(board):
                with self.subTest(f"{name}: {where}"):
                    self.assertIsNone(re.search(r"\b(tenant|user|email|account)\w*\s*[=,)]", text))

    def test_provisioning_leads_to_them(self):
        source = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yaml").read_text())
        self.assertEqual([entry["type"] for entry in source["datasources"]], ["prometheus"])
        provider = yaml.safe_load((GRAFANA / "provisioning/dashboards/foothold.yaml").read_text())
        folder = pathlib.PurePath(provider["providers"][0]["options"]["path"])
        self.assertTrue(folder.is_absolute())


if __name__ == "__main__":
    unittest.main()
