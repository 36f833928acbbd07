"""What learning reads: people's words with their papers, a sample of the store, papers to judge next."""

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import CompoundSelect, Connection

from aggregator.store.sql import alias, chunks, feedback, paper, passed, tag, upsert

MOST_SAMPLED = 12_000
PASSED_FOR = timedelta(days=14)
"""For so long a paper that somebody passed by is not offered again for that topic."""
_BLOCK = 200  # papers next to each other that are read together


def words(connection: Connection, since: datetime | None = None) -> int:
    """How many words of people there are; with `since`, that were said after this moment."""
    asked = sa.select(sa.func.count()).select_from(feedback)
    if since is not None:
        asked = asked.where(feedback.c.at > since)
    return connection.execute(asked).scalar_one()


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
    # Keys may have gaps, so only blocks that hold something: the walk of an index.
    block = (paper.c.pk - 1) // _BLOCK
    blocks = connection.scalars(sa.select(block).distinct().order_by(block))
    starts = [number * _BLOCK + 1 for number in blocks]
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


class Score(NamedTuple):
    """What the tagger thinks of a paper and a topic."""

    pk: int
    probability: float
    tagged: bool


def candidates(connection: Connection, topic: str, most: int, now: datetime) -> list[Score]:
    """The newest papers, at most so many, that have some probability of a topic by a model or keywords,
    and of which nobody has said anything about it, nor passed them by lately. No paper is read."""
    done = set(connection.scalars(_spoken_of(topic, now)))
    walks = [
        sa.select(tag.c.at, tag.c.paper_pk, tag.c.probability, tag.c.tagged)
        .where(tag.c.topic == topic, tag.c.tagged == tagged)
        .where(tag.c.by.in_(("model", "keywords")))
        .order_by(tag.c.at.desc())
        .limit(most + len(done))
        .subquery()  # each is the walk of an index; without limits all would be sorted together
        for tagged in (sa.true(), sa.false())
    ]
    both = sa.union_all(*(sa.select(walk) for walk in walks)).subquery()
    asked = sa.select(both.c.paper_pk, both.c.probability, both.c.tagged)
    newest = asked.order_by(both.c.at.desc(), both.c.paper_pk.desc()).limit(most + len(done))
    kept = (Score(*row) for row in connection.execute(newest) if row[0] not in done)
    return list(islice(kept, most))


def _spoken_of(topic: str, now: datetime) -> CompoundSelect[int]:
    """Keys of the papers of which somebody said something about the topic, or passed them by."""
    said = sa.select(feedback.c.paper_id).where(feedback.c.topic == topic)
    lately = passed.c.at > now - PASSED_FOR
    by = sa.select(passed.c.paper_id).where(passed.c.topic == topic, lately)
    return sa.union(
        *(
            sa.select(paper.c.pk).where(paper.c.id.in_(names.scalar_subquery()))
            for names in (said, by)
        )
    )


def to_judge(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, str]]:
    """Key -> (id, title) of those of these papers that can be judged: no starters, nothing withdrawn."""
    found: dict[int, tuple[str, str]] = {}
    for part in chunks(keys):
        asked = sa.select(paper.c.pk, paper.c.id, paper.c.title).where(paper.c.pk.in_(part))
        rows = connection.execute(asked.where(~paper.c.starter, ~paper.c.withdrawn))
        found |= {row[0]: (row[1], row[2]) for row in rows}
    return found


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
