"""How a topic goes: its papers of each week, and the titles of two periods."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.store.sql import paper, tag

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


def titles(
    connection: Connection, topic: str, since: datetime, until: datetime, most: int
) -> list[str]:
    """Titles of the topic's papers of a period, of the newest `most` of them."""
    mine = (tag.c.topic == topic) & (tag.c.tagged == sa.true())
    asked = (
        sa.select(paper.c.title)
        .join(tag, tag.c.paper_pk == paper.c.pk)
        .where(mine, tag.c.at >= since, tag.c.at < until, paper.c.kind == "paper")
    )
    return list(connection.scalars(asked.order_by(tag.c.at.desc()).limit(most)))
