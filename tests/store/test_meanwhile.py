"""What a database does beside an import: it is done at the end, is bounded, and is heard of if it fails."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from aggregator.files import bulk
from aggregator.store.db import Store
from aggregator.store.meanwhile import tidied
from aggregator.store.sql import paper
from tests.bench.bulk import write_snapshot
from tests.conftest import sqlite_store
from tests.drafts import preprint
from tests.filled import put

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
MEGABYTE = 2**20


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    with closing(sqlite_store(tmp_path)) as store:
        yield store


def copies_log_by_itself(store: Store) -> int:
    with store.read() as connection:
        return int(connection.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one())


def test_sqlite_copies_its_log_by_itself_again_afterwards(sqlite: Store) -> None:
    before = copies_log_by_itself(sqlite)
    with tidied(sqlite):
        assert copies_log_by_itself(sqlite) == 0
    assert copies_log_by_itself(sqlite) == before > 0


def test_sqlites_log_begins_anew(sqlite: Store) -> None:
    log = sqlite.data_dir / "daypaper.sqlite3-wal"
    with tidied(sqlite, longest=0) as tidy:
        for n in range(12):
            with sqlite.write() as connection:
                connection.exec_driver_sql(f"CREATE TABLE t{n} AS SELECT randomblob({MEGABYTE})")
            tidy()
        assert log.stat().st_size < 3 * MEGABYTE


def test_postgresql_has_no_words_left_to_sort(store: Store, tmp_path: Path) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite sorts words by itself")
    file = tmp_path / "snapshot.json"
    write_snapshot(file, 600)
    bulk.load(store, file, "auto", NOW, lambda _: None)
    with store.write() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(paper)) == 600
        left = "SELECT gin_clean_pending_list('ix_paper_search_document')"
        assert connection.exec_driver_sql(left).scalar_one() == 0


def test_what_went_wrong_is_said(sqlite: Store) -> None:
    file = sqlite.data_dir / "daypaper.sqlite3"
    with ExitStack() as stack:
        tidy = stack.enter_context(tidied(sqlite))
        file.unlink()
        file.mkdir()
        tidy()
        with pytest.raises(OperationalError):
            tidy()


def test_postgresql_is_looked_through_after_many(store: Store) -> None:
    if store.is_sqlite:
        pytest.skip("SQLite's planner goes by no counts here")

    def counted() -> float:
        with store.read() as connection:
            asked = "SELECT reltuples FROM pg_class WHERE oid = 'paper'::regclass"
            return connection.exec_driver_sql(asked).scalar_one()

    put(store, *(preprint(f"1711.{n:05d}", title=f"Kites {n}") for n in range(137)))
    before = counted()
    for times, expected in ((1, before), (2, 137)):
        with tidied(store) as tidy:
            for _ in range(times):
                tidy()
        assert counted() == expected
    assert before != 137
