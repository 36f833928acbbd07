"""Events as readers see them: a paper's timeline, a period's news, and the days that have any."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.clock import iso
from aggregator.digest.select import EventRow
from aggregator.store import hits
from aggregator.store.query import PaperQuery, selects
from aggregator.store.sql import TOLD_PAPER, entry, event, is_sqlite, paper, tag

KINDS = ("new", "published", "new_version", "discussed")
"""Kinds of events that a reader's page shows."""
DIGEST_KINDS = (*KINDS, "cited")
"""Kinds that a digest for a look tells of."""
_LOOKED = 5_000
"""Events that are looked at for one that is shown: an import may store a million papers before the first
is tagged."""
_about = paper.alias("about")
_OUTLINE = (
    *(paper.c[name] for name in ("id", "kind", "title", "withdrawn")),
    *(paper.c.doc[name].label(name) for name in ("topics", "buzz")),
)
"""What `select` and `rank` read of a document, under its names there."""


def timeline(connection: Connection, paper_id: str) -> list[dict[str, Any]]:
    """What happened to a paper, oldest first: {"kind", "cause", "at", "seen_at", "backfill"}, of
    discussions with "url", "title" and "place" of the post. The citations that one run brought, and
    all that were known from the start, are one line with their "count"; it is of the newest one's
    day."""
    asked = (
        sa.select(event, entry.c.url, entry.c.title, entry.c.extra, entry.c.sources)
        .outerjoin(entry, entry.c.key == event.c.cause)
        .where(event.c.paper_id == paper_id, ~event.c.superseded, event.c.kind != "cited")
        .order_by(event.c.at, event.c.id)
    )
    found = [_line(row) for row in connection.execute(asked)]
    return sorted(found + _citations(connection, paper_id), key=lambda line: line["at"])


def _line(row: sa.Row[Any]) -> dict[str, Any]:
    line = {
        "kind": row.kind,
        "cause": row.cause,
        "at": iso(row.at),
        "seen_at": iso(row.seen_at),
        "backfill": row.backfill,
    }
    if row.kind == "discussed":
        board = row.extra.get("subreddit")
        line |= {
            "url": row.url,
            "title": row.title,
            "place": f"r/{board}" if board else row.sources[0],
        }
    return line


def _citations(connection: Connection, paper_id: str) -> list[dict[str, Any]]:
    run = sa.case((event.c.backfill, None), else_=event.c.seen_at)
    asked = (
        sa.select(
            event.c.backfill,
            sa.func.count().label("count"),
            sa.func.max(event.c.at).label("at"),
            sa.func.max(event.c.seen_at).label("seen_at"),
        )
        .where(event.c.paper_id == paper_id, ~event.c.superseded, event.c.kind == "cited")
        .group_by(event.c.backfill, run)
    )
    return [
        {
            "kind": "cited",
            "cause": "",
            "at": iso(row["at"]),
            "seen_at": iso(row["seen_at"]),
            "backfill": row["backfill"],
            "count": row["count"],
        }
        for row in connection.execute(asked).mappings()
    ]


def digest_rows(
    connection: Connection, since: datetime, until: datetime, kinds: Sequence[str] = KINDS
) -> list[EventRow]:
    """The events of the period (`since` included, `until` not), with their papers; newest first."""
    return _rows(connection, kinds, event.c.at >= since, event.c.at < until)


def topic_rows(
    connection: Connection,
    since: datetime,
    until: datetime,
    topics: Sequence[str] = (),
    kinds: Sequence[str] = KINDS,
) -> list[EventRow]:
    """As `digest_rows`, of what carries the tag of one of the topics, without any given of any topic:
    no section of a topic shows anything else."""
    some = _tagged(topics)
    return _rows(connection, kinds, event.c.at >= since, event.c.at < until, some)


def outlines(
    connection: Connection, since: datetime, until: datetime, kinds: Sequence[str] = KINDS
) -> list[EventRow]:
    """As `topic_rows` of any topic, but of each document only what a page is put together by: a day has
    many more papers than are shown, and their texts are most of what there is to read. None of
    the kinds is `cited`."""
    during = (event.c.at >= since, event.c.at < until)
    columns: tuple[Any, ...] = (event.c.kind, event.c.at, event.c.id, *_OUTLINE)
    asked: sa.Select[*tuple[Any, ...]] = sa.select(*columns)
    asked = asked.join(paper, paper.c.id == event.c.paper_id)
    asked = asked.where(*_news(kinds), *during, _tagged()).order_by(event.c.at.desc(), event.c.id)
    names = [column.name for column in _OUTLINE]
    return [
        EventRow(row[0], row[1], dict(zip(names, row[3:], strict=True)), row[2])
        for row in connection.execute(asked)
    ]


def happened(
    connection: Connection, since: datetime, until: datetime, kinds: Sequence[str] = KINDS
) -> bool:
    """Are there events in the period (`since` included, `until` not), of whatever papers?"""
    asked = sa.select(event.c.id).where(*_news(kinds), event.c.at >= since, event.c.at < until)
    return connection.scalar(asked.limit(1)) is not None


def watch_rows(
    connection: Connection,
    query: PaperQuery,
    since: datetime,
    until: datetime,
    kinds: Sequence[str] = KINDS,
) -> list[EventRow]:
    """As `digest_rows`, of the papers that a watch's query selects."""
    wanted = selects(connection, query)
    return _rows(connection, kinds, event.c.at >= since, event.c.at < until, *wanted)


def _rows(
    connection: Connection, kinds: Sequence[str], *which: sa.ColumnElement[bool]
) -> list[EventRow]:
    asked = (
        sa.select(event.c.kind, event.c.at, paper.c.doc, event.c.id, _about.c.id, _about.c.title)
        .join(_about, _about.c.id == event.c.paper_id)
        .join(paper, paper.c.id == TOLD_PAPER)
        .where(*_news(kinds), *which)
        .order_by(event.c.at.desc(), event.c.id)
    )
    return [
        EventRow(*row[:4], work=(row[4], row[5]) if row.kind == "cited" else None)
        for row in connection.execute(asked)
    ]


def latest(
    connection: Connection, before: datetime, kinds: Sequence[str] = KINDS
) -> datetime | None:
    """The moment of the last event before this one that pages of topics show; of any, if none of the
    last `_LOOKED` is shown."""
    return _nearest(connection, kinds, event.c.at.desc(), event.c.at < before)


def earliest(
    connection: Connection, since: datetime, until: datetime, kinds: Sequence[str] = KINDS
) -> datetime | None:
    """The moment of the first such event of the period, in the same way."""
    return _nearest(connection, kinds, event.c.at, event.c.at >= since, event.c.at < until)


def _nearest(
    connection: Connection,
    kinds: Sequence[str],
    order: sa.ColumnElement[Any],
    *which: sa.ColumnElement[bool],
) -> datetime | None:
    # Else SQLite might gather all events of these kinds, and sort them.
    of_kinds = hits.unindexed(event.c.kind).in_(kinds)
    # Not `exists`, for which PostgreSQL would put together all papers that have a topic.
    about = sa.select(1).where(paper.c.id == event.c.paper_id, _tagged()).correlate(event)
    shown = about.scalar_subquery().label("shown")
    asked = (
        sa.select(event.c.at, shown).where(*which, of_kinds, ~event.c.superseded).order_by(order)
    )
    rows: Sequence[Any] = ()
    for most in (_LOOKED // 100, _LOOKED):  # mostly the first is shown
        rows = connection.execute(asked.limit(most)).all()
        if found := next((row.at for row in rows if row.shown), None):
            return found
        if len(rows) < most:
            break
    return rows[0].at if rows else None


def since_seen(
    connection: Connection, seen: datetime, topics: Sequence[str]
) -> tuple[int, datetime | None]:
    """(how many papers that pages of these topics show had news that was stored after this moment, when
    the first of it was public). What a back-fill brought is no news."""
    row = connection.execute(since_seen_query(seen, topics)).one()
    return row[0], row[1]


def since_seen_query(seen: datetime, topics: Sequence[str]) -> sa.Select[int, datetime | None]:
    """What `since_seen` asks. Few events are so new, most are of these kinds; of each it is looked up
    whether its paper is shown: as a join, PostgreSQL would read all papers for a few hundred events."""
    found = sa.select(sa.func.count(sa.distinct(event.c.paper_id)), sa.func.min(event.c.at))
    of_kinds = hits.unindexed(event.c.kind).in_(KINDS)
    about = sa.select(1).where(paper.c.id == event.c.paper_id, ~paper.c.withdrawn, _tagged(topics))
    shown = about.correlate(event).scalar_subquery() == 1
    return found.where(
        event.c.seen_at > seen, of_kinds, ~event.c.superseded, ~event.c.backfill, shown
    )


def days(
    connection: Connection, since: datetime, until: datetime, topics: Sequence[str]
) -> dict[str, int]:
    """ "2017-11-13" -> how many papers that pages of these topics show were new that day (UTC) of the
    period; days without any are missing.

    Asked of the tags, which repeat when a paper was new: to look up the topics of all events would take
    more than all else on the front page.
    """
    at = event.c.at if is_sqlite(connection) else sa.func.timezone("UTC", event.c.at)
    day = sa.func.date(at)
    then = (tag.c.at >= since) & (tag.c.at < until)
    theirs = sa.select(tag.c.paper_pk).where(
        tag.c.topic.in_(topics), tag.c.tagged == sa.true(), then
    )
    # Else SQLite would begin with all events of the period, or of the kind.
    kind, moment = hits.unindexed(event.c.kind), hits.unindexed(event.c.at)
    asked = (
        sa.select(day, sa.func.count())
        .join(paper, paper.c.id == event.c.paper_id)
        .where(paper.c.pk.in_(theirs), ~paper.c.withdrawn)
        .where(kind == "new", ~event.c.superseded, moment >= since, moment < until)
    )
    return {str(row[0]): row[1] for row in connection.execute(asked.group_by(day))}


def _tagged(topics: Sequence[str] = ()) -> sa.ColumnElement[bool]:
    """The condition that a paper carries the tag of one of the topics, without any given of any."""
    some = sa.select(1).where(tag.c.paper_pk == paper.c.pk, tag.c.tagged == sa.true())
    return sa.exists(some.where(tag.c.topic.in_(topics)) if topics else some)


def _news(kinds: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return event.c.kind.in_(kinds), ~event.c.superseded
