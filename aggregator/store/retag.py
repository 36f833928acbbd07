"""The walk that makes single topics' tags anew, newest papers first, and remembers how far it came."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.models import Tag
from aggregator.store.sql import chunks, one_at_a_time, paper, tag, topic_state, upsert
from aggregator.store.tags import KEPT_FROM, Waiting, said_of, shown


@dataclass(frozen=True, slots=True)
class Walk:
    """`stale` are the topics whose tags are made anew, `below` where the walk goes on: at papers of
    smaller keys, at the newest one if it is None."""

    stale: frozenset[str]
    below: int | None


def begin(connection: Connection, versions: Mapping[str, str]) -> Walk | None:
    """What is to do so that every topic's tags are of the given version; None if nothing is.

    A topic that is not among `versions` has left: its tags go. Topics that became stale at other
    moments are walked together, from the newest paper on.
    """
    rows = {row.topic: row for row in connection.execute(sa.select(topic_state))}
    wanted = {**dict.fromkeys(rows, ""), **versions}
    stale = [name for name, version in wanted.items()
             if name not in rows or rows[name].version != version or name not in versions]  # fmt: skip
    fresh = [n for n in stale if n not in rows or rows[n].wanted != wanted[n]]
    upsert(
        connection,
        topic_state,
        [
            {
                "topic": name,
                "version": rows[name].version if name in rows else "",
                "wanted": wanted[name],
                "done_pk": None,
            }
            for name in fresh
        ],
    )
    if not stale:
        return None
    reached = [None if name in fresh else rows[name].done_pk for name in stale]
    below = None if None in reached else max(pk for pk in reached if pk is not None)
    return Walk(frozenset(stale), below)


def batch(connection: Connection, walk: Walk, most: int) -> list[Waiting]:
    """The next papers of the walk. Those that wait for all their tags are not among them. Until the
    caller's transaction ends nobody rewrites a paper."""
    one_at_a_time(connection, "ingest")
    asked = sa.select(paper.c.pk, paper.c.at, paper.c.heat, paper.c.doc)
    asked = asked.where(paper.c.tagged_by.is_not(None))
    if walk.below is not None:
        asked = asked.where(paper.c.pk < walk.below)
    rows = connection.execute(asked.order_by(paper.c.pk.desc()).limit(most)).all()
    said = said_of(connection, [row.doc["id"] for row in rows])
    return [Waiting(row.pk, row.at, row.heat, row.doc, said.get(row.doc["id"], {})) for row in rows]


def stored(connection: Connection, papers: Sequence[Waiting]) -> dict[int, dict[str, Tag]]:
    """The tags that papers have: key -> topic -> tag."""
    found: dict[int, dict[str, Tag]] = {one.pk: {} for one in papers}
    for part in chunks([one.pk for one in papers]):
        for row in connection.execute(sa.select(tag).where(tag.c.paper_pk.in_(part))):
            found[row.paper_pk][row.topic] = Tag(row.topic, row.probability, row.tagged, row.by)
    return found


def save(
    connection: Connection,
    papers: Sequence[Waiting],
    before: Mapping[int, Mapping[str, Tag]],
    after: Mapping[int, Mapping[str, Tag]],
) -> None:
    """Write what differs between the tags that papers had and those that they have now."""
    kept = {pk: {t.topic: t for t in tags.values() if t.tagged or t.probability >= KEPT_FROM}
            for pk, tags in after.items()}  # fmt: skip
    gone = [
        {"key": one.pk, "name": name}
        for one in papers
        for name, known in before[one.pk].items()
        if kept[one.pk].get(name) != known
    ]
    if gone:
        mine = (tag.c.paper_pk == sa.bindparam("key")) & (tag.c.topic == sa.bindparam("name"))
        connection.execute(sa.delete(tag).where(mine), gone)
    made = [
        {
            "paper_pk": one.pk,
            "topic": new.topic,
            "probability": new.probability,
            "tagged": new.tagged,
            "by": new.by,
            "at": one.at,
            "heat": one.heat,
        }
        for one in papers
        for name, new in kept[one.pk].items()
        if before[one.pk].get(name) != new
    ]
    if made:
        connection.execute(sa.insert(tag), made)
    docs = []
    for one in papers:
        topics = shown(list(kept[one.pk].values()))
        if topics != one.doc.get("topics"):
            docs.append({"key": one.pk, "said": one.doc | {"topics": topics}})
    if docs:
        mine = paper.c.pk == sa.bindparam("key")
        connection.execute(sa.update(paper).where(mine).values(doc=sa.bindparam("said")), docs)


def advance(connection: Connection, walk: Walk, below: int) -> Walk:
    """The walk has come so far."""
    mine = topic_state.c.topic.in_(walk.stale)
    connection.execute(sa.update(topic_state).where(mine).values(done_pk=below))
    return Walk(walk.stale, below)


def end(connection: Connection, walk: Walk, versions: Mapping[str, str]) -> None:
    """Every paper has been looked at: the topics' tags are of these versions; those that have left
    are forgotten."""
    left = [name for name in walk.stale if name not in versions]
    if left:
        connection.execute(sa.delete(topic_state).where(topic_state.c.topic.in_(left)))
    done = [
        {"topic": name, "version": versions[name], "wanted": versions[name], "done_pk": None}
        for name in walk.stale
        if name in versions
    ]
    upsert(connection, topic_state, done)
