"""What people asked for by hand: sources to be fetched now, whether they are due or not."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.sql import upsert, wish

_MINE = (wish.c.source == sa.bindparam("name")) & wish.c.run_id.is_(None)
WAITING = sa.select(wish.c.source).where(_MINE)
"""Of the source `name`: a row if there is a wish that no run has taken yet."""
_TAKE = sa.update(wish).where(_MINE).values(run_id=sa.bindparam("number"))


@dataclass(frozen=True, slots=True)
class Wish:
    """The latest asking for a source; `run_id` is the run that answers it, None while it waits."""

    asked_at: datetime
    run_id: int | None


def make(connection: Connection, source: str, now: datetime) -> None:
    """Somebody wants this source now; while a wish waits another one changes nothing."""
    if not is_waiting(connection, source):
        upsert(connection, wish, [{"source": source, "asked_at": now, "run_id": None}])


def is_waiting(connection: Connection, source: str) -> bool:
    """Is there a wish for this source that no run has taken yet?"""
    return connection.execute(WAITING, {"name": source}).first() is not None


def waiting(connection: Connection) -> dict[str, datetime]:
    """The sources that are wanted and that no run has taken yet -> since when."""
    asked = sa.select(wish.c.source, wish.c.asked_at).where(wish.c.run_id.is_(None))
    return {row.source: row.asked_at for row in connection.execute(asked)}


def latest(connection: Connection) -> dict[str, Wish]:
    """The latest asking for each source that anybody ever asked for."""
    rows = connection.execute(sa.select(wish))
    return {row.source: Wish(row.asked_at, row.run_id) for row in rows}


def take(connection: Connection, source: str, run_id: int) -> None:
    """A run of the source begins: it answers the wish that waits, if one does."""
    connection.execute(_TAKE, {"name": source, "number": run_id})
