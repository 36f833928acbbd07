"""The alert rules of docs/monitoring, as Prometheus itself reads and tries them."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient

from aggregator.store.db import Store
from tests.filled import fill
from tests.monitoring.test_described import FOLDER, rules

TRIED = FOLDER / "alerts_test.yml"


def promtool(*words: str | Path, given: str = "") -> str:
    """What `promtool …` prints, after it ended well."""
    exe = shutil.which("promtool")
    if exe is None:
        pytest.skip("no promtool: install prometheus for these tests")
    run = subprocess.run([exe, *words], input=given, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout + run.stderr


def test_prometheus_understands_the_rules() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", FOLDER / "alerts.yml")


def test_alerts_fire_when_they_should_and_only_then() -> None:
    assert "SUCCESS" in promtool("test", "rules", TRIED)


def test_each_alert_is_tried_firing_and_silent() -> None:
    tried: dict[bool, set[str]] = {True: set(), False: set()}
    for group in yaml.safe_load(TRIED.read_text(encoding="utf-8"))["tests"]:
        for one in group["alert_rule_test"]:
            tried[bool(one.get("exp_alerts"))].add(one["alertname"])
    names = {rule["alert"] for rule in rules()}
    assert tried == {True: names, False: names}


def test_prometheus_finds_nothing_amiss_with_the_metrics(store: Store, client: TestClient) -> None:
    fill(store, 20)
    client.get("/api/v1/papers")
    assert promtool("check", "metrics", given=client.get("/metrics").text) == ""
