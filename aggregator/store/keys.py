"""Keys that the database counts. None is given a second time, though the newest row be deleted: readers
remember ids up to which they were told, letters the keys of subscriptions, processes those of papers.

PostgreSQL's sequences know what they gave. SQLite would give the highest key of the table and one, so
triggers note the highest key that was deleted (`tables.Gone`), and each new one is above it. AUTOINCREMENT
would do the same, but a table that is there would have to be copied for it, and each row would pay.
PostgreSQL has the triggers, too: a backup takes their notes along, and no sequences.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlmodel import Field

BIG = BigInteger().with_variant(Integer(), "sqlite")  # SQLite counts INTEGER keys only


class NextKey(ColumnElement[int]):
    """The next key of a table. Counted one after the other: one INSERT of several rows would get one
    key for all, and fail."""

    inherit_cache = False
    type = BIG

    def __init__(self, table: str, key: str) -> None:
        """`key` is the column of the table that is counted."""
        self.table, self.key = table, key


@compiles(NextKey, "sqlite")
def _on_sqlite(one: NextKey, _compiler: Any, **_: Any) -> str:
    return (
        f"(SELECT max(coalesce((SELECT max({one.key}) FROM {one.table}), 0), "
        f"coalesce((SELECT highest FROM gone WHERE name = '{one.table}'), 0)) + 1)"
    )


@compiles(NextKey, "postgresql")
def _on_postgres(one: NextKey, _compiler: Any, **_: Any) -> str:
    return f"nextval(pg_get_serial_sequence('{one.table}', '{one.key}'))"


def counted(column: str) -> Any:
    """The field of a key, named as `table.column`: a row that is inserted without one gets the next."""
    following = NextKey(*column.split("."))
    made = Column(BIG, primary_key=True, autoincrement=True, default=following)
    return Field(default=None, sa_column=made)
