"""Tags: which papers wait for them, and storing what the tagger and people said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.models import Tag
from aggregator.store.sql import chunks, feedback, one_at_a_time, paper, tag
from aggregator.tag.tree import overruled

KEPT_FROM = 0.05
"""Probabilities below this are not stored: no filter asks for less."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A paper that waits for its tags; `said` is what people said of its topics."""

    pk: int
    at: datetime
    heat: float
    doc: dict[str, Any]
    said: Mapping[str, bool] = field(default_factory=dict)


TAGGED = "all"
"""In `paper.tagged_by`: every topic was looked at. By what is kept per topic, see `retag`."""


def forget(connection: Connection) -> None:
    """Let all papers wait again."""
    one_at_a_time(connection, "ingest")
    tagged = paper.c.tagged_by.is_not(None)
    connection.execute(sa.update(paper).values(tagged_by=None).where(tagged))


def untagged(connection: Connection, most: int) -> list[Waiting]:
    """The newest papers that wait, at most so many. Until the caller's transaction ends nobody
    rewrites or merges a paper, so that tags are saved to what they were made from."""
    one_at_a_time(connection, "ingest")
    asked = (
        sa.select(paper.c.pk, paper.c.at, paper.c.heat, paper.c.doc)
        .where(paper.c.tagged_by.is_(None))
        .order_by(paper.c.at.desc())
        .limit(most)
    )
    rows = connection.execute(asked).all()
    said = said_of(connection, [row.doc["id"] for row in rows])
    return [Waiting(row.pk, row.at, row.heat, row.doc, said.get(row.doc["id"], {})) for row in rows]


def said_of(connection: Connection, paper_ids: Sequence[str]) -> dict[str, dict[str, bool]]:
    """What people said: paper id -> topic -> is it about that; of several words the latest."""
    found: dict[str, dict[str, bool]] = {}
    for part in chunks(paper_ids):
        asked = sa.select(feedback).where(feedback.c.paper_id.in_(part))
        for row in connection.execute(asked.order_by(feedback.c.at, feedback.c.person_pk)):
            found.setdefault(row.paper_id, {})[row.topic] = row.relevant
    return found


def save(
    connection: Connection,
    papers: Sequence[Waiting],
    found: Sequence[Sequence[Tag]],
    *,
    tagged: bool,
) -> None:
    """Store the tags and rewrite each paper's document with them; what a person said of a topic
    stays. Without `tagged` the papers wait for the tagger again."""
    if not papers:
        return
    made = [overruled(tags, p.said) for p, tags in zip(papers, found, strict=True)]
    connection.execute(
        sa.delete(tag).where(tag.c.paper_pk == sa.bindparam("key")), [{"key": p.pk} for p in papers]
    )
    rows = [
        {
            "paper_pk": p.pk,
            "topic": t.topic,
            "probability": t.probability,
            "tagged": t.tagged,
            "by": t.by,
            "at": p.at,
            "heat": p.heat,
        }
        for p, tags in zip(papers, made, strict=True)
        for t in tags
        if t.tagged or t.probability >= KEPT_FROM
    ]
    if rows:
        connection.execute(sa.insert(tag), rows)
    connection.execute(
        sa.update(paper)
        .where(paper.c.pk == sa.bindparam("key"))
        .values(doc=sa.bindparam("said"), tagged_by=TAGGED if tagged else None),
        [
            {"key": p.pk, "said": p.doc | {"topics": shown(tags)}}
            for p, tags in zip(papers, made, strict=True)
        ],
    )


def shown(tags: Sequence[Tag]) -> list[dict[str, Any]]:
    """A paper's tags as its document has them, the likeliest first."""
    found = sorted((t for t in tags if t.tagged), key=lambda t: (-t.probability, t.topic))
    return [{"name": t.topic, "probability": t.rounded, "by": t.by} for t in found]
