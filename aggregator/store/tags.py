"""Tags of single papers: what people said, and storing that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.digest import rank
from aggregator.models import Tag
from aggregator.store.sql import chunks, feedback, paper, tag
from aggregator.tag.documents import kept, shown
from aggregator.tag.tree import overruled


@dataclass(frozen=True, slots=True)
class Waiting:
    """A paper whose tags are to be saved; `said` is what people said of its topics."""

    pk: int
    at: datetime
    heat: float
    doc: dict[str, Any]
    said: Mapping[str, bool] = field(default_factory=dict)


TAGGED = "all"
"""In `paper.tagged_by`: every topic was looked at. By what is kept per topic, see `retag`."""


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
            "heat": rank.hot_in_topic(p.heat, t.probability),
        }
        for p, tags in zip(papers, made, strict=True)
        for t in kept(tags)
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


def move(connection: Connection, places: Mapping[int, tuple[datetime, float]]) -> None:
    """Papers, by key, have another moment or heat by now: their tags stand elsewhere in the lists."""
    rows = []
    for part in chunks(list(places)):
        asked = sa.select(tag.c.paper_pk, tag.c.topic, tag.c.probability)
        for row in connection.execute(asked.where(tag.c.paper_pk.in_(part))):
            at, heat = places[row.paper_pk]
            degree = rank.hot_in_topic(heat, row.probability)
            rows.append({"key": row.paper_pk, "name": row.topic, "moment": at, "degree": degree})
    if rows:
        mine = (tag.c.paper_pk == sa.bindparam("key")) & (tag.c.topic == sa.bindparam("name"))
        place = {"at": sa.bindparam("moment"), "heat": sa.bindparam("degree")}
        connection.execute(sa.update(tag).where(mine).values(place), rows)
