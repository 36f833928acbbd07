"""Databases to measure with, made for it and gone afterwards."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa

from aggregator.store.db import Store

SERVER = "postgresql+psycopg:///postgres"


@contextmanager
def sqlite(folder: Path) -> Iterator[Store]:
    """A new database in a folder."""
    with closing(Store(f"sqlite:///{folder / 'daypaper.sqlite3'}", folder)) as store:
        store.migrate()
        yield store


@contextmanager
def postgres(folder: Path) -> Iterator[Store | None]:
    """A database of its own on the server of the tests; None without one."""
    server = os.environ.get("DAYPAPER_TEST_DATABASE_URL", SERVER)
    url, name = sa.make_url(server), f"daypaper_bench_{os.getpid()}"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        admin = psycopg.connect(plain, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield None
        return
    with admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
        there = url.set(database=name).render_as_string(hide_password=False)
        with closing(Store(there, folder)) as store:
            store.migrate()
            yield store
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
