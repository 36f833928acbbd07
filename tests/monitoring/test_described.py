"""The dashboard and the alert rules of docs/monitoring against what /metrics gives."""

import json
import re
from typing import Any

import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from aggregator.models import STATUSES
from tests.written import DOCS, page

FOLDER = DOCS / "monitoring"


def panels() -> list[Any]:
    return json.loads((FOLDER / "grafana.json").read_text(encoding="utf-8"))["panels"]


def rules() -> list[Any]:
    text = (FOLDER / "alerts.yml").read_text(encoding="utf-8")
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


def expressions() -> list[str]:
    shown = [target["expr"] for one in panels() for target in one["targets"]]
    return shown + [rule["expr"] for rule in rules()]


def test_every_metric_and_label_that_they_name_exists(client: TestClient) -> None:
    """Those without a value now have their name and kind in /metrics all the same."""
    client.get("/api/v1/topics")  # a request whose duration is measured
    given = list(text_string_to_metric_families(client.get("/metrics").text))
    names = {family.name for family in given} | {s.name for family in given for s in family.samples}
    for expression in expressions():
        asked = set(re.findall(r"\bdaypaper_\w+", expression))
        assert asked | {"up"} <= names | {"up"}, expression
        assert asked or "up{" in expression, expression
    table = page("operate.md")
    for label in {w for e in expressions() for by in re.findall(r"by \(([^)]*)\)", e)
                  for w in by.split(", ")}:  # fmt: skip
        assert label == "le" or f"`{label}`" in table, label


def test_the_dashboard_shows_every_metric() -> None:
    shown = " ".join(expressions())
    documented = set(re.findall(r"^\| `(daypaper_\w+)`", page("operate.md"), re.M))
    assert len(documented) > 10
    assert {name for name in documented if name not in shown} == set()


def test_alerts_are_whole_and_name_statuses_that_exist() -> None:
    names = [rule["alert"] for rule in rules()]
    assert {"DaypaperSourceSilent", "DaypaperDigestLate", "DaypaperQueueGrowing"} <= set(names)
    # Of a source that was never well there is no age of its last success.
    assert any("failures) > 0 unless" in one for one in expressions())
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule["annotations"]["summary"].endswith((".", "?"))
        assert rule["labels"]["severity"] in ("warning", "critical")
    said = {
        status for e in expressions() if "source_status" in e
        for status in re.findall(r'status="(\w+)"', e)
    }  # fmt: skip
    assert said == {"challenged"}
    assert said <= set(STATUSES)
