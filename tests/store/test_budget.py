"""The daily budget of an upstream: shared by sources and processes, retries included, new at midnight."""

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa
from starlette.testclient import TestClient

from aggregator.settings import Settings
from aggregator.store import ledger
from aggregator.store.db import Store
from aggregator.store.sql import spending
from api.app import create_app
from tests.conftest import NOW, sqlite_store
from tests.filled import CONFIG
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.test_status import values

DAY = timedelta(days=1)
TOML = """
[[topics]]
name = "optimizers"
title = "Optimisers"
[[sources]]
name = "{name}"
kind = "citations"
provider = "semanticscholar"
base_url = "{url}"
pace_seconds = 0
daily_requests = 4
works = {works}
"""
SPENDER = """
import sys
from datetime import date
from pathlib import Path
from aggregator.store import ledger
from aggregator.store.db import Store

store = Store(sys.argv[1], Path(sys.argv[2]))
allowed = 0
for _ in range(40):
    with store.write() as connection:
        allowed += ledger.spend(connection, "s2", date(2017, 11, 13), 50)
print(allowed)
"""


def spent(store: Store) -> dict[str, int]:
    """Day -> requests."""
    with store.read() as connection:
        rows = connection.execute(sa.select(spending.c.day, spending.c.used))
        return {row.day: row.used for row in rows}


def source(store: Store, folder: Path, server: Server, name: str, *works: str) -> Collected:
    """A source of citations to these works."""
    toml = TOML.format(name=name, url=server.url, works=str(list(works)))
    return Collected(store, folder, toml, s2_api_key="k")


def test_two_sources_of_one_upstream_share_a_day(server: Server, tmp_path: Path) -> None:
    works = [f"1512.1000{n}" for n in range(6)]
    for native in works:
        empty = Reply(b'{"offset": 0, "data": []}')
        server.routes[f"/graph/v1/paper/ARXIV:{native}/citations"] = empty
    with closing(sqlite_store(tmp_path)) as store:
        one = source(store, tmp_path, server, "one", *works[:3])
        two = source(store, tmp_path, server, "two", *works[3:])
        assert one.run(NOW).requests == 3
        done = two.run(NOW)
        assert (done.status, done.requests) == ("ok", 1)
        assert done.message.startswith("The day's 4 requests are used; 2 works wait for their turn")
        assert two.run(NOW + timedelta(hours=11)).requests == 0
        assert two.run(NOW + timedelta(hours=13)).requests == 3
        assert spent(store) == {"2017-11-13": 4, "2017-11-14": 3}


def test_retries_are_requests_too(server: Server, tmp_path: Path) -> None:
    path = "/graph/v1/paper/ARXIV:1512.10000/citations"
    server.routes[path] = Reply(b"", 503, {"Retry-After": "0"})
    with closing(sqlite_store(tmp_path)) as store:
        collected = source(store, tmp_path, server, "one", "1512.10000")
        assert collected.run(NOW).status == "throttled"
        assert spent(store) == {"2017-11-13": 3}
        assert len(server.asked) == 3


def test_two_processes_never_overdraw(store: Store, tmp_path: Path) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", SPENDER, url, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    allowed = [int(process.communicate(timeout=60)[0]) for process in both]
    assert sum(allowed) == 50
    assert spent(store) == {"2017-11-13": 50}


def test_what_the_upstream_says_ends_the_day_and_is_shown(store: Store) -> None:
    with store.write() as connection:
        assert ledger.spend(connection, "openalex", NOW.date(), 100)
        ledger.spend_all(connection, "openalex", NOW.date(), 100)
        assert not ledger.spend(connection, "openalex", NOW.date(), 100)
        assert ledger.spend(connection, "openalex", (NOW + DAY).date(), 100)
    with TestClient(create_app(store, Settings(), CONFIG, now=lambda: NOW)) as client:
        found = values(client.get("/metrics").text)
    assert found["daypaper_upstream_requests_used", "openalex"] == 100
    assert found["daypaper_upstream_requests_limit", "openalex"] == 100
