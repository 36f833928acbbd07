"""What learning reads: people's words with their papers, a sample of the store, papers to judge next."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.sql import alias, chunks, feedback, paper, passed, tag, upsert

MOST_SAMPLED = 12_000
PASSED_FOR = timedelta(days=14)
"""For so long a paper that somebody passed by is not offered again for that topic."""
_BLOCK = 200  # papers next to each other that are read together


@dataclass(frozen=True, slots=True)
class Words:
    """How many words of people there are, and when the latest was said."""

    count: int
    latest: datetime | None


def words(connection: Connection) -> Words:
    """How much people have said."""
    asked = sa.select(sa.func.count(), sa.func.max(feedback.c.at))
    row = connection.execute(asked).one()
    return Words(row[0], row[1])


def said(connection: Connection) -> Iterator[tuple[dict[str, Any], dict[str, bool]]]:
    """Each paper of which something was said: its document, and by topic the latest word."""
    found: dict[str, dict[str, bool]] = {}
    ordered = sa.select(feedback).order_by(feedback.c.at, feedback.c.person_pk)
    for row in connection.execute(ordered):
        found.setdefault(row.paper_id, {})[row.topic] = row.relevant
    for part in chunks(sorted(found)):
        asked = sa.select(paper.c.id, paper.c.doc).where(paper.c.id.in_(part))
        for row in connection.execute(asked.order_by(paper.c.id)):
            yield row.doc, found[row.id]


def sample(connection: Connection, seed: int = 0) -> list[tuple[str, str]]:
    """(title, abstract) of papers from everywhere in the store, `MOST_SAMPLED` at most; of a small
    store all. Starters, known by their titles alone, are left out."""
    newest = connection.scalar(sa.select(sa.func.max(paper.c.pk))) or 0
    starts = list(range(1, newest + 1, _BLOCK))
    random.Random(seed).shuffle(starts)
    found: list[tuple[str, str]] = []
    for start in starts:
        mine = (paper.c.pk >= start) & (paper.c.pk < start + _BLOCK) & ~paper.c.starter
        asked = sa.select(paper.c.doc["title"].as_string(), paper.c.doc["abstract"].as_string())
        rows = connection.execute(asked.where(mine, paper.c.kind == "paper"))
        found += [(row[0] or "", row[1] or "") for row in rows]
        if len(found) >= MOST_SAMPLED:
            break
    return found[:MOST_SAMPLED]


def candidates(
    connection: Connection, topic: str, most: int, now: datetime
) -> list[tuple[dict[str, Any], float, bool]]:
    """(document, probability, tagged) of the newest papers that have some probability of a topic by
    a model or keywords, and of which nobody has said anything about it, nor passed them by lately."""
    by = sa.exists().where(
        passed.c.paper_id == paper.c.id, passed.c.topic == topic, passed.c.at > now - PASSED_FOR
    )
    spoken = sa.exists().where(feedback.c.paper_id == paper.c.id, feedback.c.topic == topic)
    asked = (
        sa.select(paper.c.doc, tag.c.probability, tag.c.tagged)
        .join(tag, tag.c.paper_pk == paper.c.pk)
        .where(tag.c.topic == topic, tag.c.by.in_(("model", "keywords")), ~spoken, ~by)
        .where(~paper.c.starter, ~paper.c.withdrawn)
        .order_by(tag.c.at.desc())
        .limit(most)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(asked)]


def pass_by(
    connection: Connection, person_pk: int, paper_id: str, topic: str, now: datetime
) -> None:
    """A person has no word to say of this paper and topic now."""
    row = {"paper_id": paper_id, "topic": topic, "person_pk": person_pk, "at": now}
    upsert(connection, passed, [row])


def take_back(connection: Connection, person_pk: int, paper_id: str, topic: str) -> None:
    """The person did not pass by after all, or has said something."""
    mine = (passed.c.paper_id == paper_id) & (passed.c.person_pk == person_pk)
    connection.execute(sa.delete(passed).where(mine, passed.c.topic == topic))


def is_passed(connection: Connection, person_pk: int, paper_id: str, topic: str) -> bool:
    """Did this person pass the paper by?"""
    mine = (passed.c.paper_id == paper_id) & (passed.c.person_pk == person_pk)
    asked = sa.select(passed.c.at).where(mine, passed.c.topic == topic)
    return connection.execute(asked).first() is not None


def move(connection: Connection, old: str, survivor: str) -> None:
    """A paper was merged into another: who passed it by passed by the survivor, by the later moment.
    Both papers must still be there."""
    rows = connection.execute(sa.select(passed).where(passed.c.paper_id == old)).all()
    kept = sa.select(passed).where(passed.c.paper_id == survivor)
    known = {(row.topic, row.person_pk): row.at for row in connection.execute(kept)}
    moved = [
        {**row._mapping, "paper_id": survivor}
        for row in rows
        if known.get((row.topic, row.person_pk), row.at) <= row.at
    ]
    upsert(connection, passed, moved)
    connection.execute(sa.delete(passed).where(passed.c.paper_id == old))


def named(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Ids and external names -> ids of papers, for those that are known."""
    found: dict[str, str] = {}
    for part in chunks(names):
        mine = sa.select(paper.c.id).where(paper.c.id.in_(part))
        found |= {name: name for name in connection.scalars(mine)}
        others = sa.select(alias.c.name, alias.c.paper_id).where(alias.c.name.in_(part))
        rows = connection.execute(others.order_by(alias.c.paper_id))
        found |= {row.name: row.paper_id for row in rows}
    return found


def judged(connection: Connection) -> Mapping[str, tuple[int, int]]:
    """Topic -> (papers confirmed, papers rejected), each by the latest word on it."""
    found: dict[str, list[int]] = {}
    latest: dict[tuple[str, str], bool] = {}
    asked = sa.select(feedback).order_by(feedback.c.at, feedback.c.person_pk)
    for row in connection.execute(asked):
        latest[row.paper_id, row.topic] = row.relevant
    for (_, topic), relevant in latest.items():
        found.setdefault(topic, [0, 0])[0 if relevant else 1] += 1
    return {topic: (yes, no) for topic, (yes, no) in found.items()}
