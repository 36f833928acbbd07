"""Three processes that collect at once on PostgreSQL: one connection and one pace to each upstream."""

import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from tests.conftest import empty_tables
from tests.sources.standin import StandIn, stand_in

pytestmark = [pytest.mark.upstream, pytest.mark.postgres]
PACE, JITTER = 0.2, 0.05
NOW = "2017-11-14T12:00:00Z"
TOML = """
[[sources]]
name = "arxiv"
kind = "arxiv"
categories = ["cs.IR"]
lookback_days = 2
oai_url = "{url}/arxiv/oai"
rss_url = "{url}/arxiv/rss"
api_url = "{url}/arxiv/api/query"
pace_seconds = {pace}

[[sources]]
name = "pmlr"
kind = "pmlr"
volumes = [37]
base_url = "{url}/pmlr"
pace_seconds = {pace}

[[sources]]
name = "reddit"
kind = "reddit"
subreddits = ["MachineLearning"]
base_url = "{url}/reddit"
pace_seconds = {pace}
"""


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in(NOW) as running:
        yield running


def collect(store: Store, folder: Path, processes: int) -> tuple[set[str], int]:
    """Keys of all entries and the number of papers after so many processes collected at once."""
    with store.write() as connection:
        empty_tables(connection)
    settings = {
        "DAYPAPER_DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
        "DAYPAPER_DATA_DIR": str(folder),
        "DAYPAPER_TOPICS": str(folder / "topics.toml"),
    }
    words = [sys.executable, "-m", "aggregator", "collect", "--as-of", NOW]
    running = [
        subprocess.Popen(words, env=os.environ | settings, stdout=subprocess.DEVNULL)
        for _ in range(processes)
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * processes
    with store.read() as connection:
        keys = set(connection.scalars(sa.select(entry.c.key)))
        papers = connection.scalar(sa.select(sa.func.count()).select_from(paper)) or 0
    return keys, papers


def test_three_processes_are_as_polite_as_one(
    postgres: Store, services: StandIn, tmp_path: Path
) -> None:
    (tmp_path / "topics.toml").write_text(TOML.format(url=services.url, pace=PACE))
    alone = collect(postgres, tmp_path, 1)
    services.control(reset_log=True)
    together = collect(postgres, tmp_path, 3)
    assert together == alone
    assert together[1] > 300
    for service in ("/arxiv", "/pmlr", "/reddit"):
        asked = services.asked(service)
        assert asked
        assert max(request["in_flight"] for request in asked) == 1
        times = [request["time"] for request in asked]
        gaps = [b - a for a, b in pairwise(times)]
        assert min(gaps, default=PACE) >= PACE - JITTER
        conversations = [request["path"] + "?" + request["query"] for request in asked]
        assert len(conversations) == len(set(conversations)), "nothing is asked twice"
