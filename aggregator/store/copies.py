"""Every row of a store as plain JSON values, and back into an empty store, on either database.

Tables are read as the database has them, not as this program would make them, so that a copy taken
at an older schema can be loaded at that schema and migrated then.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, Connection, MetaData, Table

from aggregator.clock import iso
from aggregator.store import search
from aggregator.store.sql import chunks, is_sqlite, paper

NOT_COPIED = ("alembic_version", "paper_fts", "paper_search", "session", "sign_in", "topic_size")
"""First letters of tables that are made anew: the schema's number, the search index, the sizes of
topics, which count themselves, and who is signed in, so that no old copy lets anybody in again who has
signed out since."""

_AT_ONCE = 2_000  # rows


def tables(connection: Connection) -> list[Table]:
    """Every table to copy, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection, only=lambda name, _: not name.startswith(NOT_COPIED))
    return metadata.sorted_tables


def count(connection: Connection, table: Table) -> int:
    """How many rows a table has."""
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def rows(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """The rows of a table in the order of their keys, moments as ISO 8601 in UTC."""
    asked = sa.select(table).order_by(*table.primary_key.columns)
    found = connection.execution_options(yield_per=_AT_ONCE).execute(asked)
    for row in found.mappings():
        yield {name: _plain(value) for name, value in row.items()}


def load(connection: Connection, table: Table, given: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows that `rows` gave; their columns must be those of the table.

    Raises ValueError for a column or a moment that is none.
    """
    moments = [c.name for c in table.columns if isinstance(c.type, sa.DateTime)]
    for column in table.columns:
        if isinstance(column.type, sa.JSON) and column.nullable:
            column.type.none_as_null = True
    known = {column.name for column in table.columns}
    for part in chunks(given, _AT_ONCE):
        for row in part:
            if set(row) != known:
                odd = sorted(set(row) ^ known)
                raise ValueError(f"a row of {table.name} differs in {', '.join(odd)}")
        connection.execute(sa.insert(table), [_restored(row, moments) for row in part])


def finish(connection: Connection, loaded: Sequence[Table]) -> None:
    """After the last table: let the database count on from the highest keys that there were."""
    if is_sqlite(connection):
        return
    # A copy of an older schema has no `gone`; the migration that makes it looks for what it can find.
    gone = next((table for table in loaded if table.name == "gone"), None)
    for table in loaded:
        column = _counted(table)
        if column is not None:
            sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
            highest = sa.select(sa.func.max(column)).scalar_subquery()
            if gone is not None:
                deleted = sa.select(gone.c.highest).where(gone.c.name == table.name)
                highest = sa.func.greatest(highest, deleted.scalar_subquery())
            # A sequence that gave nothing yet keeps its start.
            known = sa.select(sa.func.setval(sequence, highest)).where(highest.is_not(None))
            connection.execute(known.where(sequence.is_not(None)))


def index_papers(connection: Connection) -> Iterator[int]:
    """Fill the empty search index from the papers; gives how many so far."""
    done = 0
    last = 0
    asked = sa.select(paper.c.pk, paper.c.at, paper.c.doc).order_by(paper.c.pk).limit(_AT_ONCE)
    while found := connection.execute(asked.where(paper.c.pk > last)).all():
        # by the moment of the row, which is what the index is asked by
        search.store(connection, [(row.pk, row.doc | {"at": iso(row.at)}) for row in found])
        done, last = done + len(found), found[-1].pk
        yield done


def _counted(table: Table) -> Column[Any] | None:
    """The column that the database numbers by itself."""
    keys = list(table.primary_key.columns)
    return keys[0] if len(keys) == 1 and isinstance(keys[0].type, sa.Integer) else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):  # SQLite keeps UTC without saying so
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC).isoformat()
    return value


def _restored(row: Mapping[str, Any], moments: Sequence[str]) -> dict[str, Any]:
    found = dict(row)
    for name in moments:
        if found[name] is not None:
            found[name] = datetime.fromisoformat(found[name])
    return found
