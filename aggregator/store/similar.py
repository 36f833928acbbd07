"""Papers that are like one, found by the search index: a few statements, however many papers."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.digest import similar
from aggregator.store import hits
from aggregator.store.sql import is_sqlite, paper
from aggregator.store.words import Phrase

NEWEST = 400
"""Papers that are looked at for one word, the newest (on PostgreSQL those stored last)."""
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
    asked = asked.where(paper.c.id != doc["id"], hits.unindexed(paper.c.kind) == "paper")
    original = similar.Original.of(doc, weighed)
    scored = []
    for row in connection.execute(asked):
        likeness, shared = similar.likeness(original, row.doc)
        if len(shared) > 1 or " " in "".join(shared):
            scored.append((likeness, row.pk, row.doc, shared))
    scored.sort(key=lambda one: (-one[0], -one[1]))
    return [(found, shared) for _, _, found, shared in scored[:limit]]


def _size(connection: Connection) -> int:
    """About how many papers there are."""
    return connection.scalar(sa.select(sa.func.max(paper.c.pk))) or 0


def _counts(connection: Connection, words: Sequence[str]) -> dict[str, int]:
    """Word -> papers that have it, counted up to `similar.COMMON`."""
    common = dict.fromkeys(hits.surely_in(connection, words, similar.COMMON), similar.COMMON)
    rest = [word for word in words if word not in common]
    if not rest:
        return common
    asked = _counting(len(rest), is_sqlite(connection))
    row = connection.execute(asked, _named(connection, rest)).one()
    return common | dict(zip(rest, row, strict=True))


def _candidates(
    connection: Connection, words: Sequence[str], weighed: Mapping[str, float]
) -> list[int]:
    """Keys of the papers that share most of these words."""
    if not words:
        return []
    asked = _finding(len(words), is_sqlite(connection))
    given = {f"weight{n}": weighed[word] for n, word in enumerate(words)}
    return [row.pk for row in connection.execute(asked, _named(connection, words) | given)]


@cache
def _counting(words: int, sqlite: bool) -> Select[*tuple[int, ...]]:
    """The statement that counts the papers with each of so many words; kept, since putting it together
    takes longer than answering it."""
    counted = [_having(n, sqlite).limit(similar.COMMON).subquery() for n in range(words)]
    count = sa.select(sa.func.count())
    return sa.select(*(count.select_from(some).scalar_subquery() for some in counted))


@cache
def _finding(words: int, sqlite: bool) -> Select[tuple[int]]:
    """The statement for the keys of the papers that share most, by weight, of so many words, among the
    newest with each; the newer first where they share as much."""
    parts = []
    for n in range(words):
        newest = hits.newest_first(_having(n, sqlite), sqlite=sqlite).limit(NEWEST).subquery()
        weight = sa.bindparam(f"weight{n}", type_=sa.Float).label("weight")
        parts.append(sa.select(weight, newest.c.pk))
    every = sa.union_all(*parts).subquery()
    ranked = sa.select(every.c.pk).group_by(every.c.pk)
    shared = sa.func.sum(every.c.weight)
    return ranked.order_by(shared.desc(), every.c.pk.desc()).limit(COMPARED + 1)


def _having(n: int, sqlite: bool) -> Select[int]:
    """The keys of the papers with the word of this number."""
    return hits.gathered(hits.keys(f"word{n}", sqlite=sqlite), f"having{n}", sqlite=sqlite)


def _named(connection: Connection, words: Sequence[str]) -> dict[str, str]:
    """The parameters of a statement for so many words."""
    write = hits.writer(is_sqlite(connection))
    return {f"word{n}": write.all_of([Phrase((word,))]) for n, word in enumerate(words)}
