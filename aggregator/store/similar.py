"""Papers that are like one, found by the search index: a few statements, however many papers."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.digest import similar
from aggregator.store import hits
from aggregator.store.sql import paper
from aggregator.store.words import Phrase

NEWEST = 400
"""Papers that are looked at for one word, those stored last."""
COMPARED = 48
"""Papers that are read and compared."""


def of(
    connection: Connection, doc: Mapping[str, Any], limit: int
) -> list[tuple[dict[str, Any], Sequence[str]]]:
    """(document, words that both have) of the papers most like `doc`, the most alike first."""
    words = similar.words_of(doc)
    weighed = similar.weights(_counts(connection, words), doc["title"], _size(connection))
    keys = _candidates(connection, similar.key_words(weighed), weighed)
    asked = sa.select(paper.c.pk, paper.c.doc).where(paper.c.pk.in_(keys))
    asked = asked.where(paper.c.id != doc["id"], paper.c.kind == "paper")
    scored = []
    for row in connection.execute(asked):
        likeness, shared = similar.likeness(weighed, doc, row.doc)
        if len(shared) > 1 or " " in "".join(shared):
            scored.append((likeness, row.pk, row.doc, shared))
    scored.sort(key=lambda one: (-one[0], -one[1]))
    return [(found, shared) for _, _, found, shared in scored[:limit]]


def _size(connection: Connection) -> int:
    """About how many papers there are."""
    return connection.scalar(sa.select(sa.func.max(paper.c.pk))) or 0


def _counts(connection: Connection, words: Sequence[str]) -> dict[str, int]:
    """Word -> papers that have it, counted up to `similar.COMMON`."""
    if not words:
        return {}
    columns = [
        sa.select(sa.func.count())
        .select_from(_hits(connection, word).limit(similar.COMMON).subquery())
        .scalar_subquery()
        for word in words
    ]
    row = connection.execute(sa.select(*columns)).one()
    return dict(zip(words, row, strict=True))


def _candidates(
    connection: Connection, words: Sequence[str], weighed: Mapping[str, float]
) -> list[int]:
    """Keys of the papers that share most of these words."""
    if not words:
        return []
    parts = []
    for word in words:
        found = _hits(connection, word).subquery()
        newest = sa.select(found.c.pk).order_by(found.c.pk.desc()).limit(NEWEST).subquery()
        parts.append(sa.select(sa.literal(word).label("word"), newest.c.pk))
    shared: dict[int, float] = {}
    for row in connection.execute(sa.union_all(*parts)):
        shared[row.pk] = shared.get(row.pk, 0.0) + weighed[row.word]
    return sorted(shared, key=lambda key: (-shared[key], -key))[: COMPARED + 1]


def _hits(connection: Connection, word: str) -> Any:
    """The keys of the papers with this word."""
    sqlite = connection.dialect.name == "sqlite"
    return hits.keys(hits.writer(sqlite).all_of([Phrase((word,))]), sqlite=sqlite)
