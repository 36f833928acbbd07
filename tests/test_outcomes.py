"""What becomes of things when the database or the clock does what it should not; stated in
docs/operate.md."""

import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from aggregator import clock, pipeline, topics
from aggregator.merge.plan import Counts
from aggregator.settings import Settings
from aggregator.store import runs
from aggregator.store.db import Store
from aggregator.store.sql import paper
from api.app import create_app
from tests.api.test_auth import token
from tests.cli.test_cli import EXE, environment
from tests.conftest import NOW, _plain, sqlite_store
from tests.drafts import preprint
from tests.filled import CONFIG, fill, give_tags, put
from tests.server import Reply, Server
from tests.sources.collected import Collected
from tests.sources.feeds import item, rss

WATCH = {"name": "mine", "query": "widgets"}


def client_of(store: Store, folder: Path) -> TestClient:
    app = create_app(store, Settings(data_dir=folder), CONFIG, now=lambda: NOW)
    return TestClient(app, raise_server_exceptions=False)


def count(store: Store) -> int:
    with store.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(paper)) or 0


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """A store whose connections wait for a lock for a tenth of a second only."""
    with closing(sqlite_store(tmp_path)) as made:
        event.listen(made.engine, "connect", lambda c, _: c.execute("PRAGMA busy_timeout=100"))
        made.engine.dispose()
        yield made


def test_a_full_disk_loses_nothing(small: Store, tmp_path: Path, server: Server) -> None:
    """SQLite's own limit stands for the disk: its error and what follows are the same."""
    server.routes["/feed"] = Reply(rss(*(item(n, "x" * 9_000) for n in range(1, 40))).encode())
    toml = (
        f'[[sources]]\nname = "blog"\nkind = "feed"\nurl = "{server.url}/feed"\npace_seconds = 0\n'
    )
    at = Collected(small, tmp_path, toml)
    put(small, preprint())
    give_tags(small, {})
    full = True

    def limit(connection: sqlite3.Connection, _: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages + 4 if full else 2**30}")

    event.listen(small.engine, "connect", limit)
    small.engine.dispose()
    with pytest.raises(OperationalError, match="full"):
        put(small, *(preprint(f"1711.{n:05d}", abstract="y" * 9_000) for n in range(2, 60)))
    assert count(small) == 1
    outcome = at.run(NOW)
    assert outcome.status == "failed"
    assert "blog" not in {key.partition(":")[0] for key in at.drafts()}
    with client_of(small, tmp_path) as client:
        assert client.get("/api/v1/papers").json()["items"]
    full = False
    small.engine.dispose()
    assert at.run(NOW + timedelta(hours=1)).status == "ok"
    assert len([draft for draft in at.drafts().values() if draft.kind == "feed"]) == 39


def test_a_locked_database_is_waited_for_and_then_said(small: Store, tmp_path: Path) -> None:
    put(small, preprint())
    give_tags(small, {})
    headers = token(small, "write")
    other = sqlite3.connect(tmp_path / "daypaper.sqlite3", isolation_level=None)
    with client_of(small, tmp_path) as client, closing(other):
        other.execute("BEGIN IMMEDIATE")
        answer = client.post("/api/v1/watches", json=WATCH, headers=headers)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert client.get("/api/v1/papers").json()["items"]
        other.execute("ROLLBACK")
        assert client.post("/api/v1/watches", json=WATCH, headers=headers).status_code == 201


@pytest.mark.postgres
def test_a_database_that_goes_is_used_again_when_it_is_back(
    postgres: Store, tmp_path: Path
) -> None:
    put(postgres, preprint("1711.09001"))
    give_tags(postgres, {})
    name = sql.Identifier(str(postgres.engine.url.database))
    server = postgres.engine.url.set(database="postgres").render_as_string(hide_password=False)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    database = (str(postgres.engine.url.database),)
    with (
        client_of(postgres, tmp_path) as client,
        psycopg.connect(_plain(server), autocommit=True) as admin,
    ):
        assert client.get("/readyz").status_code == 200
        admin.execute(end, database)  # a restart of the server: connections that died are replaced
        assert client.get("/api/v1/papers").status_code == 200
        admin.execute(allow.format(name, sql.Literal(False)))
        try:
            admin.execute(end, database)
            for path in ("/readyz", "/api/v1/papers"):
                answer = client.get(path)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert client.get("/healthz").status_code == 200
        finally:
            admin.execute(allow.format(name, sql.Literal(True)))
        assert client.get("/readyz").status_code == 200
        assert client.get("/api/v1/papers").json()["items"]


def test_the_machines_time_zone_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite_store(tmp_path)) as store, client_of(store, tmp_path) as client:
        fill(store, 60, length=20)
        asked = ("/api/v1/digests/gan?days=3", "/api/v1/papers", "/feeds/gan.atom")
        seen = set()
        for zone in ("UTC", "Pacific/Kiritimati", "America/New_York", "Asia/Kathmandu"):
            monkeypatch.setenv("TZ", zone)
            time.tzset()
            assert time.tzname[0] == "UTC" if zone == "UTC" else time.timezone != 0
            seen.add(tuple(client.get(path).text for path in asked))
        assert len(seen) == 1
    monkeypatch.undo()
    time.tzset()


def test_who_waited_while_another_one_asked_does_not_ask_again(
    store: Store, tmp_path: Path, server: Server
) -> None:
    """However little later the other one began."""
    (tmp_path / "topics.toml").write_text(
        f'[[sources]]\nname = "blog"\nkind = "feed"\nurl = "{server.url}/feed"\npace_seconds = 0\n'
    )
    settings = Settings(data_dir=tmp_path, allow_private_upstreams=True)
    [source] = pipeline.make_sources(topics.load(tmp_path / "topics.toml"), settings)
    waits = threading.Thread(target=pipeline.collect_if_due, args=(store, settings, source))
    with store.upstream_lock(source.upstream):
        waits.start()
        time.sleep(0.5)
        now = clock.wall()
        with store.write() as connection:
            other = runs.start(connection, "blog", now, now, False)
            runs.finish(
                connection, other, "ok", "", Counts(),
                skipped=0, requests=1, failures=0, wall=now,
            )  # fmt: skip
    waits.join()
    assert server.paths() == []


def test_two_runs_over_one_file_ask_once(tmp_path: Path, server: Server) -> None:
    """The second `daypaper run` serves, and leaves alone what the first one asks."""
    server.routes["/feed"] = Reply(rss(item(1), item(2)).encode())
    (tmp_path / "topics.toml").write_text(
        f'[[sources]]\nname = "blog"\nkind = "feed"\nurl = "{server.url}/feed"\npace_seconds = 0\n'
    )
    ports = [free_port(), free_port()]
    logs = [(tmp_path / f"log{port}").open("wb") for port in ports]
    running = [
        subprocess.Popen(
            [str(EXE), "run", "--port", str(port)], cwd=tmp_path, env=environment(tmp_path),
            stdout=log, stderr=log,
        )
        for port, log in zip(ports, logs, strict=True)
    ]  # fmt: skip
    try:
        for port in ports:
            wait_until_it_answers(port)
        patience = time.monotonic() + 60
        while not server.asked and time.monotonic() < patience:
            time.sleep(0.2)
        time.sleep(3)  # time enough for the other one to ask, if it would
        assert server.paths() == ["/feed"]
    finally:
        for process in running:
            process.terminate()
        ends = [process.wait(timeout=30) for process in running]
        for log in logs:
            log.close()
    said = "".join((tmp_path / f"log{port}").read_text() for port in ports)
    assert "Traceback" not in said
    assert ends == [0, 0]  # told to stop, they end in order: what is being sent is sent
    with closing(sqlite3.connect(tmp_path / "data" / "daypaper.sqlite3")) as found:
        assert found.execute("SELECT count(*) FROM entry WHERE kind = 'feed'").fetchone() == (2,)
        assert found.execute("SELECT count(*) FROM run").fetchone() == (1,)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    patience = time.monotonic() + 90
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < patience, "it does not start"
            time.sleep(0.2)
        else:
            return
