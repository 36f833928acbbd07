"""Which schema a database has, which ones this program knows, and how it gets from one to the other.

Alembic is imported for the last only: it takes a tenth of the start of every command, and hardly any
start changes a schema.
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

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


def upgrade(engine: Engine, to: str) -> None:
    """Bring the database to this schema, or to the newest one, which is "head"."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, to)
