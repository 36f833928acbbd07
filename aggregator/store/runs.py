"""Run history: one row per attempt at a source; the newest says how the source is."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.plan import Counts
from aggregator.models import QUIET_STATUSES, Status
from aggregator.sources.base import LastRun
from aggregator.store.sql import run

KEPT = timedelta(days=90)  # of history; the last good run stays however old it is
INTERRUPTED = "The process ended before this run was finished; what it had stored is kept."


def start(connection: Connection, source: str, at: datetime, wall: datetime, backfill: bool) -> int:
    """Begin a run; returns its id. Only one collector asks an upstream at a time, so an unfinished
    run of this source was killed: it is closed as failed, without counting as a failure of the
    upstream. History older than `KEPT` goes."""
    good = sa.select(sa.func.max(run.c.id)).where(run.c.source == source, _was_good())
    connection.execute(
        sa.delete(run).where(
            run.c.source == source, run.c.started < wall - KEPT, run.c.id < good.scalar_subquery()
        )
    )
    connection.execute(
        sa.update(run)
        .where(run.c.source == source, run.c.finished.is_(None))
        .values(finished=wall, status="failed", message=INTERRUPTED)
    )
    values = {
        "source": source,
        "at": at,
        "started": wall,
        "message": "",
        "backfill": backfill,
        **dict.fromkeys(
            ("fetched", "new", "updated", "unchanged", "skipped", "requests", "failures"), 0
        ),
    }
    made = connection.execute(sa.insert(run).values(**values).returning(run.c.id))
    return int(made.scalar_one())


def progress(connection: Connection, run_id: int, message: str) -> None:
    """Say how far a run is."""
    connection.execute(sa.update(run).where(run.c.id == run_id).values(message=message))


def finish(
    connection: Connection,
    run_id: int,
    status: Status,
    message: str,
    counts: Counts,
    *,
    skipped: int,
    requests: int,
    failures: int,
    wall: datetime,
) -> None:
    """Close a run with its outcome."""
    connection.execute(
        sa.update(run)
        .where(run.c.id == run_id)
        .values(
            finished=wall,
            status=status,
            message=message,
            fetched=counts.fetched,
            new=counts.new,
            updated=counts.updated,
            unchanged=counts.unchanged,
            skipped=skipped,
            requests=requests,
            failures=failures,
        )
    )


def last(connection: Connection, source: str, now: datetime) -> LastRun | None:
    """The last finished run of the source up to this logical time, interrupted ones left out."""
    row = connection.execute(
        sa.select(run.c.at, run.c.status, run.c.failures)
        .where(run.c.source == source, run.c.status.is_not(None), run.c.message != INTERRUPTED)
        .where(run.c.at <= now)
        .order_by(run.c.id.desc())
        .limit(1)
    ).first()
    return LastRun(row.at, row.status, row.failures) if row else None


def ever_good(connection: Connection, source: str) -> bool:
    """Did the source ever finish a run that was not refused or unreachable?"""
    asked = sa.select(run.c.id).where(run.c.source == source, _was_good())
    return connection.execute(asked.limit(1)).first() is not None


def first_good(connection: Connection, source: str) -> datetime | None:
    """When (logical time) the first run was that was not refused or unreachable, as far as the history
    goes back; None if there was none."""
    asked = sa.select(sa.func.min(run.c.at)).where(run.c.source == source, _was_good())
    return connection.scalar(asked)


def _was_good() -> sa.ColumnElement[bool]:
    return run.c.status.in_([*QUIET_STATUSES, "partial", "mismatch", "stale"])


def latest_moment(connection: Connection, source: str, wall: datetime) -> datetime | None:
    """The latest logical time, up to the real one, at which the source was ever run to an end."""
    asked = sa.select(sa.func.max(run.c.at)).where(
        run.c.source == source, run.c.status.is_not(None), run.c.at <= wall
    )
    return connection.scalar(asked)
