"""What a database has to do with what an import stored, done over a connection of its own while the import
makes the next papers ready: else it waits for the disk, or for one processor of several."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from aggregator.store import search
from aggregator.store.db import Store

log = logging.getLogger(__name__)

_FILLED = ("paper", "entry", "alias", "event", "sighting", "paper_search")
_LONGEST = 32_768
"""Pages of SQLite's log, 256 MB in a store of today: from there on it is waited for, so that the log begins
anew."""


@contextmanager
def tidied(store: Store, longest: int = _LONGEST) -> Iterator[Callable[[], None]]:
    """Gives what is to be called after each transaction; `longest`: pages of the log. Raises what went
    wrong meanwhile, at the next call or at the end."""
    tidy = _copy_log if store.is_sqlite else _sort_words
    with _log_not_copied(store.engine, store.is_sqlite), ThreadPoolExecutor(1, "tidy") as thread:
        under_way: list[Future[int]] = []
        many = False

        def go_on() -> None:
            nonlocal many
            many = bool(under_way)
            long = under_way.pop().result() if under_way else 0
            under_way.append(thread.submit(tidy, store))
            if long > longest:
                under_way[0].result()

        yield go_on
        for last in under_way:
            last.result()
        if many and not store.is_sqlite:
            _look_through(store)


def _copy_log(store: Store) -> int:
    """SQLite's write-ahead log into the database; gives its pages."""
    with store.read() as connection:
        row = connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)").one()
    return int(row.log)


def _sort_words(store: Store) -> int:
    with store.write() as connection:
        search.sort_in(connection)
    return 0


def _look_through(store: Store) -> None:
    """PostgreSQL's planner goes by what tables held when they were last looked through, which it else does
    some time later: nothing is lost if it cannot be now."""
    try:
        with store.write() as connection:
            connection.exec_driver_sql(f"ANALYZE {', '.join(_FILLED)}")
    except DBAPIError as error:
        log.info("PostgreSQL has not looked through what was stored: %s", error.orig)


@contextmanager
def _log_not_copied(engine: Engine, sqlite: bool) -> Iterator[None]:
    """SQLite's connections that are opened herein leave its log alone when they commit."""
    if not sqlite:
        yield
        return
    event.listen(engine, "connect", _leave_log)
    engine.dispose()
    try:
        yield
    finally:
        event.remove(engine, "connect", _leave_log)
        engine.dispose()


def _leave_log(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA wal_autocheckpoint=0")
