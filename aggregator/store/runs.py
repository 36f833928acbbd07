"""Run history: one row per attempt at a source; the newest says how the source is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.plan import Counts
from aggregator.models import QUIET_STATUSES, Status
from aggregator.sources.base import LastRun
from aggregator.store import wishes
from aggregator.store.sql import run

KEPT = timedelta(days=90)  # of history; the last good run stays however old it is
INTERRUPTED = "The process ended before this run was finished; what it had stored is kept."


@dataclass(frozen=True, slots=True)
class Standing:
    """What the history says of a source before it is asked again: its `last` run (see `last`), the
    `latest` logical time, up to the real one, at which it was ever run to an end, whether it was
    `ever_good`: neither refused nor unreachable, when last (logical time) it `had_all`, as far as its place
    could tell, or, if never, was last good, when (real time) its `oldest` run began, whether its newest
    run is `unfinished`, and whether it is `wanted` by a person."""

    last: LastRun | None
    latest: datetime | None
    ever_good: bool
    had_all: datetime | None
    oldest: datetime | None
    unfinished: bool
    wanted: bool


# Put together once: that takes longer than the database takes to answer, and every attempt needs them.
_MINE = run.c.source == sa.bindparam("name")
_ENDED = run.c.status.is_not(None)
# Not IN, whose list SQLAlchemy writes anew each time.
_GOOD = sa.or_(
    *(run.c.status == name for name in (*QUIET_STATUSES, "partial", "mismatch", "stale"))
)
_LAST = (
    sa.select(run.c.at, run.c.status, run.c.failures)
    .where(_MINE, _ENDED, run.c.message != INTERRUPTED, run.c.at <= sa.bindparam("now"))
    .order_by(run.c.id.desc())
    .limit(1)
)
_FIRST_GOOD = sa.select(sa.func.min(run.c.at)).where(_MINE, _GOOD)
_LATEST = sa.select(sa.func.max(run.c.at)).where(_MINE, _ENDED, run.c.at <= sa.bindparam("wall"))
_LAST_GOOD = sa.select(sa.func.max(run.c.at)).where(_MINE, _GOOD, run.c.at <= sa.bindparam("now"))
# Where something is amiss in each run, as an item that cannot be read, nothing would be news for ever.
_HAD_ALL = sa.func.coalesce(
    _LAST_GOOD.where(sa.or_(*(run.c.status == name for name in QUIET_STATUSES))).scalar_subquery(),
    _LAST_GOOD.scalar_subquery(),
)
_OLDEST = sa.select(run.c.started).where(_MINE).order_by(run.c.id).limit(1)
_NEWEST = sa.select(run.c.finished.is_(None)).where(_MINE).order_by(run.c.id.desc()).limit(1)
_newest, _always = _LAST.subquery(), sa.select(sa.literal(1).label("one")).subquery()
_STANDING = sa.select(
    _newest,
    _LATEST.scalar_subquery().label("latest"),
    sa.exists(sa.select(run.c.id).where(_MINE, _GOOD)).label("ever_good"),
    _HAD_ALL.label("had_all"),
    _OLDEST.scalar_subquery().label("oldest"),
    _NEWEST.scalar_subquery().label("unfinished"),
    wishes.WAITING.exists().label("wanted"),
).select_from(_always.outerjoin(_newest, sa.true()))
_FORGET = sa.delete(run).where(
    _MINE,
    run.c.started < sa.bindparam("before"),
    run.c.id < sa.select(sa.func.max(run.c.id)).where(_MINE, _GOOD).scalar_subquery(),
)
_CLOSE = (
    sa.update(run)
    .where(_MINE, run.c.finished.is_(None))
    .values(finished=sa.bindparam("wall"), status="failed", message=INTERRUPTED)
)
_START = sa.insert(run).returning(run.c.id)
_FINISH = sa.update(run).where(run.c.id == sa.bindparam("run_id"))


def start(
    connection: Connection,
    source: str,
    at: datetime,
    wall: datetime,
    backfill: bool,
    known: Standing | None = None,
) -> int:
    """Begin a run; returns its id. Only one collector asks an upstream at a time, so an unfinished run
    of this source was killed: it is closed as failed, without counting as a failure of the upstream.
    History older than `KEPT` goes. `known` is what `standing` has said in this transaction, if it was
    asked."""
    known = known or standing(connection, source, at, wall)
    if known.oldest and known.oldest < wall - KEPT:
        connection.execute(_FORGET, {"name": source, "before": wall - KEPT})
    if known.unfinished:
        connection.execute(_CLOSE, {"name": source, "wall": wall})
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
    return int(connection.execute(_START, values).scalar_one())


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
    values = {
        "run_id": run_id,
        "finished": wall,
        "status": status,
        "message": message,
        "fetched": counts.fetched,
        "new": counts.new,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "skipped": skipped,
        "requests": requests,
        "failures": failures,
    }
    connection.execute(_FINISH, values)


def last(connection: Connection, source: str, now: datetime) -> LastRun | None:
    """The last finished run of the source up to this logical time, interrupted ones left out."""
    row = connection.execute(_LAST, {"name": source, "now": now}).first()
    return LastRun(row.at, row.status, row.failures) if row else None


def standing(connection: Connection, source: str, now: datetime, wall: datetime) -> Standing:
    """What the history says of the source at the logical time `now`; `wall` is the real one."""
    row = connection.execute(_STANDING, {"name": source, "now": now, "wall": wall}).one()
    newest = LastRun(row.at, row.status, row.failures) if row.at else None
    return Standing(
        newest,
        row.latest,
        row.ever_good,
        row.had_all,
        row.oldest,
        bool(row.unfinished),
        row.wanted,
    )


def first_good(connection: Connection, source: str) -> datetime | None:
    """When (logical time) the first run was that was not refused or unreachable, as far as the history
    goes back; None if there was none."""
    return connection.scalar(_FIRST_GOOD, {"name": source})
