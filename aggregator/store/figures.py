"""Numbers about the store for those who watch over it: how much there is, and how much waits."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store import outbox
from aggregator.store.sql import is_sqlite, letter, paper, run, spending, upstream
from aggregator.store.subscriptions import Row

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Figures:
    """`entries` of a source in the last day by outcome, `requests` to it, `runs` by status; seconds
    that its last run took; seconds that an upstream is still left alone; (used, most) of its daily
    budget; letters by channel and state; subscriptions that are due, those that only wait for
    something to tell left out."""

    papers: int
    untagged: int
    entries: dict[tuple[str, str], int]
    requests: dict[str, int]
    runs: dict[tuple[str, str], int]
    lasted: dict[str, float]
    cooldowns: dict[str, float]
    budgets: dict[str, tuple[int, int]]
    letters: dict[tuple[str, str], int]
    due: int


def figures(connection: Connection, now: datetime, channels: Collection[str]) -> Figures:
    """Everything at the logical moment `now`; a few milliseconds per 100,000 papers."""
    counted = sa.select(sa.func.count()).select_from(paper)
    if not is_sqlite(connection):  # a million papers are worth starting helpers for
        connection.exec_driver_sql("SET LOCAL max_parallel_workers_per_gather = 2")
    return Figures(
        papers=connection.scalar(counted) or 0,
        untagged=connection.scalar(counted.where(paper.c.tagged_by.is_(None))) or 0,
        entries=_entries(connection, now),
        requests=_requests(connection, now),
        runs=_runs(connection, now),
        lasted=_lasted(connection),
        cooldowns=_cooldowns(connection, now),
        budgets=_budgets(connection, now),
        letters=_letters(connection),
        due=sum(map(_is_awaited, outbox.due(connection, now, list(channels)))),
    )


def _is_awaited(row: Row) -> bool:
    """Is this due subscription late if nobody looks after it? One that wants news as soon as it is
    out is due all the time, until there is some; but it is begun by whoever looks first."""
    return not row.terms.asap or row.started_at is None


def _entries(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    names = ("new", "updated", "unchanged", "skipped")
    asked = sa.select(run.c.source, *(sa.func.sum(run.c[name]) for name in names))
    asked = asked.where(run.c.at > now - DAY, run.c.at <= now).group_by(run.c.source)
    return {
        (source, name): int(total)
        for source, *totals in connection.execute(asked)
        for name, total in zip(names, totals, strict=True)
    }


def _requests(connection: Connection, now: datetime) -> dict[str, int]:
    asked = sa.select(run.c.source, sa.func.sum(run.c.requests))
    asked = asked.where(run.c.at > now - DAY, run.c.at <= now).group_by(run.c.source)
    return {source: int(total) for source, total in connection.execute(asked)}


def _runs(connection: Connection, now: datetime) -> dict[tuple[str, str], int]:
    asked = sa.select(run.c.source, run.c.status, sa.func.count())
    asked = asked.where(run.c.at > now - DAY, run.c.at <= now, run.c.status.is_not(None))
    rows = connection.execute(asked.group_by(run.c.source, run.c.status))
    return {(source, status): n for source, status, n in rows}


def _lasted(connection: Connection) -> dict[str, float]:
    newest = sa.select(sa.func.max(run.c.id)).where(run.c.finished.is_not(None))
    asked = sa.select(run.c.source, run.c.started, run.c.finished)
    rows = connection.execute(asked.where(run.c.id.in_(newest.group_by(run.c.source))))
    return {source: (finished - started).total_seconds() for source, started, finished in rows}


def _cooldowns(connection: Connection, now: datetime) -> dict[str, float]:
    rows = connection.execute(sa.select(upstream.c.name, upstream.c.cooldown_until))
    return {name: max((until - now).total_seconds(), 0.0) if until else 0.0 for name, until in rows}


def _budgets(connection: Connection, now: datetime) -> dict[str, tuple[int, int]]:
    today = now.date().isoformat()
    rows = connection.execute(sa.select(spending).where(spending.c.day == today))
    return {row.upstream: (row.used, row.most) for row in rows}


def _letters(connection: Connection) -> dict[tuple[str, str], int]:
    asked = sa.select(letter.c.channel, letter.c.state, sa.func.count())
    rows = connection.execute(asked.group_by(letter.c.channel, letter.c.state))
    return {(channel, state): n for channel, state, n in rows}
