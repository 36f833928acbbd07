"""How each source is and was, from the run history and what it brought."""

from collections import defaultdict
from dataclasses import dataclass, fields
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.errors import UsageError
from aggregator.models import QUIET_STATUSES, Status
from aggregator.store.runs import INTERRUPTED
from aggregator.store.sql import newest, run

MOST_RUNS = 100  # on one page


@dataclass(frozen=True, slots=True)
class RunRow:
    """One attempt at a source, as far as readers need it."""

    id: int
    at: datetime  # logical
    started: datetime  # wall
    finished: datetime | None  # wall; None: still running
    status: Status | None
    message: str
    failures: int
    backfill: bool
    fetched: int
    new: int
    updated: int
    unchanged: int
    skipped: int
    requests: int


_COLUMNS = [run.c[field.name] for field in fields(RunRow)]


@dataclass(frozen=True, slots=True)
class Day:
    """How a source was on a day (UTC, logical): how its last run ended, and how often it was asked
    and in trouble. `status` None: it was not asked."""

    date: date
    status: Status | None = None
    message: str = ""
    runs: int = 0
    bad: int = 0


def newest_runs(connection: Connection, now: datetime) -> dict[str, RunRow]:
    """The newest run of each source up to this logical time, finished or not."""
    ids = sa.select(sa.func.max(run.c.id)).where(run.c.at <= now)
    return _runs(connection, ids.group_by(run.c.source))


def has_run_since(connection: Connection, source: str, now: datetime) -> bool:
    """Is there a run of the source after this logical time? Then that time is past."""
    later = sa.exists().where(run.c.source == source, run.c.at > now)
    return bool(connection.scalar(sa.select(later)))


def last_finished(connection: Connection, now: datetime) -> dict[str, RunRow]:
    """The newest run of each source up to then that was not interrupted."""
    ended = sa.select(sa.func.max(run.c.id)).where(
        run.c.at <= now, run.c.status.is_not(None), run.c.message != INTERRUPTED
    )
    return _runs(connection, ended.group_by(run.c.source))


def last_successes(connection: Connection, now: datetime) -> dict[str, datetime]:
    """The logical moment of each source's newest run up to then that had no trouble."""
    good = sa.select(run.c.source, sa.func.max(run.c.at)).where(
        run.c.at <= now, run.c.status.in_(QUIET_STATUSES)
    )
    return {row[0]: row[1] for row in connection.execute(good.group_by(run.c.source))}


def newest_entries(connection: Connection) -> dict[str, datetime]:
    """When the newest entry that each source brought was published."""
    rows = connection.execute(sa.select(newest.c.source, newest.c.published))
    return {row[0]: row[1] for row in rows}


def history(
    connection: Connection, source: str, limit: int, cursor: str = ""
) -> tuple[list[RunRow], str | None]:
    """(the runs of a source, newest first, after `cursor`; the cursor of the next page).

    Raises UsageError for a limit out of range or a cursor that is none.
    """
    if not 1 <= limit <= MOST_RUNS:
        raise UsageError(f"limit: {limit}; expected 1 to {MOST_RUNS}.")
    asked = sa.select(*_COLUMNS).where(run.c.source == source).order_by(run.c.id.desc())
    if cursor:
        if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 19):
            raise UsageError("cursor: expected the `next` of an answer to the same question.")
        asked = asked.where(run.c.id < int(cursor))
    found = [RunRow(*row) for row in connection.execute(asked.limit(limit + 1))]
    more = len(found) > limit
    return found[:limit], str(found[limit - 1].id) if more else None


def days(connection: Connection, since: datetime, until: datetime) -> dict[str, list[Day]]:
    """The days of each source on which it was asked, oldest first."""
    asked = (
        sa.select(run.c.source, run.c.at, run.c.status, run.c.message)
        .where(run.c.at >= since, run.c.at <= until, run.c.status.is_not(None))
        .order_by(run.c.id)
    )
    found: dict[str, dict[date, Day]] = defaultdict(dict)
    for row in connection.execute(asked):
        if row.message == INTERRUPTED:
            continue
        day = row.at.date()
        before = found[row.source].get(day, Day(day))
        bad = before.bad + (row.status not in QUIET_STATUSES)
        found[row.source][day] = Day(day, row.status, row.message, before.runs + 1, bad)
    return {name: [one for _, one in sorted(by_day.items())] for name, by_day in found.items()}


def _runs(connection: Connection, ids: Select[tuple[int]]) -> dict[str, RunRow]:
    asked = sa.select(run.c.source, *_COLUMNS).where(run.c.id.in_(ids))
    return {name: RunRow(*rest) for name, *rest in connection.execute(asked)}
