"""How each source is, from the run history and what it brought."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.models import QUIET_STATUSES, Status
from aggregator.store.runs import INTERRUPTED
from aggregator.store.sql import entry, run


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


def newest_entry(connection: Connection, source: str, kind: str) -> datetime | None:
    """When the newest entry that this source of this kind brought was published."""
    ours = sa.cast(entry.c.sources, sa.Text).contains(f'"{source}"', autoescape=True)
    asked = sa.select(entry.c.published).where(entry.c.kind == kind, ours)
    return connection.scalar(asked.order_by(entry.c.published.desc()).limit(1))


def _runs(connection: Connection, ids: Select[tuple[int]]) -> dict[str, RunRow]:
    asked = sa.select(run).where(run.c.id.in_(ids))
    return {
        row.source: RunRow(row.at, row.started, row.finished, row.status, row.message, row.failures)
        for row in connection.execute(asked)
    }
