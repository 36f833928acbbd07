"""Which schema a database has, which ones this program knows, and how it gets from one to the other.

Alembic is imported for the last only: it takes a tenth of the start of every command, and hardly any
start changes a schema.
"""

import logging
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = sa.table("alembic_version", sa.column("version_num"))


def known() -> list[str]:
    """The numbers of the schemas that this program knows, oldest first: its migrations begin with them."""
    return sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def found(connection: Connection) -> str | None:
    """The number of the database's schema; None without one."""
    if not sa.inspect(connection).has_table(_VERSION.name):
        return None
    return connection.scalar(sa.select(_VERSION.c.version_num))


def upgrade(engine: Engine, begun: str | None, to: str) -> None:
    """Bring the database from the schema `begun` (None: from nothing) to this one, or to the newest one,
    which is "head". All of it or nothing; the log says how far it is where there is something to move."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    if begun:
        wanted = known()[-1] if to == "head" else to
        log.info("the database goes from schema %s to %s, or, interrupted, nowhere", begun, wanted)
        config.attributes["reached"] = lambda one: log.info("schema %s of %s", one, wanted)
    command.upgrade(config, to)
