"""The scheduler in one process: it collects and tags at once, and what is not due is left alone."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator import clock, schedule, topics
from aggregator.sending.postman import Postman
from aggregator.settings import Settings
from aggregator.store import runs, schema, wishes
from aggregator.store.db import Store
from aggregator.store.sql import paper, run
from aggregator.topics import Config
from tests.conftest import sqlite_store
from tests.server import Asked, Reply, Server
from tests.test_pipeline import XML, config, good_feed, good_oai


@pytest.fixture
def arxiv(server: Server) -> Server:
    server.routes = {
        "/oai": Reply(good_oai(), headers=XML),
        "/rss/cs.CV": Reply(good_feed(), headers=XML),
    }
    return server


@pytest.fixture
def one_store(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as made:
        yield made


@contextmanager
def running(store: Store, folder: Path, made: Config) -> Iterator[None]:
    settings = Settings(data_dir=folder)
    postman = Postman(store, settings, made)
    jobs = schedule.jobs(store, settings, made, postman)
    scheduler = schedule.start(jobs, partial(schedule.wanted, store))
    try:
        yield
    finally:
        scheduler.shutdown(wait=True)


def wait_for(found: Callable[[], bool]) -> None:
    for _ in range(200):
        if found():
            return
        time.sleep(0.1)
    raise AssertionError("nothing came of it in 20 seconds")


def finished(store: Store) -> int:
    with store.read() as connection:
        asked = sa.select(sa.func.count()).where(run.c.finished.is_not(None))
        return connection.scalar(asked) or 0


def untagged(store: Store) -> int:
    with store.read() as connection:
        asked = sa.select(sa.func.count()).select_from(paper).where(paper.c.tagged_by.is_(None))
        return connection.scalar(asked) or 0


def test_it_collects_and_tags_at_once(one_store: Store, arxiv: Server, tmp_path: Path) -> None:
    with running(one_store, tmp_path, config(arxiv.url)):
        wait_for(lambda: finished(one_store) == 1)
        with one_store.read() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(paper)) == 7
        wait_for(lambda: untagged(one_store) == 0)


def test_a_source_that_ran_just_now_is_left_alone(
    one_store: Store, arxiv: Server, tmp_path: Path
) -> None:
    made = config(arxiv.url, 'every = "6h"')
    for _ in range(2):  # as after a restart
        with running(one_store, tmp_path, made):
            wait_for(lambda: finished(one_store) == 1)
            time.sleep(0.5)
    assert finished(one_store) == 1


def test_after_a_long_sleep_an_overdue_source_runs_once(
    one_store: Store, arxiv: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last run is days ago, and each run takes longer than the time between two looks."""
    monkeypatch.setattr(schedule, "LOOK_EVERY", timedelta(seconds=0.2))
    made = config(arxiv.url, 'every = "6h"')
    long_ago = clock.wall() - timedelta(days=3)
    with one_store.write() as connection:
        runs.start(connection, "arxiv", long_ago, long_ago, False)
        connection.execute(sa.update(run).values(status="ok", finished=long_ago))

    def slow(_: Asked) -> Reply:
        time.sleep(1)
        return Reply(good_oai(), headers=XML)

    arxiv.routes["/oai"] = slow
    with running(one_store, tmp_path, made):
        wait_for(lambda: finished(one_store) == 2)
        time.sleep(1)
    assert finished(one_store) == 2


def test_a_clock_that_was_set_back_keeps_nothing_waiting() -> None:
    done = threading.Semaphore(0)
    scheduler = schedule.start([schedule.Job("once more", done.release, timedelta(minutes=1))])
    try:
        assert done.acquire(timeout=20)
        # What a clock that was set back by eight hours leaves behind.
        ahead = clock.wall() + timedelta(hours=8)
        for job in scheduler.get_jobs():
            scheduler.modify_job(job.id, next_run_time=ahead)
        assert done.acquire(timeout=20)
        assert not done.acquire(timeout=3)
    finally:
        scheduler.shutdown(wait=True)


def test_what_is_wanted_runs_before_it_is_due_and_once(
    one_store: Store, server: Server, tmp_path: Path
) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(_: Asked) -> Reply:
        asked.set()
        go_on.wait(10)
        return Reply(good_feed(), headers=XML)

    server.routes = {"/feed": Reply(good_feed(), headers=XML)}
    made = topics.parse(
        f"""
        [[sources]]
        name = "a-feed"
        kind = "feed"
        url = "{server.url}/feed"
        pace_seconds = 0
        """,
        "topics.toml",
    )
    with running(one_store, tmp_path, made):
        wait_for(lambda: finished(one_store) == 1)
        server.routes["/feed"] = slow
        want(one_store)
        assert asked.wait(20)
        want(one_store)  # while it runs: to be answered by a run of its own
        go_on.set()
        wait_for(lambda: finished(one_store) == 3)
        time.sleep(2.5)
    assert finished(one_store) == 3
    with one_store.read() as connection:
        assert wishes.waiting(connection) == {}
        assert wishes.latest(connection)["a-feed"].run_id == 3


def want(store: Store) -> None:
    with store.write() as connection:
        wishes.make(connection, "a-feed", clock.wall())


def test_it_ends_where_a_newer_daypaper_has_changed_the_schema(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings, made = Settings(data_dir=tmp_path), topics.parse("", "none")
    jobs = schedule.jobs(store, settings, made, Postman(store, settings, made))
    (job,) = (one for one in jobs if one.name == "look at the schema")
    assert job.shared
    told = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        schedule.guarded(job)
        assert not told.is_set()
        _set_schema(store, "9999")
        schedule.guarded(job)
        assert told.wait(5)
    finally:
        signal.signal(signal.SIGTERM, before)
        _set_schema(store, schema.known()[-1])
    assert "a newer Daypaper has changed the database" in caplog.text


def _set_schema(store: Store, number: str) -> None:
    with store.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :n"), {"n": number})
