"""What people decided about entries, kept for good."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.rulings import NONE, Pair, Rulings
from aggregator.store.sql import ruling, upsert


def everything(connection: Connection) -> Rulings:
    """Every ruling; people make some, not thousands."""
    rows = connection.execute(sa.select(ruling.c.a, ruling.c.b, ruling.c.together)).all()
    if not rows:
        return NONE
    return Rulings(
        frozenset((row.a, row.b) for row in rows if row.together),
        frozenset((row.a, row.b) for row in rows if not row.together),
    )


def rule(
    connection: Connection, pairs: Collection[Pair], *, together: bool, by: str, at: datetime
) -> None:
    """Decide about these pairs; the latest word on a pair counts."""
    rows = [{"a": a, "b": b, "together": together, "by": by, "at": at} for a, b in sorted(pairs)]
    upsert(connection, ruling, rows)


def forget(connection: Connection, pairs: Collection[Pair], *, together: bool) -> None:
    """Take back what was decided this way about these pairs."""
    for a, b in pairs:
        mine = (ruling.c.a == a) & (ruling.c.b == b) & (ruling.c.together == together)
        connection.execute(sa.delete(ruling).where(mine))
