"""What the tables hold of entries, papers and events, column by column; and many rows put in at once,
past what SQLAlchemy does for each value."""

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection, Table

from aggregator.digest import rank
from aggregator.merge.keys import title_key
from aggregator.merge.merge import Merged
from aggregator.merge.people import people_key
from aggregator.models import Entry, Happening

Row = tuple[Any, ...]


def of_paper(
    paper_id: str, merged: Merged, topics: Sequence[dict[str, Any]], now: datetime
) -> dict[str, Any]:
    """The row of a paper, less its `pk`; `topics` are the tags that it keeps."""
    return {
        "id": paper_id,
        "kind": merged.kind,
        "title": merged.title,
        "at": merged.at,
        "heat": rank.hot(merged.doc["buzz"], merged.at),
        "changed_at": now,
        "withdrawn": merged.withdrawn,
        "starter": merged.starter,
        "venue": (merged.doc["venue"] or "").lower() or None,
        "provenance": merged.provenance,
        "doc": merged.doc | {"topics": topics},
        "tagged_by": None,  # what it says may have changed: the tagger looks again
    }


def of_entry(known: Entry, content: str, now: datetime) -> dict[str, Any]:
    """The row of an entry, less its `pk`; `content` is its digest."""
    draft = known.draft
    return {
        "key": draft.key,
        "kind": draft.kind,
        "native_id": draft.native_id,
        "version": draft.version,
        "role": draft.role,
        "paper_id": known.paper_id,
        "title": draft.title,
        "title_key": title_key(draft),
        "people_key": people_key(draft),
        "abstract": draft.abstract,
        "url": draft.url,
        "authors": list(draft.authors),
        "year": draft.year,
        "published": draft.published,
        "first_public": draft.first_public,
        "identifiers": dict(draft.identifiers),
        "about": draft.about,
        "mentions": list(draft.mentions),
        "fidelity": draft.fidelity,
        "dated": draft.dated,
        "extra": dict(draft.extra),
        "sources": list(known.sources),
        "digest": content,
        "seen_at": known.seen_at,
        "changed_at": now,
    }


def of_event(
    paper_id: str, happening: Happening, now: datetime, *, backfill: bool
) -> dict[str, Any]:
    """The row of an event that nobody knows yet, less its `id`."""
    return {
        "paper_id": paper_id,
        "kind": happening.kind,
        "cause": happening.cause,
        "at": happening.at,
        "seen_at": now,
        "backfill": backfill,
        "superseded": False,
    }


def packed(value: Any) -> str:
    """A plain value as JSON, without blanks. Raises ValueError for half a character."""
    try:
        return to_json(value).decode()
    except PydanticSerializationError as error:
        raise ValueError(f"no value for JSON: {error}") from error


class Plainly:
    """Rows of a table as plain tuples, as `put` takes them."""

    def __init__(self, table: Table, columns: Collection[str], *, sqlite: bool) -> None:
        """`columns` in the order of the tuples; `sqlite`: for SQLite, not PostgreSQL."""
        self._columns = [(name, _writer(table.c[name].type, sqlite=sqlite)) for name in columns]

    def __call__(self, row: dict[str, Any]) -> Row:
        return tuple(
            [write(row[name]) if write else row[name] for name, write in self._columns]  # faster
        )


def put(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    rows: Sequence[Row],
    binary: Sequence[str] = (),
) -> None:
    """Insert rows of plain values (texts, numbers, booleans, None), none of which is there yet.
    `binary`: for PostgreSQL, types of values that are to be sent as it has them itself; what it is to
    take as it stands is "bytea"."""
    if not rows:
        return
    named = ", ".join(f'"{name}"' for name in columns)
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {table} ({named}) VALUES ({places})", rows)  # type: ignore[arg-type]
        return
    raw: Any = connection.connection.driver_connection
    form = " (FORMAT BINARY)" if binary else ""
    with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({named}) FROM STDIN{form}") as copy:
        if binary:
            copy.set_types(binary)
        for row in rows:
            copy.write_row(row)


def among(connection: Connection, column: sa.ColumnElement[str], values: Iterable[str]) -> Any:
    """Is the column one of these texts? However many, they are one parameter."""
    given = list(values)
    if connection.dialect.name == "sqlite":
        each = sa.func.json_each(packed(given)).table_valued("value")
        return column.in_(sa.select(each.c.value))
    return column == sa.any_(sa.bindparam(None, given, type_=sa.ARRAY(sa.Text)))


def _writer(kind: Any, *, sqlite: bool) -> Callable[[Any], Any] | None:
    if isinstance(kind, sa.JSON):
        return packed
    if isinstance(getattr(kind, "impl", kind), sa.DateTime):
        return _sqlite_moment if sqlite else _moment
    return None


@lru_cache(maxsize=4096)  # papers of one day were announced at one moment
def _sqlite_moment(moment: datetime | None) -> str | None:
    """As SQLAlchemy writes it for SQLite: UTC, without saying so."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[:26] if moment else None


@lru_cache(maxsize=4096)
def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
