"""Where the engine of many workers keeps its queue: a schema of its own beside our tables."""

from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from sqlalchemy.exc import DatabaseError

from aggregator.errors import UsageError
from aggregator.store.db import Store
from aggregator.store.sql import one_at_a_time

SCHEMA = "daypaper_jobs"


def prepare(store: Store, version: str, ddl: str) -> None:
    """Make the tables of the engine; anew where another version of it made them, since what waits
    in the queue is due again by itself.

    Raises UsageError without PostgreSQL, or if it forbids a schema.
    """
    if store.is_sqlite:
        raise UsageError(
            "DAYPAPER_DATABASE_URL: several workers need PostgreSQL; this is an SQLite file."
        )
    try:
        with store.write() as connection:
            one_at_a_time(connection, "queue")
            asked = "SELECT obj_description(to_regnamespace(:name), 'pg_namespace')"
            if connection.scalar(sa.text(asked), {"name": SCHEMA}) == version:
                return
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
            connection.exec_driver_sql(f"SET LOCAL search_path TO {SCHEMA}")
            # The driver itself: many statements at once, and every % is meant.
            driver: Any = connection.connection.driver_connection
            driver.execute(ddl)
            comment = sql.SQL("COMMENT ON SCHEMA {} IS {}")
            driver.execute(comment.format(sql.Identifier(SCHEMA), sql.Literal(version)))
            connection.exec_driver_sql("SET LOCAL search_path TO DEFAULT")
    except (DatabaseError, psycopg.DatabaseError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise UsageError(f"The queue of the workers cannot be made: {reason}.") from error


def address(store: Store) -> tuple[str, str]:
    """(what libpq connects to, its options) of the queue."""
    url = store.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False), f"-c search_path={SCHEMA}"
