"""What the search index finds: the condition that a paper contains words, and how well it does."""

from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import CTE, ColumnElement, Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from aggregator.store import rowids, words
from aggregator.store.sql import is_sqlite, paper

RANKED = 5_000
"""Hits that a ranking looks at: ranking a word that is everywhere would read the whole store."""

_FTS = sa.table("paper_fts", sa.column("rowid"))
number = _FTS.c.rowid
"""The key of SQLite's search index, see `rowids`."""
_CONTENT = sa.table("paper_fts_content", sa.column("id"))
_TSV = sa.table("paper_search", sa.column("pk"), sa.column("document"))
_MATCH = sa.text("paper_fts MATCH :words")
_TSQUERY = sa.func.to_tsquery("simple", sa.bindparam("words"))
_FTS_SCORE = sa.literal_column("-bm25(paper_fts, 8.0, 1.0, 4.0)", sa.Float)  # title, body, authors
_TSV_WEIGHTS = sa.literal_column("'{0.1, 0.5, 0.125, 1.0}'")  # of D, C (authors), B (body), A


def writer(sqlite: bool) -> words.Writer:
    """Who writes match expressions for this database."""
    return words.FTS5 if sqlite else words.TSQUERY


def contain(at: Any, pk: Any, match: str, *, sqlite: bool) -> ColumnElement[bool]:
    """The condition that the paper of this moment and key contains the words, for statements that
    find few papers by other means and ask about each."""
    if sqlite:
        here = sa.text("paper_fts MATCH :said").bindparams(sa.bindparam("said", match, unique=True))
        mine = _FTS.c.rowid == rowids.of_columns(at, pk)
        # The statement may itself walk the index: this is another look at it.
        return sa.exists(sa.select(number).where(here, mine).correlate_except(_FTS))
    query = sa.func.to_tsquery("simple", match)
    return sa.exists(sa.select(_TSV.c.pk).where(_TSV.c.pk == pk, _TSV.c.document.op("@@")(query)))


def keys(name: str, *, sqlite: bool) -> sa.Select[int]:
    """The keys (`pk`) of the papers that contain the words of the parameter `name`, in a column `pk`;
    several may stand in one statement."""
    if sqlite:
        here = sa.text(f"paper_fts MATCH :{name}")
        return sa.select(rowids.key_of(number).label("pk")).select_from(_FTS).where(here)
    query = sa.func.to_tsquery("simple", sa.bindparam(name, type_=sa.Text))
    return sa.select(_TSV.c.pk).where(_TSV.c.document.op("@@")(query))


def in_period(asked: sa.Select[int], since: str, until: str, *, sqlite: bool) -> sa.Select[int]:
    """What `keys` gives, only papers of a period: parameters with its beginning and its end, which on
    SQLite are keys of the index (`rowids`), elsewhere moments."""
    if sqlite:
        number = _FTS.c.rowid
        return asked.where(number >= sa.bindparam(since), number < sa.bindparam(until))
    during = (paper.c.at >= sa.bindparam(since)) & (paper.c.at < sa.bindparam(until))
    return asked.join(paper, paper.c.pk == _TSV.c.pk).where(during)


def newest_first(asked: sa.Select[int], *, sqlite: bool) -> sa.Select[int]:
    """What `keys` gives, the newest papers first; on PostgreSQL those stored last."""
    return asked.order_by(_FTS.c.rowid.desc() if sqlite else _TSV.c.pk.desc())


Way = Literal["walked", "within", "few", "asked", "planned"]
"""How papers with the words are found. On SQLite: by a walk along the search index, which lies in the
order of dates, also `within` the papers of a topic, which are gathered first; by looking up each hit,
since they are `few`; or by another walk that is `asked` at each paper. PostgreSQL plans it by itself."""


def is_common(connection: Connection, match: str) -> bool:
    """Have so many papers these words that looking up each would take too long? For SQLite."""
    some = sa.select(number).select_from(_FTS).where(_MATCH).limit(RANKED).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(some), {"words": match})
    return count == RANKED


def found(chosen: Way, at: Any, pk: Any) -> ColumnElement[bool]:
    """The condition that the paper of this moment and key contains the words; needs the parameter
    `words`."""
    if chosen == "planned":
        return pk.in_(sa.select(_TSV.c.pk).where(_TSV.c.document.op("@@")(_TSQUERY)))
    if chosen in ("walked", "within"):
        return sa.and_(_MATCH, pk == rowids.key_of(number))
    if chosen == "few":
        return pk.in_(sa.select(rowids.key_of(number)).select_from(_FTS).where(_MATCH))
    mine = number == rowids.of_columns(at, pk)
    return sa.exists(sa.select(number).select_from(_FTS).where(_MATCH, mine))


def begins(at: Any, pk: Any) -> sa.Label[int]:
    """1 if a word of this paper begins with the parameter `start` (a blank before it), read from the
    text that SQLite's search index keeps, else 0; a column `begins`."""
    text = sa.literal_column("' ' || c0 || ' ' || c1 || ' ' || c2", sa.Text)
    written = sa.func.instr(text, sa.bindparam("start", type_=sa.Text))
    mine = _CONTENT.c.id == rowids.of_columns(at, pk)
    return sa.select(written > 0).select_from(_CONTENT).where(mine).label("begins")


class _Unindexed(FunctionElement[Any]):
    inherit_cache = True

    def __init__(self, column: Any) -> None:
        super().__init__(column)
        self.type = column.type


@compiles(_Unindexed)
def _as_it_is(element: _Unindexed, compiler: SQLCompiler, **more: Any) -> str:
    return compiler.process(element.clauses, **more)


@compiles(_Unindexed, "sqlite")
def _with_a_plus(element: _Unindexed, compiler: SQLCompiler, **more: Any) -> str:
    return f"+{compiler.process(element.clauses, **more)}"


def unindexed(column: Any) -> Any:
    """The column, on SQLite with a plus before it, which keeps it from using an index of it: it believes
    that ten papers are of one kind, and would walk them all rather than look up few hits. PostgreSQL
    counts better."""
    return _Unindexed(column)


def scored(connection: Connection) -> CTE:
    """A table (pk, score) of the `RANKED` newest hits (on PostgreSQL those stored last); needs the
    parameter `words`.

    The score is bm25, or ts_rank on PostgreSQL. A word in the title counts for more than one among
    the authors, and that for more than one in the abstract. Asking for the scores of chosen papers
    instead was tried: FTS5 then counts all hits anew for each of them.
    """
    if is_sqlite(connection):
        key = rowids.key_of(number).label("pk")
        last = sa.select(key, _FTS_SCORE.label("score")).select_from(_FTS).where(_MATCH)
        last = last.order_by(number.desc()).limit(RANKED)
        return last.cte("scored").prefix_with("MATERIALIZED")
    last = sa.select(_TSV).where(_TSV.c.document.op("@@")(_TSQUERY))
    hits = last.order_by(_TSV.c.pk.desc()).limit(RANKED).subquery()
    rank = sa.func.ts_rank(_TSV_WEIGHTS, hits.c.document, _TSQUERY)
    return sa.select(hits.c.pk, sa.cast(rank, sa.Double).label("score")).cte("scored")
