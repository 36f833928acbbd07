"""Several workers over one PostgreSQL: each job is done by one of them, whoever dies."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import procrastinate
import procrastinate.exceptions
import psycopg
import pytest
import sqlalchemy as sa
from procrastinate.schema import SchemaManager
from psycopg import sql

from aggregator import clock, jobs
from aggregator.errors import UsageError
from aggregator.schedule import Job
from aggregator.store import queue, wishes
from aggregator.store.db import Store
from aggregator.store.sql import paper, run
from tests.conftest import empty_tables, sqlite_store
from tests.server import Asked, Reply, Server
from tests.test_pipeline import XML, good_feed, good_oai

EXE = Path(sys.executable).parent / "daypaper"
PROJECT = Path(__file__).parents[1]

pytestmark = pytest.mark.postgres


@pytest.fixture
def shared(postgres: Store) -> Store:
    """An empty store on PostgreSQL with an empty queue."""
    with postgres.write() as connection:
        empty_tables(connection)
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {queue.SCHEMA} CASCADE")
    return postgres


def prepare(store: Store, version: str = procrastinate.__version__) -> None:
    queue.prepare(store, version, SchemaManager.get_schema())


def count(store: Store, statement: Any) -> int:
    with store.read() as connection:
        return connection.scalar(statement) or 0


def wait_for(found: Callable[[], bool], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found():
            return
        time.sleep(0.1)
    raise AssertionError(f"nothing came of it in {seconds} seconds")


@contextmanager
def worker(store: Store, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`daypaper worker` in a process of its own; killed at the end."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DAYPAPER_")} | {
        "DAYPAPER_DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
        "DAYPAPER_DATA_DIR": str(folder),
        "DAYPAPER_TOPICS": str(folder / "topics.toml"),
        "DAYPAPER_SECRET_KEY": "0" * 32,
        "PYTHONPATH": str(PROJECT),
    }
    log = (folder / "worker.log").open("ab")
    process = subprocess.Popen(
        [str(EXE), "worker"], cwd=folder, env=environment, stdout=log, stderr=log
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()
        log.close()


def configured(folder: Path, server: Server) -> None:
    own = (PROJECT / "topics.toml").read_text().partition("[[sources]]")[0]
    (folder / "topics.toml").write_text(
        f'{own}\n[[sources]]\nname = "arxiv"\nkind = "arxiv"\ncategories = ["cs.CV"]\n'
        f'oai_url = "{server.url}/oai"\nrss_url = "{server.url}/rss"\napi_url = "{server.url}/api"\n'
        "pace_seconds = 0\n"
    )


def test_two_workers_do_each_job_once_and_one_survives_the_other(
    shared: Store, server: Server, tmp_path: Path
) -> None:
    configured(tmp_path, server)
    slow = True

    def oai(asked: Asked) -> Reply:
        if slow:
            time.sleep(30)
        return Reply(good_oai(), headers=XML)

    server.routes = {"/oai": oai, "/rss/cs.CV": Reply(good_feed(), headers=XML)}
    running = sa.select(sa.func.count()).select_from(run).where(run.c.finished.is_(None))
    finished = sa.select(sa.func.count()).select_from(run).where(run.c.finished.is_not(None))
    waiting = sa.select(sa.func.count()).select_from(paper).where(paper.c.tagged_by.is_(None))
    with worker(shared, tmp_path) as first:
        wait_for(lambda: count(shared, running) == 1)
        with worker(shared, tmp_path):
            slow = False
            first.send_signal(signal.SIGKILL)
            # What it held is dropped and put in anew at the next look of the survivor, ten seconds after
            # it is taken for dead at the latest; here we do that look ourselves.
            first.wait()
            asyncio.run(orphans_dropped(shared))
            wait_for(lambda: count(shared, finished) == 2)  # the killed run is closed by the next
            wait_for(lambda: count(shared, waiting) == 0)
    assert count(shared, sa.select(sa.func.count()).select_from(run)) == 2


async def orphans_dropped(store: Store) -> None:
    app = jobs.make_app(store, [])
    async with app.open_async():
        for _ in range(100):
            if await jobs.drop_orphans(app, silent=1):
                return
            await asyncio.sleep(0.1)
    raise AssertionError("no job of a dead worker was found")


def test_a_job_that_takes_longer_than_its_cadence_fills_no_worker(shared: Store) -> None:
    prepare(shared)
    alone, begun, crowded = threading.Lock(), threading.Event(), threading.Event()
    done: list[int] = []

    def slow() -> None:
        if not alone.acquire(blocking=False):
            crowded.set()
            return
        begun.set()
        time.sleep(1)
        alone.release()
        done.append(1)

    app = jobs.make_app(shared, [Job("send letters", slow, timedelta(minutes=1))])
    letters = app.tasks["send letters"]

    async def live() -> None:
        async with app.open_async():
            await letters.defer_async(timestamp=0)
            engine = app.run_worker_async(
                concurrency=4, fetch_job_polling_interval=0.1, install_signal_handlers=False
            )
            working = asyncio.create_task(engine)
            await asyncio.to_thread(wait_for, begun.is_set)
            with contextlib.suppress(procrastinate.exceptions.AlreadyEnqueued):
                await letters.defer_async(timestamp=0)  # as its next minute would
            await asyncio.to_thread(wait_for, lambda: len(done) == 2 or crowded.is_set())
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working

    asyncio.run(live())
    assert not crowded.is_set()


def test_a_worker_that_is_told_to_stop_ends_within_ten_seconds(
    shared: Store, server: Server, tmp_path: Path
) -> None:
    configured(tmp_path, server)
    hanging = lambda _: time.sleep(30) or Reply(b"")  # noqa: E731
    server.routes = dict.fromkeys(("/oai", "/rss/cs.CV", "/api"), hanging)
    running = sa.select(sa.func.count()).select_from(run).where(run.c.finished.is_(None))
    with worker(shared, tmp_path) as process:
        wait_for(lambda: count(shared, running) == 1)
        wait_for(lambda: bool(server.asked))  # it is in the middle of a request
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert count(shared, running) == 1


@contextmanager
def gone(store: Store) -> Iterator[None]:
    """The database lets nobody in, as while its server is restarted."""
    name = str(store.engine.url.database)
    server = store.engine.url.set(drivername="postgresql", database="postgres")
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(allow.format(sql.Identifier(name), sql.Literal(False)))
        try:
            admin.execute(end, (name,))
            yield
        finally:
            admin.execute(allow.format(sql.Identifier(name), sql.Literal(True)))


def test_a_worker_goes_on_when_the_database_is_back(
    shared: Store, server: Server, tmp_path: Path
) -> None:
    configured(tmp_path, server)
    server.routes = {
        "/oai": Reply(good_oai(), headers=XML),
        "/rss/cs.CV": Reply(good_feed(), headers=XML),
    }
    finished = sa.select(sa.func.count()).select_from(run).where(run.c.finished.is_not(None))
    with worker(shared, tmp_path) as process:
        wait_for(lambda: count(shared, finished) == 1, 90)
        with gone(shared):
            time.sleep(3)
        with shared.write() as connection:
            wishes.make(connection, "arxiv", clock.wall())
        wait_for(lambda: count(shared, finished) == 2, 90)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_what_runs_on_keeps_no_worker_from_beginning_again(shared: Store) -> None:
    """A job of an hour is in the middle of its work when the database goes; the others do not wait."""
    prepare(shared)
    begun, over, other = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        over.wait(60)

    found = [Job("long", slow, timedelta(hours=1)), Job("short", other.set, timedelta(hours=1))]
    app = jobs.make_app(shared, found)

    async def live() -> None:
        told = asyncio.Event()
        async with app.open_async():
            await app.tasks["long"].defer_async(timestamp=0)
            working = asyncio.create_task(jobs.engine(app, 4, told, grace=0.5, again=0.5))
            await asyncio.to_thread(wait_for, begun.is_set)
            with gone(shared):
                await asyncio.sleep(2)
            await asyncio.sleep(1)
            await app.tasks["short"].defer_async(timestamp=0)
            await asyncio.to_thread(wait_for, other.is_set, 30)
            told.set()
            working.cancel()
            await asyncio.wait({working})

    try:
        asyncio.run(live())
    finally:
        over.set()


def test_a_clock_that_was_set_back_begins_the_engine_anew(
    shared: Store, caplog: pytest.LogCaptureFixture
) -> None:
    prepare(shared)
    hours = iter((8,))

    def wall() -> datetime:
        return clock.wall() + timedelta(hours=next(hours, 0))

    app = jobs.make_app(shared, [])
    workers = sa.text(f"SELECT max(id) FROM {queue.SCHEMA}.procrastinate_workers")

    async def live() -> None:
        told = asyncio.Event()
        async with app.open_async():
            working = asyncio.create_task(jobs.engine(app, 2, told, again=0.1, wall=wall))
            await asyncio.to_thread(wait_for, lambda: count(shared, workers) == 2)
            told.set()
            working.cancel()
            await asyncio.wait({working})

    asyncio.run(live())
    assert "the clock was set back" in caplog.text


def test_what_is_wanted_is_fetched_before_it_is_due(
    shared: Store, server: Server, tmp_path: Path
) -> None:
    configured(tmp_path, server)
    server.routes = {
        "/oai": Reply(good_oai(), headers=XML),
        "/rss/cs.CV": Reply(good_feed(), headers=XML),
    }
    finished = sa.select(sa.func.count()).select_from(run).where(run.c.finished.is_not(None))
    with worker(shared, tmp_path), worker(shared, tmp_path):
        wait_for(lambda: count(shared, finished) == 1, 90)  # the queue's minute may just have begun
        with shared.write() as connection:
            wishes.make(connection, "arxiv", clock.wall())
        wait_for(lambda: count(shared, finished) == 2, 20)
        time.sleep(6)  # another look at what is wanted
    assert count(shared, sa.select(sa.func.count()).select_from(run)) == 2


def test_the_queue_is_made_once_and_anew_for_another_version(shared: Store) -> None:
    mark = f"{queue.SCHEMA}.procrastinate_workers"
    insert = f"INSERT INTO {mark} DEFAULT VALUES"
    prepare(shared)
    with shared.write() as connection:
        connection.exec_driver_sql(insert)
    prepare(shared)
    assert count(shared, sa.text(f"SELECT count(*) FROM {mark}")) == 1
    prepare(shared, "0.0.1")
    assert count(shared, sa.text(f"SELECT count(*) FROM {mark}")) == 0


def test_several_workers_need_postgresql(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    with pytest.raises(UsageError, match="several workers need PostgreSQL"):
        prepare(store)
    store.close()
