"""What the search index finds: the condition that a paper contains words, and how well it does."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, Connection
from sqlalchemy.sql.operators import custom_op

from aggregator.store import words

RANKED = 5_000
"""Hits that a ranking looks at: ranking a word that is everywhere would read the whole store."""

_FTS = sa.table("paper_fts", sa.column("rowid"))
_TSV = sa.table("paper_search", sa.column("pk"), sa.column("document"))
_MATCH = sa.text("paper_fts MATCH :words")
_TSQUERY = sa.func.to_tsquery("simple", sa.bindparam("words"))
_FTS_SCORE = sa.literal_column("-bm25(paper_fts, 8.0, 1.0, 4.0)", sa.Float)  # title, body, authors
_TSV_WEIGHTS = sa.literal_column("'{0.1, 0.5, 0.125, 1.0}'")  # of D, C (authors), B (body), A


def writer(sqlite: bool) -> words.Writer:
    """Who writes match expressions for this database."""
    return words.FTS5 if sqlite else words.TSQUERY


def contain(pk: Any, match: str, *, sqlite: bool) -> ColumnElement[bool]:
    """The condition that the paper of key `pk` contains the words, for statements that find few
    papers by other means and ask about each."""
    if sqlite:
        here = sa.text("paper_fts MATCH :said").bindparams(sa.bindparam("said", match, unique=True))
        return sa.exists(sa.select(_FTS.c.rowid).where(here, _FTS.c.rowid == pk))
    query = sa.func.to_tsquery("simple", match)
    return sa.exists(sa.select(_TSV.c.pk).where(_TSV.c.pk == pk, _TSV.c.document.op("@@")(query)))


def keys(match: str, *, sqlite: bool) -> sa.Select[tuple[int]]:
    """The keys (`pk`) of the papers that contain the words; several may stand in one statement."""
    if sqlite:
        here = sa.text("paper_fts MATCH :said").bindparams(sa.bindparam("said", match, unique=True))
        return sa.select(_FTS.c.rowid.label("pk")).where(here)
    query = sa.func.to_tsquery("simple", match)
    return sa.select(_TSV.c.pk).where(_TSV.c.document.op("@@")(query))


@dataclass(frozen=True, slots=True)
class Hits:
    """How the papers that contain the words are best told apart."""

    sqlite: bool
    common: bool  # so many that sorting them all would read most of the store

    def contain(self, pk: Any) -> ColumnElement[bool]:
        """The condition that the paper of key `pk` is one; needs the parameter `words`."""
        if not self.sqlite:
            return pk.in_(sa.select(_TSV.c.pk).where(_TSV.c.document.op("@@")(_TSQUERY)))
        hits = sa.select(_FTS.c.rowid).where(_MATCH)
        # Of common words a walk from the newest paper on, asking about each, soon has a page.
        return sa.exists(hits.where(_FTS.c.rowid == pk)) if self.common else pk.in_(hits)

    @property
    def few(self) -> bool:
        """Must SQLite be kept from looking for them along another index?"""
        return self.sqlite and not self.common


def unindexed(column: Any) -> Any:
    """The column with a plus before it, which keeps SQLite from using an index of it: it believes
    that ten papers are of one kind, and would walk them all rather than look up few hits."""
    return sa.UnaryExpression(column, operator=custom_op("+"), type_=column.type)


def look(connection: Connection, match: str) -> Hits:
    """Find out how common the words are; PostgreSQL's planner knows by itself."""
    if connection.dialect.name != "sqlite":
        return Hits(False, False)
    some = sa.select(_FTS.c.rowid).where(_MATCH).limit(RANKED).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(some), {"words": match})
    return Hits(True, count == RANKED)


def scored(connection: Connection) -> CTE:
    """A table (pk, score) of the `RANKED` hits stored last; needs the parameter `words`.

    The score is bm25, or ts_rank on PostgreSQL. A word in the title counts for more than one among
    the authors, and that for more than one in the abstract. Asking for the scores of chosen papers
    instead was tried: FTS5 then counts all hits anew for each of them.
    """
    if connection.dialect.name == "sqlite":
        last = sa.select(_FTS.c.rowid.label("pk"), _FTS_SCORE.label("score")).where(_MATCH)
        return (
            last.order_by(_FTS.c.rowid.desc())
            .limit(RANKED)
            .cte("scored")
            .prefix_with("MATERIALIZED")
        )
    last = sa.select(_TSV).where(_TSV.c.document.op("@@")(_TSQUERY))
    hits = last.order_by(_TSV.c.pk.desc()).limit(RANKED).subquery()
    rank = sa.func.ts_rank(_TSV_WEIGHTS, hits.c.document, _TSQUERY)
    return sa.select(hits.c.pk, sa.cast(rank, sa.Double).label("score")).cte("scored")
