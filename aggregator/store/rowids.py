"""Keys of SQLite's search index: the second of a paper's moment, then its `pk`.

So the index lies in the order of lists, and a walk from its end gives the newest hits first without
reading the others, however many papers have the words.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from aggregator.store.sql import chunks, paper

KEY_BITS = 28
"""A `pk` is below 2**28, 268 millions; 35 bits are left for seconds, a thousand years."""
_KEY = (1 << KEY_BITS) - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def rowid(at: datetime, pk: int) -> int:
    """The key in the index of the paper `pk`."""
    return joined(second(at), pk)


def second(at: datetime) -> int:
    """The second of a moment, since 1970."""
    return (at - _EPOCH) // timedelta(seconds=1)


def joined(at: int, pk: int) -> int:
    """The key in the index, from the second and the `pk`."""
    return at << KEY_BITS | pk


def of_columns(at: Any, pk: Any) -> ColumnElement[int]:
    """The same in SQL. Only whole seconds are read: SQLite would round what stands behind them."""
    second = sa.cast(sa.func.strftime("%s", sa.func.substr(at, 1, 19)), sa.Integer)
    return second.op("<<")(sa.literal_column(str(KEY_BITS))).op("|")(pk)


def key_of(column: Any) -> ColumnElement[int]:
    """The `pk` in a column of such keys."""
    return sa.type_coerce(column.op("&")(sa.literal_column(str(_KEY))), sa.Integer)


def of_papers(connection: Connection, keys: Sequence[int]) -> list[int]:
    """The keys in the index of stored papers, in its order."""
    found: list[int] = []
    for part in chunks(keys):
        asked = sa.select(paper.c.at, paper.c.pk).where(paper.c.pk.in_(part))
        found += [rowid(row.at, row.pk) for row in connection.execute(asked)]
    return sorted(found)
