"""What people say of papers and topics: stored, shown at once, kept whatever the tagger says later.

Of several people's words on a paper and a topic the latest counts. Every function rewrites papers,
so it waits for whoever stores some, and needs a write transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError
from aggregator.models import Tag
from aggregator.store import tags
from aggregator.store.sql import feedback, one_at_a_time, paper, tag, upsert
from aggregator.tag.tree import Node, overruled

Look = Callable[[Mapping[str, Any], Mapping[str, bool]], Sequence[Tag]]
"""A paper's document, what people said of its topics -> its tags as the models give them now."""


def say(
    connection: Connection,
    person_pk: int,
    paper_id: str,
    topic: str,
    relevant: bool,
    now: datetime,
    *,
    topics: Sequence[Node] = (),
) -> None:
    """A person says that the paper is about the topic, or that it is not.

    The paper's tags and document say so from now on; with `topics` (those of topics.toml) its
    parents do, too, else when the tagger has looked again. Raises NotFoundError for no such paper.
    """
    one_at_a_time(connection, "ingest")
    waiting = _paper(connection, paper_id)
    row = {"paper_id": paper_id, "topic": topic, "person_pk": person_pk}
    upsert(connection, feedback, [row | {"relevant": relevant, "at": now}])
    _renew(connection, waiting, topics)


def unsay(
    connection: Connection,
    person_pk: int,
    paper_id: str,
    topic: str,
    *,
    topics: Sequence[Node] = (),
    look: Look | None = None,
) -> None:
    """Take a word back, if it was said. The tagger looks again, with `look` at once.

    Raises NotFoundError for no such paper.
    """
    one_at_a_time(connection, "ingest")
    waiting = _paper(connection, paper_id)
    mine = (feedback.c.paper_id == paper_id) & (feedback.c.person_pk == person_pk)
    connection.execute(sa.delete(feedback).where(mine, feedback.c.topic == topic))
    _renew(connection, waiting, topics, look)


def unsay_all(connection: Connection, person_pk: int, *, topics: Sequence[Node] = ()) -> None:
    """Take back everything that this person said; before a person is erased."""
    one_at_a_time(connection, "ingest")
    mine = feedback.c.person_pk == person_pk
    said = connection.execute(sa.select(feedback.c.paper_id, feedback.c.topic).where(mine)).all()
    for row in said:
        unsay(connection, person_pk, row.paper_id, row.topic, topics=topics)


def of_person(connection: Connection, person_pk: int, paper_id: str) -> dict[str, bool]:
    """What this person said of a paper: topic -> is it about that."""
    mine = (feedback.c.paper_id == paper_id) & (feedback.c.person_pk == person_pk)
    rows = connection.execute(sa.select(feedback.c.topic, feedback.c.relevant).where(mine))
    return {row.topic: row.relevant for row in rows}


def _paper(connection: Connection, paper_id: str) -> tags.Waiting:
    asked = sa.select(paper.c.pk, paper.c.at, paper.c.heat, paper.c.doc)
    asked = asked.where(paper.c.id == paper_id)
    row = connection.execute(asked).first()
    if row is None:
        raise NotFoundError(f'There is no paper "{paper_id}" here.')
    return tags.Waiting(row.pk, row.at, row.heat, row.doc)


def _renew(
    connection: Connection,
    waiting: tags.Waiting,
    topics: Sequence[Node],
    look: Look | None = None,
) -> None:
    """Rewrite the paper's tags after what is said now.

    Without `look` a word that was taken back leaves nothing: what the tagger thought of the topic is
    not stored. In any case the paper waits for it (it looks every few seconds).
    """
    paper_id = waiting.doc["id"]
    said = tags.said_of(connection, [paper_id]).get(paper_id, {})
    if look:
        found = look(waiting.doc, said)
        tags.save(connection, [replace(waiting, said=said)], [found], tagged=False)
        return
    rows = connection.execute(sa.select(tag).where(tag.c.paper_pk == waiting.pk))
    kept = [
        Tag(row.topic, row.probability, row.tagged, row.by)
        for row in rows
        if row.by != "person" or row.topic in said
    ]
    renewed = overruled(kept, said, topics)
    tags.save(connection, [replace(waiting, said=said)], [renewed], tagged=False)
