"""Citations from the stand-in services: everything it knows, whatever breaks on the way."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.store.sql import event
from tests.conftest import sqlite_store
from tests.sources.collected import Collected
from tests.sources.standin import StandIn, stand_in

NOW = datetime(2019, 12, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TRUTH = {"1003.4394": 4, "0710.0410": 1, "1106.4058": 1, "1801.06146": 1, "1411.1784": 1}
"""Of some works how many citing papers it has."""
TOML = """
[[sources]]
name = "cites"
kind = "citations"
provider = "{provider}"
base_url = "{url}/{prefix}"
works = {works}
pace_seconds = {pace}
"""
PREFIX = {"semanticscholar": "s2", "openalex": "openalex"}


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in("2019-12-20T12:00:00Z") as running:
        yield running


def toml(services: StandIn, provider: str, pace: float = 0) -> str:
    return TOML.format(
        provider=provider, url=services.url, prefix=PREFIX[provider], works=list(TRUTH), pace=pace
    )


@pytest.fixture(params=list(PREFIX))
def provider(request: pytest.FixtureRequest, services: StandIn) -> Iterator[str]:
    services.control(clear=True)
    yield request.param
    services.control(clear=True)


def citations(collected: Collected) -> int:
    with collected.store.read() as connection:
        counted = sa.select(sa.func.count()).select_from(sa.table("citation"))
        return connection.scalar(counted) or 0


FAULTS: list[dict[str, Any]] = [
    {"mode": "status", "status": 500},
    {"mode": "status", "status": 429},
    {"mode": "html_challenge"},
    {"mode": "truncate"},
    {"mode": "truncate", "http": "short"},
    {"mode": "malformed"},
    {"mode": "empty_page"},
    {"mode": "empty_page", "total": "zero"},
    {"mode": "garbage_dates"},
    {"mode": "reset"},
]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: "-".join(map(str, f.values())))
def test_after_a_fault_nothing_is_missing_and_nothing_twice(
    services: StandIn, provider: str, fault: dict[str, Any], tmp_path: Path
) -> None:
    services.control(fault={"prefix": f"/{PREFIX[provider]}", "every_nth": 2, **fault})
    with closing(sqlite_store(tmp_path)) as store:
        collected = Collected(store, tmp_path, toml(services, provider))
        said = [collected.run(NOW + n * DAY).status for n in range(2)]
        services.control(clear=True)
        last = [collected.run(NOW + n * DAY) for n in (2, 40)][-1]
        assert (citations(collected), last.status) == (sum(TRUTH.values()), "ok"), said
        with store.read() as connection:
            asked = sa.select(event.c.paper_id, event.c.cause).where(event.c.kind == "cited")
            pairs = [tuple(row) for row in connection.execute(asked)]
        assert len(pairs) == len(set(pairs))


def test_a_run_that_is_killed_goes_on_and_keeps_the_pace(services: StandIn, tmp_path: Path) -> None:
    provider = "semanticscholar"
    (tmp_path / "topics.toml").write_text(toml(services, provider, pace=0.3))
    words = [sys.executable, "-m", "aggregator", "collect", "cites", "--as-of", "2019-12-20"]
    values = {"DAYPAPER_TOPICS": "topics.toml", "DAYPAPER_DATA_DIR": str(tmp_path)}
    root = Path(__file__).parents[2]
    env = os.environ | values | {"PYTHONPATH": str(root)}
    services.control(reset_log=True)
    with subprocess.Popen(words, cwd=tmp_path, env=env, stderr=subprocess.DEVNULL) as process:
        while not services.asked(f"/{PREFIX[provider]}"):
            time.sleep(0.05)
        time.sleep(0.4)
        process.send_signal(signal.SIGKILL)
    assert subprocess.run(words, cwd=tmp_path, env=env, capture_output=True).returncode == 0
    with closing(sqlite_store(tmp_path)) as store:
        collected = Collected(store, tmp_path, toml(services, provider))
        assert citations(collected) == sum(TRUTH.values())
    asked = services.asked(f"/{PREFIX[provider]}")
    gaps = [b["time"] - a["time"] for a, b in pairwise(asked)]
    assert min(gaps) >= 0.28
