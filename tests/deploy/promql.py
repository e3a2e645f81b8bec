"""What an expression of PromQL names: metrics, and labels of each, held against what Foothold exports.

promtool says whether an expression is PromQL at all; it cannot know which metrics there are.
"""

import pathlib
import re
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What a scrape adds to every sample, and what histograms have beside their own.
SCRAPE_LABELS = {"job", "instance"}
# Prometheus' own: up is 1 for every target that answered.
FOREIGN = {"up": ("gauge", set())}

FUNCTIONS = {
    "abs", "absent", "avg", "ceil", "changes", "clamp_max", "clamp_min", "count", "delta", "floor",
    "histogram_quantile", "increase", "label_join", "label_replace", "last_over_time", "max",
    "max_over_time", "min", "min_over_time", "predict_linear", "rate", "round", "scalar", "sort_desc",
    "sum", "time", "timestamp", "topk", "vector",
}
WORDS = {"and", "or", "unless", "bool", "offset"}
LISTS = {"by", "without", "on", "ignoring", "group_left", "group_right"}


def exported_metrics(readme=ROOT / "src" / "metrics" / "README.md"):
    """Name -> (kind, labels), from the table that tests/metrics holds against the program."""
    metrics = dict(FOREIGN)
    for line in readme.read_text().splitlines():
        row = re.match(r"\| `([a-z_]+)` \| ([^|]*)\| (gauge|counter|histogram) \|", line)
        if row:
            labels = {label.strip() for label in row[2].split(",") if label.strip()}
            metrics[row[1]] = (row[3], labels)
    return metrics


def family_of(name, metrics):
    """The family of a sample's name; None if there is none."""
    if name in metrics and metrics[name][0] != "histogram":
        return name
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    return base if base != name and metrics.get(base, ("",))[0] == "histogram" else None


def problems_of(expression, metrics):
    """What is wrong with the names in an expression, one sentence each."""
    found = []
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    text = re.sub(r"\[[^\]]*\]", "", text)
    used = set()

    def labels_of(family):
        kind, labels = metrics[family]
        return labels | SCRAPE_LABELS | ({"le"} if kind == "histogram" else set())

    def check_selector(match):
        family = family_of(match[1], metrics)
        if family is None:
            found.append(f"no metric {match[1]} is exported")
            return ""
        used.add(family)
        for label in re.findall(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)", match[2]):
            if label not in labels_of(family):
                found.append(f"{match[1]} has no label {label}")
        return ""

    text = re.sub(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}", check_selector, text)
    lists = []

    def take_list(match):
        lists.append((match[1], [part.strip() for part in match[2].split(",") if part.strip()]))
        return " "

    text = re.sub(r"\b(" + "|".join(LISTS) + r")\s*\(([^)]*)\)", take_list, text)
    text = re.sub(r"\b\d[\w.]*", "", text)
    for name in re.findall(r"[a-zA-Z_:][\w:]*", text):
        if name in FUNCTIONS or name in WORDS or name in LISTS:
            continue
        family = family_of(name, metrics)
        if family is None:
            found.append(f"no metric {name} is exported")
        else:
            used.add(family)
    known = set().union(*(labels_of(family) for family in used)) if used else set()
    for word, labels in lists:
        for label in labels:
            if label not in known:
                found.append(f"{word}({label}): no metric of the expression has it")
    if not used:
        found.append("names no metric")
    return found


def check_syntax(expressions):
    """What promtool says against the expressions, '' if it takes them all."""
    rules = [{"record": f"expression_{i}", "expr": text} for i, text in enumerate(expressions)]
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}, file)
        file.flush()
        done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr
