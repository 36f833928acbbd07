"""Sources of proceedings against the stand-in services: all papers, nothing asked twice, healing."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import sqlite_store
from tests.sources.collected import Collected
from tests.sources.standin import StandIn, stand_in

pytestmark = pytest.mark.upstream

NOW = datetime(2018, 12, 20, 12, tzinfo=UTC)
DAY = timedelta(days=1)
# Options, path, papers, and those of them whose page has no abstract (counted in what is served).
KINDS = {
    "ecva": ("years = [2018]", "/ecva", 776, 0),
    "neurips": ("years = [2017]", "/neurips", 691, 13),
    "pmlr": ('volumes = ["ICML 2017", 80]', "/pmlr", 435 + 623, 3),
}


@pytest.fixture(scope="module")
def services() -> Iterator[StandIn]:
    with stand_in("2018-12-20T12:00:00Z") as running:
        yield running


@pytest.fixture
def upstream(services: StandIn) -> Iterator[StandIn]:
    yield services
    services.control(clear=True, reset_log=True, now="2018-12-20T12:00:00Z")


@pytest.fixture
def collected(upstream: StandIn, tmp_path: Path) -> Iterator[Any]:
    """Makes a store with one source of a kind that asks the stand-in."""
    with closing(sqlite_store(tmp_path)) as store:

        def make(kind: str) -> Collected:
            options, path, *_ = KINDS[kind]
            toml = f"""
                [[sources]]
                name = "{kind}"
                kind = "{kind}"
                {options}
                base_url = "{upstream.url}{path}"
                pace_seconds = 0
                """
            return Collected(store, tmp_path, toml)

        yield make


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_is_there_and_told_once(kind: str, collected: Any) -> None:
    it = collected(kind)
    first = it.run(NOW)
    assert (first.status, first.counts.new, first.skipped) == ("ok", KINDS[kind][2], 0)
    found = it.drafts().values()
    assert len(found) == first.counts.new
    assert all(draft.title and draft.extra["venue"] and draft.url for draft in found)
    assert sum(not draft.abstract for draft in found) == KINDS[kind][3]
    second = it.run(NOW + DAY)
    assert (second.status, second.counts.new, second.counts.updated) == ("ok", 0, 0)
    assert second.requests <= 2
