"""What tests share: a migrated store on each database, a small web server on loopback, a clock."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
import sqlalchemy as sa
import stamina
from hypothesis import settings
from psycopg import sql
from sqlmodel import SQLModel

from aggregator.store.db import Store
from tests.server import Server

SHARED = Path(__file__).resolve().parents[1].parent / "shared"
FILE = "daypaper.sqlite3"
NOW = datetime(2017, 11, 13, 12, tzinfo=UTC)
FULL = 40 * 2**20  # bytes of a database whose empty tables are more dead rows than pages

# How long an example takes says how busy the machine is; what hangs is ended by pytest's own time limit.
settings.register_profile("daypaper", deadline=None)
settings.load_profile("daypaper")


def _postgres_url() -> str | None:
    """The server named by DAYPAPER_TEST_DATABASE_URL, or one that answers on the local socket."""
    given = os.environ.get("DAYPAPER_TEST_DATABASE_URL")
    candidate = given or "postgresql+psycopg:///postgres"
    try:
        psycopg.connect(_plain(candidate), connect_timeout=3).close()
    except psycopg.OperationalError:
        if given:
            raise
        return None
    return candidate


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


@pytest.fixture(scope="session")
def postgres(worker_id: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A migrated store in a PostgreSQL database of its own, dropped at the end."""
    server = _postgres_url()
    if server is None:
        pytest.skip("no PostgreSQL: set DAYPAPER_TEST_DATABASE_URL to a server for these tests")
    name = f"daypaper_test_{os.getpid()}_{worker_id}"
    with psycopg.connect(_plain(server), autocommit=True) as admin:
        # Sorted as people sort, blanks passed over: what holds there holds under "C" too.
        as_people = (
            "TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US-u-ka-shifted'"
        )
        named = sql.Identifier(name)
        try:
            admin.execute(sql.SQL("CREATE DATABASE {} " + as_people).format(named))
        except psycopg.errors.SyntaxError:  # before PostgreSQL 15
            admin.execute(sql.SQL("CREATE DATABASE {}").format(named))
    store = Store(str(_with_database(server, name)), tmp_path_factory.mktemp("data"))
    store.migrate()
    yield store
    store.close()
    with psycopg.connect(_plain(server), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _with_database(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated store; each test that asks for it runs on both databases."""
    if request.param == "postgres":
        made: Store = request.getfixturevalue("postgres")
        with made.write() as connection:
            empty_tables(connection)
        yield made
        return
    made = sqlite_store(tmp_path)
    yield made
    made.close()


def empty_tables(connection: sa.Connection) -> None:
    """Take everything out of a PostgreSQL store. `TRUNCATE` makes the files of each table anew, which takes
    most of a second: only once what was deleted lies in the way."""
    tables = [table.name for table in SQLModel.metadata.sorted_tables] + ["paper_search"]
    tables.sort(key=lambda name: name != "gone")  # emptied last: it notes what goes from the others
    if connection.scalar(sa.text("SELECT pg_database_size(current_database())")) > FULL:
        connection.execute(sa.text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY CASCADE"))
        return
    for table in reversed(tables):
        connection.execute(sa.text(f"DELETE FROM {table}"))
    sequences = (
        "FROM pg_class WHERE relkind = 'S' AND relnamespace = current_schema()::regnamespace"
    )
    connection.execute(sa.text(f"SELECT setval(oid::regclass, 1, false) {sequences}"))


def sqlite_store(folder: Path) -> Store:
    """A migrated SQLite store in this folder, the one that is there or an empty one: a copy, since
    migrating takes a hundred times as long."""
    file = folder / FILE
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_migrated())
    return Store(f"sqlite:///{file}", folder)


@cache
def _migrated() -> bytes:
    """An empty database of the newest schema."""
    with TemporaryDirectory() as name:
        file = Path(name) / FILE
        store = Store(f"sqlite:///{file}", Path(name))
        store.migrate()
        store.close()
        return file.read_bytes()


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server on loopback that answers what the test tells it to."""
    with Server() as running:
        yield running


@pytest.fixture(scope="session", autouse=True)
def no_waiting() -> Iterator[None]:
    """Retries follow at once (stamina's own switch for tests)."""
    stamina.set_testing(True, attempts=3)
    yield
    stamina.set_testing(False)


@pytest.fixture(scope="session")
def worker_id(request: pytest.FixtureRequest) -> str:
    """The name of this test process, also where tests run in one process only."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")
