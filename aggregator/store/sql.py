"""Small helpers that every store module shares."""

import hashlib
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from aggregator.store import account_tables, model_tables, people_tables, tables
from aggregator.store.keys import NextKey

T = TypeVar("T")

MANY = 500  # names per IN list: well below the limits of both databases

assert people_tables  # imported for its tables
assert model_tables
assert account_tables
_all = tables.SQLModel.metadata.tables
entry = _all["entry"]
paper = _all["paper"]
alias = _all["alias"]
mention = _all["mention"]
sighting = _all["sighting"]
newest = _all["newest"]
ruling = _all["ruling"]
citation = _all["citation"]
event = _all["event"]
tag = _all["tag"]
spending = _all["spending"]
upstream = _all["upstream"]
validated = _all["validated"]
checkpoint = _all["checkpoint"]
run = _all["run"]
wish = _all["wish"]
lookup = _all["lookup"]
person = _all["person"]
erased = _all["erased"]
watch = _all["watch"]
subscription = _all["subscription"]
letter = _all["letter"]
delivery = _all["delivery"]
feedback = _all["feedback"]
passed = _all["passed"]
token = _all["token"]
audit = _all["audit"]
kept = _all["kept"]
feedback_of_entry = _all["feedback_of_entry"]
kept_of_entry = _all["kept_of_entry"]
sign_in = _all["sign_in"]
session = _all["session"]
identity = _all["identity"]
model = _all["model"]
topic_state = _all["topic_state"]
tag_block = _all["tag_block"]
training = _all["training"]
topic_size = _all["topic_size"]
gone = _all["gone"]


TOLD_PAPER = sa.case((event.c.kind == "cited", event.c.cause), else_=event.c.paper_id)
"""The id of the paper that readers are told of by an event: of a citation it is the citing one."""


def is_sqlite(connection: Connection) -> bool:
    """Is this SQLite, and not PostgreSQL?"""
    return connection.dialect.name == "sqlite"


def lock_number(name: str) -> int:
    """The number of a named advisory lock: the same in every process, 63 bits."""
    return int.from_bytes(hashlib.blake2b(f"daypaper {name}".encode(), digest_size=8).digest()) >> 1


def one_at_a_time(connection: Connection, name: str) -> None:
    """Wait until no other transaction holds this name; held until this one ends. On SQLite a write
    transaction is alone anyway."""
    if connection.dialect.name != "sqlite":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock_number(name))))


def hold(connection: Connection, keys: Sequence[int]) -> None:
    """Lock subscriptions by key, always in the same order, so that two transactions that change
    several of them never wait for each other. On SQLite a write transaction is alone anyway."""
    if not is_sqlite(connection) and keys:
        asked = sa.select(subscription.c.pk).where(subscription.c.pk.in_(keys))
        connection.execute(asked.order_by(subscription.c.pk).with_for_update()).all()


def chunks(values: Sequence[T], size: int = MANY) -> Iterator[Sequence[T]]:
    """The values in slices of at most `size`."""
    rest = iter(values)
    while part := tuple(islice(rest, size)):
        yield part


def upsert(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the rows; where the primary key is there already, overwrite the other columns.

    One prepared statement for all rows: a VALUES list of 1,000 rows is nine times slower.
    """
    if rows:
        connection.execute(_upsert(is_sqlite(connection), table, tuple(rows[0])), rows)


@cache
def _upsert(sqlite: bool, table: Table, names: tuple[str, ...]) -> Any:
    keys = [column.name for column in table.primary_key]
    statement = _insert(sqlite, table)
    others = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=others)


def insert_missing(
    connection: Connection, table: Table, rows: Sequence[dict[str, Any]], keys: Sequence[str]
) -> None:
    """Insert the rows whose `keys` (a unique constraint) are not there yet."""
    if rows:
        statement = insert_into(connection, table).on_conflict_do_nothing(index_elements=list(keys))
        connection.execute(statement, rows)


def insert_into(connection: Connection, table: Table) -> Any:
    """An INSERT that can be given ON CONFLICT, for the database at hand."""
    return _insert(is_sqlite(connection), table)


def _insert(sqlite: bool, table: Table) -> Any:
    if sqlite:
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    return insert(table)


def next_keys(connection: Connection, table: Table, count: int) -> list[int]:
    """`count` free values for the table's key, ascending; needs a write transaction."""
    name = table.primary_key.columns[0].name
    if is_sqlite(connection):
        first = connection.execute(sa.select(NextKey(table.name, name))).scalar_one()
        return list(range(first, first + count))
    drawn = sa.select(NextKey(table.name, name)).select_from(
        sa.func.generate_series(1, count).alias("n")
    )
    return sorted(connection.scalars(drawn))
