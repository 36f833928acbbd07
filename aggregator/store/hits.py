"""What the search index finds: the condition that a paper contains words, and how well it does."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from aggregator.store import words

RANKED = 5_000
"""Hits that a ranking looks at, the newest: ranking a word that is everywhere would read it all."""

_FTS = sa.table("paper_fts", sa.column("rowid"))
_TSV = sa.table("paper_search", sa.column("pk"), sa.column("document"))
_MATCH = sa.text("paper_fts MATCH :words")
_TSQUERY = sa.func.to_tsquery("simple", sa.bindparam("words"))
_FTS_SCORE = sa.literal_column("-bm25(paper_fts, 8.0, 1.0, 4.0)", sa.Float)  # title, body, authors
_TSV_WEIGHTS = sa.literal_column("'{0.1, 0.5, 0.125, 1.0}'")  # of D, C (authors), B (body), A


def expression(
    connection: Connection, everywhere: list[words.Phrase], authors: list[words.Phrase]
) -> str:
    """The engine's match expression, for the parameter `words`; "" if no words are asked for."""
    write = words.fts5 if connection.dialect.name == "sqlite" else words.tsquery
    return write(everywhere, authors)


def contains(connection: Connection, match: str, pk: Any) -> ColumnElement[bool]:
    """The condition that the paper of key `pk` contains the words; needs the parameter `words`."""
    if connection.dialect.name != "sqlite":
        return pk.in_(sa.select(_TSV.c.pk).where(_TSV.c.document.op("@@")(_TSQUERY)))
    hits = sa.select(_FTS.c.rowid).where(_MATCH)
    some = hits.limit(RANKED).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(some), {"words": match})
    if (count or 0) < RANKED:
        return pk.in_(hits)
    # Words that are nearly everywhere: sorting all hits would read most of the store, while a walk
    # from the newest paper on, asking the index about each, soon has a page.
    return sa.exists(hits.where(_FTS.c.rowid == pk))


def relevance(
    connection: Connection, match: str, among: Select[tuple[int]]
) -> list[tuple[float, int]]:
    """(relevance, key) of the papers that `among` selects: bm25, or ts_rank on PostgreSQL.

    A word in the title counts for more than one among the authors, and that for more than one in
    the abstract.
    """
    if connection.dialect.name == "sqlite":
        asked = sa.select(_FTS_SCORE, _FTS.c.rowid).where(_MATCH, _FTS.c.rowid.in_(among))
    else:
        keys = among.subquery()
        rank = sa.cast(sa.func.ts_rank(_TSV_WEIGHTS, _TSV.c.document, _TSQUERY), sa.Double)
        asked = sa.select(rank, _TSV.c.pk).join(keys, keys.c.pk == _TSV.c.pk)
    return [(float(row[0]), int(row[1])) for row in connection.execute(asked, {"words": match})]
