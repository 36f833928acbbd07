"""Connections, transactions, schema versions and locks, on SQLite and PostgreSQL."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import stamina
from filelock import lock_descriptor
from pydantic_core import from_json
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, OperationalError

from aggregator import acting, clock
from aggregator.errors import UsageError
from aggregator.store import audit, schema
from aggregator.store.claims import Claims
from aggregator.store.rows import packed
from aggregator.store.sql import lock_number

T = TypeVar("T")
BUSY_MS = 15_000  # how long a writer waits for another process's transaction
_POSTGRES_OPTIONS = "-c timezone=UTC -c max_parallel_workers_per_gather=0 -c jit=off"
"""Statements here take milliseconds, and are guessed to take much longer: to start helpers for one, or to
compile it, took several times as long as its answer."""


class Store:
    """A database and how to talk to it. `close` it when done."""

    def __init__(self, url: str, data_dir: Path) -> None:
        """Opens no connection yet. Raises UsageError if the URL is of no use."""
        self.data_dir = data_dir
        self.engine = _engine(url)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        # On SQLite a read transaction is a snapshot by itself.
        snapshot = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        self._reader = self.engine.execution_options(**snapshot)
        self._writer = self.engine.execution_options(daypaper_write=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; changes nothing."""
        with self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing. On SQLite it takes the write lock at once, since a
        transaction that reads first and then writes fails when another process wrote between. The
        first one of a person's act also writes the act into the audit log."""
        act = acting.current()
        unwritten = act if act and not act.written else None
        with self._writer.begin() as connection:
            yield connection
            if unwritten:
                audit.note(connection, unwritten, clock.wall())
        if unwritten:
            unwritten.written = True

    def insist(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in a write transaction, and again where another one was in the way: a deadlock
        that the database broke up, a lock that was held for too long, a connection that was lost.
        Raises what the last of six tries raised."""
        for attempt in stamina.retry_context(
            on=OperationalError, attempts=6, timeout=None, wait_initial=0.1, wait_max=5
        ):
            with attempt, self.write() as connection:
                return work(connection)
        raise AssertionError("stamina gives at least one attempt")

    @contextmanager
    def undone(self) -> Iterator[Connection]:
        """A write transaction that is taken back at its end: for what would happen."""
        with self._writer.connect() as connection, connection.begin() as transaction:
            yield connection
            transaction.rollback()

    def migrate(self, to: str = "head") -> None:
        """Bring the schema to the newest version, or up to an older one; safe to call at every
        start, by many processes.

        Raises UsageError if the database cannot be reached or was made by a newer Daypaper.
        """
        try:
            with self._lock("migrate"):
                found = self._known_schema()
                if found != (schema.known()[-1] if to == "head" else to):
                    schema.upgrade(self._writer, found, to)
        except DatabaseError as error:
            raise UsageError(unusable(error)) from error
        except OSError as error:
            raise UsageError(
                f"DAYPAPER_DATA_DIR: {self.data_dir} cannot be used: {error.strerror}."
            ) from None

    def is_current(self) -> bool:
        """Does the schema have the newest version? Raises OperationalError if it cannot be asked."""
        with self.read() as connection:
            return schema.found(connection) == schema.known()[-1]

    @staticmethod
    def knows(revision: str) -> bool:
        """Does this Daypaper know this version of the schema?"""
        return revision in schema.known()

    @contextmanager
    def upstream_lock(self, upstream: str) -> Iterator[None]:
        """Only one collector at a time asks an upstream; a second one waits. The lock dies with its
        holder: a file lock, or an advisory lock that ends with its connection."""
        with self._lock(f"upstream-{upstream}"):
            yield

    @contextmanager
    def backup_lock(self) -> Iterator[None]:
        """Held by a backup: two at once would write into one unfinished file. A second one waits."""
        with self._lock("backup"):
            yield

    def is_asked(self, upstream: str) -> bool:
        """Does any process hold this upstream's lock now?"""
        return self._is_held(f"upstream-{upstream}")

    @contextmanager
    def sender_lock(self, sender: str) -> Iterator[Callable[[], None]]:
        """Held by a sender of letters for as long as it lives. Gives a function to call before each
        letter: it raises OperationalError if the lock was lost together with its connection."""
        with self._lock(f"sender-{sender}") as check:
            yield check
        if self.is_sqlite:
            (self.data_dir / f"sender-{sender}.lock").unlink(missing_ok=True)

    def is_sending(self, sender: str) -> bool:
        """Does this sender live?"""
        alive = self._is_held(f"sender-{sender}")
        if not alive and self.is_sqlite:
            (self.data_dir / f"sender-{sender}.lock").unlink(missing_ok=True)
        return alive

    @contextmanager
    def claims(self, name: str) -> Iterator[Claims]:
        """Numbers of this name to share work by: see `Claims`. On SQLite all the work is one process's;
        another one waits here."""
        if self.is_sqlite:
            with self._lock(name):
                yield Claims(None, 0)
            return
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            claims = Claims(connection, lock_number(name) >> 32)
            try:
                yield claims
            finally:
                if not connection.invalidated:
                    claims.end()

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def _is_held(self, name: str) -> bool:
        if self.is_sqlite:
            with _locked(self.data_dir / f"{name}.lock", blocking=False) as free:
                return not free
        with self.engine.connect() as connection:  # the lock ends with the transaction
            free = sa.func.pg_try_advisory_xact_lock(lock_number(name))
            return not connection.scalar(sa.select(free))

    @contextmanager
    def _lock(self, name: str) -> Iterator[Callable[[], None]]:
        """Holds the lock; gives a function that raises OperationalError if it was lost."""
        if self.is_sqlite:
            with _locked(self.data_dir / f"{name}.lock"):
                yield lambda: None
            return
        key = {"n": lock_number(name)}
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("SELECT pg_advisory_lock(:n)"), key)
            try:
                yield lambda: connection.execute(sa.text("SELECT 1")).close()
            finally:
                if not connection.invalidated:
                    connection.execute(sa.text("SELECT pg_advisory_unlock(:n)"), key)

    def _known_schema(self) -> str | None:
        with self.read() as connection:
            found = schema.found(connection)
        if found is not None and not self.knows(found):
            raise UsageError(
                f"The database has schema {found}, which this Daypaper does not know; "
                "expected an older one: use the Daypaper that made it, or a newer one."
            )
        return found


@contextmanager
def _locked(path: Path, *, blocking: bool = True) -> Iterator[bool]:
    """A lock on this file, which ends with its holder. Not `blocking`, it gives False if another has it.
    `FileLock` takes ten times as long for the same."""
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            continue
        try:
            got = lock_descriptor(descriptor, blocking=blocking)
            if got and _is_gone(descriptor, path):
                continue
            yield got
            return
        finally:
            os.close(descriptor)


def _is_gone(descriptor: int, path: Path) -> bool:
    """Was the file removed while its lock was waited for? Others would lock another of its name."""
    try:
        return not os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return True


def unusable(error: DBAPIError) -> str:
    """What the database says of itself, as a sentence."""
    said = str(error.orig).strip().splitlines()[0].rstrip(".") if error.orig else "no answer"
    return f"The database cannot be used: {said}."


def _engine(url: str) -> Engine:
    try:
        return _engine_of(sa.make_url(url))
    except (ArgumentError, ValueError):  # what it says may hold a part of the password
        raise UsageError(
            "DAYPAPER_DATABASE_URL: not a database URL; expected sqlite:///FILE or "
            "postgresql+psycopg://USER:PASSWORD@HOST/NAME."
        ) from None


def _engine_of(parsed: URL) -> Engine:
    name = parsed.get_backend_name()
    if name == "sqlite":
        engine = sa.create_engine(
            parsed,
            hide_parameters=True,
            json_serializer=packed,
            json_deserializer=from_json,  # twice as quick as the standard library
            # With None the driver starts no transaction by itself: DDL is rolled back too.
            connect_args={"timeout": BUSY_MS / 1000, "isolation_level": None},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        event.listen(engine, "invalidate", _let_go_sqlite)
        return engine
    if name == "postgresql":
        engine = sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            json_serializer=packed,
            json_deserializer=from_json,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "options": _POSTGRES_OPTIONS},
        )
        event.listen(engine, "connect", _prepare_postgres)
        return engine
    raise UsageError(
        f"DAYPAPER_DATABASE_URL: {name} is not supported; expected sqlite or postgresql."
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Most documents are longer than SQLite's usual page, and lay on several: a tenth of the file, and a
    # fifth of the time of storing. Of a file that is there already it changes nothing.
    # NORMAL with WAL: a power cut may lose the last transaction, never the file.
    for pragma in (
        "page_size=8192",
        "journal_mode=WAL",
        "synchronous=NORMAL",
        f"busy_timeout={BUSY_MS}",
        "foreign_keys=ON",
        "cache_size=-65536",
        "temp_store=MEMORY",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _let_go_sqlite(connection: Any, _record: Any, _error: Any) -> None:
    # After Ctrl-C it is closed, but its transaction lives on, with the lock, until nobody holds its last
    # statement any more: what is written on the way out would wait for that, and fail.
    with suppress(sqlite3.Error):
        connection.rollback()


def _prepare_postgres(connection: Any, _record: Any) -> None:
    # Half of what storing a paper takes is packing its texts; not every server is built with LZ4.
    connection.execute(
        "SELECT set_config(name, 'lz4', false) FROM pg_settings "
        "WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)"
    )
    connection.commit()


def _begin_sqlite(connection: Connection) -> None:
    # Of the driver itself, which takes a tenth of the time.
    writes = connection.get_execution_options().get("daypaper_write", False)
    driver: Any = connection.connection.driver_connection
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    try:
        driver.execute(begin)
    except sqlite3.Error as error:
        raise DBAPIError.instance(begin, None, error, sqlite3.Error) from error
