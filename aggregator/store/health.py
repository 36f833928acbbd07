"""How each source is, from the run history and what it brought."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.models import QUIET_STATUSES, Status
from aggregator.store.runs import INTERRUPTED
from aggregator.store.sql import entry, run

RECENT = 2_000  # entries in which each source's newest one is looked for first


@dataclass(frozen=True, slots=True)
class RunRow:
    """One attempt at a source, as far as readers need it."""

    at: datetime  # logical
    started: datetime  # wall
    finished: datetime | None  # None: still running
    status: Status | None
    message: str
    failures: int


def newest_runs(connection: Connection) -> dict[str, RunRow]:
    """The newest run of each source, finished or not."""
    return _runs(connection, sa.select(sa.func.max(run.c.id)).group_by(run.c.source))


def last_finished(connection: Connection) -> dict[str, RunRow]:
    """The newest run of each source that was not interrupted."""
    ended = sa.select(sa.func.max(run.c.id)).where(
        run.c.status.is_not(None), run.c.message != INTERRUPTED
    )
    return _runs(connection, ended.group_by(run.c.source))


def last_successes(connection: Connection) -> dict[str, datetime]:
    """The logical moment of each source's newest run that had no trouble."""
    good = sa.select(run.c.source, sa.func.max(run.c.at)).where(run.c.status.in_(QUIET_STATUSES))
    return {row[0]: row[1] for row in connection.execute(good.group_by(run.c.source))}


def newest_entries(connection: Connection, names: list[str]) -> dict[str, datetime]:
    """When the newest entry of each source was published, as far as it has any.

    Looked for among the entries stored last; a source that has been quiet for long costs a walk
    back to its last entry.
    """
    recent = sa.select(entry.c.sources, entry.c.published).order_by(entry.c.pk.desc()).limit(RECENT)
    found: dict[str, datetime] = {}
    for sources, published in connection.execute(recent):
        for name in sources:
            found[name] = max(published, found.get(name, published))
    for name in names:
        if name not in found:
            quoted = sa.cast(entry.c.sources, sa.Text).contains(f'"{name}"', autoescape=True)
            asked = sa.select(entry.c.published).where(quoted).order_by(entry.c.pk.desc()).limit(1)
            published = connection.scalar(asked)
            if published:
                found[name] = published
    return found


def _runs(connection: Connection, ids: Select[tuple[int]]) -> dict[str, RunRow]:
    asked = sa.select(run).where(run.c.id.in_(ids))
    return {
        row.source: RunRow(row.at, row.started, row.finished, row.status, row.message, row.failures)
        for row in connection.execute(asked)
    }
