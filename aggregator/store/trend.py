"""How a topic goes: its papers of each week, the titles of a period, mentions of works."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.parse.tokens import search_tokens
from aggregator.store import hits, rowids
from aggregator.store.sql import alias, chunks, is_sqlite, paper, tag
from aggregator.store.words import Phrase

WEEK = timedelta(days=7)


def newest(connection: Connection, topic: str, before: datetime) -> datetime | None:
    """When the topic's newest paper was first public."""
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    asked = sa.select(tag.c.at).where(mine, tag.c.at < before)
    return connection.scalar(asked.order_by(tag.c.at.desc()).limit(1))


def weekly(connection: Connection, topic: str, weeks: Sequence[datetime]) -> list[int]:
    """The topic's papers of each of these weeks, given by their beginnings, one after the other.

    Each week is counted along an index that holds all that is asked for; posts and representative
    works are few, so they are looked up and taken away again.
    """
    if not weeks:
        return []
    values = {"topic": topic} | {f"week{n}": week for n, week in enumerate(weeks)}
    values |= {f"end{n}": week + WEEK for n, week in enumerate(weeks)}
    counts = list(connection.execute(_counting(len(weeks)), values).one())
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    others = (
        sa.select(paper.c.at)
        .join(tag, tag.c.paper_pk == paper.c.pk)
        .where(mine, paper.c.at >= weeks[0], paper.c.at < weeks[-1] + WEEK)
        .where((paper.c.kind == "post") | paper.c.starter)
    )
    taken = Counter((row.at - weeks[0]) // WEEK for row in connection.execute(others))
    return [count - taken[n] for n, count in enumerate(counts)]


@cache
def _counting(weeks: int) -> Select[*tuple[int, ...]]:
    """The statement that counts the papers of a topic in each of so many weeks; kept, since putting
    it together takes longer than answering it."""
    mine = (tag.c.topic == sa.bindparam("topic")) & (tag.c.tagged == sa.true())
    columns = [
        sa.select(sa.func.count())
        .select_from(tag)
        .where(mine, tag.c.at >= sa.bindparam(f"week{n}"), tag.c.at < sa.bindparam(f"end{n}"))
        .scalar_subquery()
        for n in range(weeks)
    ]
    return sa.select(*columns)


class Titled(NamedTuple):
    """A paper's key, when it was first public, its title; `preprint`: arXiv has it, so that its date is
    not a conference's."""

    pk: int
    at: datetime
    title: str
    preprint: bool


def oldest(connection: Connection, topic: str) -> datetime | None:
    """When the topic's oldest paper was first public, representative works left out."""
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    asked = sa.select(tag.c.at).join(paper, paper.c.pk == tag.c.paper_pk)
    news = (paper.c.kind == "paper") & ~paper.c.starter
    return connection.scalar(asked.where(mine, news).order_by(tag.c.at).limit(1))


def count(connection: Connection, topic: str, since: datetime, until: datetime) -> int:
    """The papers and posts that a topic got in a period."""
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    asked = sa.select(sa.func.count()).select_from(tag)
    return connection.scalar(asked.where(mine, tag.c.at >= since, tag.c.at < until)) or 0


def titles(
    connection: Connection, topic: str, since: datetime, until: datetime, every: int
) -> list[Titled]:
    """The topic's papers of a period, or every so many of them, whatever their dates in it."""
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    on_arxiv = sa.exists().where(alias.c.paper_id == paper.c.id, alias.c.name.startswith("arxiv:"))
    asked = (
        sa.select(paper.c.pk, tag.c.at, paper.c.title, on_arxiv)
        .join(tag, tag.c.paper_pk == paper.c.pk)
        .where(mine, tag.c.at >= since, tag.c.at < until)
        .where(paper.c.kind == "paper", ~paper.c.starter)
    )
    if every > 1:
        asked = asked.where(tag.c.paper_pk % every == 0)
    return [Titled(*row) for row in connection.execute(asked.order_by(tag.c.at, paper.c.pk))]


def authors(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    """Key -> authors of papers."""
    found: dict[int, list[str]] = {}
    for part in chunks(keys):
        asked = sa.select(paper.c.pk, paper.c.doc).where(paper.c.pk.in_(part))
        found |= {row.pk: row.doc["authors"] for row in connection.execute(asked)}
    return found


def mentions(
    connection: Connection,
    works: Sequence[Sequence[str]],
    periods: Sequence[tuple[datetime, datetime]],
) -> list[list[int]]:
    """For each work, given by its names, how many papers of each period have one of them in title or
    abstract; in the end how many papers there are. Posts are papers here, too."""
    sqlite = is_sqlite(connection)
    counts = [
        [_mentioning(connection, names, *period, sqlite) for period in periods] for names in works
    ]
    during = [(paper.c.at >= a) & (paper.c.at < b) for a, b in periods]
    read = [connection.scalar(sa.select(sa.func.count()).where(one)) or 0 for one in during]
    return [*counts, read]


def _mentioning(
    connection: Connection, names: Sequence[str], since: datetime, until: datetime, sqlite: bool
) -> int:
    write = hits.writer(sqlite)
    match = write.any_of([write.all_of([Phrase(tuple(search_tokens(n)))], "text") for n in names])
    edges = (rowids.rowid(since, 0), rowids.rowid(until, 0)) if sqlite else (since, until)
    values = {"words": match, "since": edges[0], "until": edges[1]}
    return connection.scalar(_counting_mentions(sqlite), values) or 0


@cache
def _counting_mentions(sqlite: bool) -> Select[int]:
    found = hits.in_period(hits.keys("words", sqlite=sqlite), "since", "until", sqlite=sqlite)
    return sa.select(sa.func.count()).select_from(found.subquery())
