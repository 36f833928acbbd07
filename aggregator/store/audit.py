"""The audit log: one line for each request or command that changed something."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.acting import Act
from aggregator.store.sql import audit

KEPT = timedelta(days=365)
"""A year: long enough to find out who changed what stands since last winter."""
_LONGEST = 500  # signs of a column; names come from outside


@dataclass(frozen=True, slots=True)
class Line:
    """One act."""

    at: datetime
    who: str
    what: str
    about: str
    place: str


def note(connection: Connection, act: Act, now: datetime) -> None:
    """Write an act down; lines older than `KEPT` go."""
    connection.execute(sa.delete(audit).where(audit.c.at < now - KEPT))
    values = {
        "who": act.who,
        "what": act.what,
        "about": ", ".join(act.about),
        "place": act.place,
    }
    cut = {name: value.replace("\x00", "")[:_LONGEST] for name, value in values.items()}
    connection.execute(sa.insert(audit).values(at=now, **cut))


def newest(connection: Connection, since: datetime | None, limit: int) -> Sequence[Line]:
    """The latest lines, the newest first."""
    columns = (audit.c.at, audit.c.who, audit.c.what, audit.c.about, audit.c.place)
    asked = sa.select(*columns).order_by(audit.c.at.desc(), audit.c.pk.desc()).limit(limit)
    if since is not None:
        asked = asked.where(audit.c.at >= since)
    return [Line(*row) for row in connection.execute(asked)]
