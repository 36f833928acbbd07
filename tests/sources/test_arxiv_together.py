"""Several arXiv sources, on several hosts, are one upstream: one connection and one pace."""

from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from tests.conftest import sqlite_store
from tests.sources.collected import Collected
from tests.sources.standin import stand_in

NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)
PACE = 0.3
SOURCE = """
[[sources]]
name = "{name}"
kind = "arxiv"
categories = ["{category}"]
oai_url = "{oai}/arxiv/oai"
rss_url = "{rss}/arxiv/rss"
api_url = "{oai}/arxiv/api/query"
lookback_days = 1
pace_seconds = {pace}
"""


def test_sources_of_one_upstream_all_keep_its_slowest_pace(tmp_path: Path) -> None:
    with stand_in("2017-11-14T12:00:00Z") as services, closing(sqlite_store(tmp_path)) as store:
        url = services.url
        toml = "".join(
            SOURCE.format(name=name, category=category, oai=url, rss=url, pace=pace)
            for name, category, pace in (
                ("fast", "cs.NE", 0),
                ("slow", "cs.RO", PACE),
                ("quick", "stat.ML", 0.01),
            )
        )
        Collected(store, tmp_path, toml).run(NOW)
        asked = services.asked("/arxiv")
    gaps = [later["time"] - earlier["time"] for earlier, later in pairwise(asked)]
    assert len(asked) >= 9
    assert min(gaps) >= PACE * 2 / 3


def test_several_sources_and_hosts_keep_one_connection_and_one_pace(tmp_path: Path) -> None:
    with stand_in("2017-11-14T12:00:00Z") as services, closing(sqlite_store(tmp_path)) as store:
        number, name = services.url, services.url.replace("127.0.0.1", "localhost")
        toml = "".join(
            SOURCE.format(name=source, category=category, oai=oai, rss=rss, pace=PACE)
            for source, category, oai, rss in (
                ("one", "cs.NE", number, name),
                ("two", "cs.RO", name, number),
                ("three", "stat.ML", number, number),
            )
        )
        Collected(store, tmp_path, toml).run(NOW)
        asked = services.asked("/arxiv")
    assert {one["path"].split("/")[-1] for one in asked} >= {"oai", "cs.NE", "cs.RO", "stat.ML"}
    assert max(one["in_flight"] for one in asked) == 1
    gaps = [later["time"] - earlier["time"] for earlier, later in pairwise(asked)]
    assert (
        min(gaps) >= PACE * 2 / 3
    )  # arrivals: on a busy machine one is noted late, the next is not
    # Once another was used, a connection does not come back: no two are open at a time.
    order = [one["connection"] for one in asked]
    changes = sum(a != b for a, b in pairwise(order))
    assert changes == len(set(order)) - 1
