"""The database as such: schema, transactions, locks, on SQLite and PostgreSQL."""

import threading
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel

from aggregator.errors import UsageError
from aggregator.merge.plan import Counts
from aggregator.store import db, ledger, runs, schema
from aggregator.store.db import Store
from aggregator.store.sql import checkpoint, run, upstream
from tests.conftest import NOW, sqlite_store

SEARCH = ("paper_fts", "paper_search")  # made by hand, another on each database


def test_the_migrated_schema_is_that_of_the_tables(store: Store) -> None:
    def ours(_: Any, name: str | None, kind: str, *__: Any) -> bool:
        return not (kind == "table" and (name or "").startswith(SEARCH))

    with store.read() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": ours})
        assert compare_metadata(context, SQLModel.metadata) == []
    assert store.is_current()


def test_schemas_are_known_by_the_names_of_their_files() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS)).walk_revisions()
    assert schema.known() == [script.revision for script in scripts][::-1]


def test_migrating_again_changes_nothing(store: Store) -> None:
    with store.write() as connection:
        ledger.save_checkpoints(connection, "arxiv", {"s": {"n": 1}})
    store.migrate()
    with store.read() as connection:
        assert ledger.checkpoints(connection, "arxiv") == {"s": {"n": 1}}


def test_an_older_database_says_how_far_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "aggregator")
    with closing(Store(f"sqlite:///{tmp_path / 'd'}", tmp_path)) as store:
        store.migrate("0020")
        assert caplog.messages == []  # a new one is made in a moment
        store.migrate("0022")
        store.migrate("0022")
    assert caplog.messages == [
        "the database goes from schema 0020 to 0022, or, interrupted, nowhere",
        "schema 0021 of 0022",
        "schema 0022 of 0022",
    ]


def test_a_schema_of_the_future_is_refused(tmp_path: Path) -> None:
    with closing(Store(f"sqlite:///{tmp_path / 'x.db'}", tmp_path)) as made:
        assert not made.is_current()
        made.migrate()
        with made.write() as connection:
            connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
        with pytest.raises(UsageError, match="schema 9999, which this Daypaper does not know"):
            made.migrate()


def test_a_database_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody:hunter2@127.0.0.1:9/none"
    with closing(Store(url, tmp_path)) as made, pytest.raises(UsageError) as caught:
        made.migrate()
    assert "The database cannot be used" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_postgres_starts_no_helpers_and_compiles_nothing_for_short_answers(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite does neither.")
    with store.read() as connection:
        for name, value in (("max_parallel_workers_per_gather", "0"), ("jit", "off")):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar_one() == value


def test_a_failed_transaction_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.write() as connection:
            ledger.save_checkpoints(connection, "arxiv", {"s": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with store.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(checkpoint)) == 0


def test_a_writer_that_is_interrupted_lets_go_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C: what is written on the way out must not wait for what was being written."""
    monkeypatch.setattr(db, "BUSY_MS", 3_000)
    store = Store(store.engine.url.render_as_string(hide_password=False), store.data_dir)

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    rows = [{"name": f"kites{n}", "cooldown_reason": ""} for n in range(3)]

    def write() -> None:
        with store.write() as connection:
            event.listen(connection, "after_cursor_execute", interrupted)
            connection.execute(sa.insert(upstream), rows)

    with closing(store):
        with pytest.raises(KeyboardInterrupt) as caught:
            write()
        assert caught.traceback  # and by it all that was under way
        with store.write() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(upstream)) == 0


def test_writers_that_read_first_do_not_lose_writes(store: Store) -> None:
    """Ten threads take ten slots of an upstream each: every slot is given once."""
    starts: list[Any] = []

    def take() -> None:
        for _ in range(10):
            with store.write() as connection:
                starts.append(ledger.reserve(connection, "arxiv", timedelta(seconds=1), NOW))

    with store.write() as connection:
        ledger.reserve(connection, "arxiv", timedelta(), NOW)
    threads = [threading.Thread(target=take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(starts) == [NOW + timedelta(seconds=n) for n in range(100)]


def test_a_second_holder_of_a_lock_waits(store: Store) -> None:
    order: list[str] = []

    def second() -> None:
        with store.upstream_lock("arxiv"):
            order.append("second")

    with store.upstream_lock("arxiv"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]


def test_a_lock_whose_file_was_removed_meanwhile_is_taken_on_the_new_file(tmp_path: Path) -> None:
    held, go_on = threading.Event(), threading.Event()
    with closing(sqlite_store(tmp_path)) as store:

        def second() -> None:
            with store.upstream_lock("arxiv"):
                held.set()
                go_on.wait(10)

        with store.upstream_lock("arxiv"):
            thread = threading.Thread(target=second)
            thread.start()
            time.sleep(0.2)  # it has opened the file
            (tmp_path / "upstream-arxiv.lock").unlink()
        assert held.wait(10)
        assert store.is_asked("arxiv")
        go_on.set()
        thread.join(10)
        assert not store.is_asked("arxiv")


def test_a_writer_that_finds_the_database_locked_says_so_as_all_others_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_MS", 20)
    with (
        closing(sqlite_store(tmp_path)) as one,
        closing(sqlite_store(tmp_path)) as other,
        one.write(),
        pytest.raises(OperationalError, match="locked"),
        other.write(),
    ):
        raise AssertionError("two write at once")


def test_checkpoints_move_and_are_forgotten(store: Store) -> None:
    with store.write() as connection:
        ledger.save_checkpoints(connection, "a", {"x": {"n": 1}, "y": [1, "二"]})
        ledger.save_checkpoints(connection, "a", {"x": None, "y": "later"})
        ledger.save_checkpoints(connection, "b", {"y": 3})
        assert ledger.checkpoints(connection, "a") == {"y": "later"}


def test_cooldowns_end_in_logical_time(store: Store) -> None:
    later = NOW + timedelta(hours=1)
    with store.write() as connection:
        ledger.cool_down(connection, "reddit", later, "too many")
        assert ledger.cooldown(connection, "reddit", NOW) == (later, "too many")
        assert ledger.cooldown(connection, "reddit", later) is None
        assert ledger.cooldown(connection, "arxiv", NOW) is None
        assert connection.scalar(sa.select(upstream.c.next_allowed)) is None


def test_look_ups_are_tried_three_times_a_day_apart(store: Store) -> None:
    with store.write() as connection:
        ledger.want(connection, {"arxiv:1", "arxiv:2", "doi:10.1/x"})
        tries = []
        for day in range(6):
            now = NOW + timedelta(days=day)
            wanted = ledger.wanted(connection, "arxiv", 10, now)
            tries.append(wanted)
            ledger.looked_up(connection, {f"arxiv:{w}" for w in wanted}, {"arxiv:1"}, now)
            assert ledger.wanted(connection, "arxiv", 10, now) == []
    assert tries == [["1", "2"], ["2"], ["2"], [], [], []]


def finish(store: Store, run_id: int, status: Any, failures: int) -> None:
    with store.write() as connection:
        runs.finish(
            connection, run_id, status, "m", Counts(), skipped=0, requests=1, failures=failures, wall=NOW
        )  # fmt: skip


def begin(store: Store, days: int = 0) -> int:
    with store.write() as connection:
        moment = NOW + timedelta(days=days)
        return runs.start(connection, "arxiv", moment, moment, False)


def test_a_killed_run_is_closed_and_does_not_count(store: Store) -> None:
    finish(store, begin(store), "failed", 2)
    begin(store, 1)  # killed
    begin(store, 2)
    with store.read() as connection:
        last = runs.last(connection, "arxiv", NOW + timedelta(days=9))
        assert last is not None
        assert (last.at, last.status, last.failures) == (NOW, "failed", 2)
        assert not runs.standing(connection, "arxiv", NOW, NOW).ever_good
        states = list(connection.scalars(sa.select(run.c.status).order_by(run.c.id)))
    assert states == ["failed", "failed", None]


def test_where_something_is_amiss_in_each_run_the_last_good_one_had_all(store: Store) -> None:
    def had_all(day: int) -> datetime | None:
        moment = NOW + timedelta(days=day)
        with store.read() as connection:
            return runs.standing(connection, "arxiv", moment, moment).had_all

    finish(store, begin(store), "failed", 1)
    assert had_all(1) is None
    for day, status in enumerate(("mismatch", "partial", "failed"), 1):
        finish(store, begin(store, day), status, day)
    assert (had_all(1), had_all(9)) == (NOW + timedelta(days=1), NOW + timedelta(days=2))
    finish(store, begin(store, 10), "ok", 0)
    finish(store, begin(store, 11), "mismatch", 1)
    assert had_all(12) == NOW + timedelta(days=10)


def test_history_is_kept_for_90_days_and_the_last_good_run_for_ever(store: Store) -> None:
    for day in (0, 1, 2):
        finish(store, begin(store, day), "ok", 0)
    finish(store, begin(store, 200), "failed", 1)
    begin(store, 400)
    with store.read() as connection:
        kept = list(connection.scalars(sa.select(run.c.at).order_by(run.c.id)))
        assert runs.standing(connection, "arxiv", NOW, NOW).ever_good
    assert kept == [NOW + timedelta(days=day) for day in (2, 200, 400)]
