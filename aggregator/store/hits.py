"""What the search index finds: the condition that a paper contains words, and how well it does."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Row
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
_TSV = sa.table("paper_search", sa.column("pk"), sa.column("document"), sa.column("ctid"))
_MATCH = sa.text("paper_fts MATCH :words")


def _fit(document: ColumnElement[Any], query: Any) -> ColumnElement[bool]:
    return document.op("@@", return_type=sa.Boolean())(query)


_TSQUERY = sa.func.to_tsquery("simple", sa.bindparam("words"))
_FITS = _fit(_TSV.c.document, _TSQUERY)
_FINISHED = _fit(_TSV.c.document, sa.func.to_tsquery("simple", sa.bindparam("finished")))
_BY_FINISHED = sa.and_(_FINISHED, sa.func.coalesce(_FITS, sa.false()))
"""The same papers as `_FITS`, found by the words that are finished: PostgreSQL puts all words together
that begin with "f" before it looks at any other, which takes a third of a second in a million papers. What
is within `coalesce` it does not look up."""
_FEW_GIVEN = sa.bindparam("few", type_=sa.ARRAY(sa.BigInteger))
_FEW_KEYS = sa.any_(_FEW_GIVEN)
_COMMON_WORDS = sa.text(
    "SELECT word FROM pg_stats, "
    "unnest(CAST(CAST(most_common_elems AS text) AS text[]), most_common_elem_freqs) AS known(word, share) "
    "WHERE schemaname = current_schema() AND tablename = 'paper_search' AND attname = 'document' "
    "AND word = ANY(:tokens) AND share * (SELECT reltuples FROM pg_class "
    "WHERE oid = 'paper_search'::regclass) >= :many"
)
_SAMPLE, _OFTEN = 256, 3
"""Papers among which so many hits tell a word that is common."""
_FEW = 3_000
"""Hits that PostgreSQL looks up one by one; of more than these soon one comes by on a walk."""
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
    return sa.exists(sa.select(_TSV.c.pk).where(_TSV.c.pk == pk, _fit(_TSV.c.document, query)))


def keys(name: str, *, sqlite: bool) -> sa.Select[int]:
    """The keys (`pk`) of the papers that contain the words of the parameter `name`, in a column `pk`;
    several may stand in one statement."""
    if sqlite:
        here = sa.text(f"paper_fts MATCH :{name}")
        return sa.select(rowids.key_of(number).label("pk")).select_from(_FTS).where(here)
    query = sa.func.to_tsquery("simple", sa.bindparam(name, type_=sa.Text))
    return sa.select(_TSV.c.pk).where(_fit(_TSV.c.document, query))


def gathered(asked: sa.Select[int], name: str, *, sqlite: bool) -> sa.Select[int]:
    """What `keys` gives, put together by the index on PostgreSQL, too, before anything else is asked of it;
    `name` is another one for each in a statement.

    PostgreSQL takes a word that its statistics do not have for one in some hundred papers, and would
    rather walk along until so many have come by: through all papers, if the word is a rare one.
    """
    if sqlite:
        return asked
    every = asked.cte(name).prefix_with("MATERIALIZED")
    return sa.select(every.c.pk)


def in_period(asked: sa.Select[int], since: str, until: str, *, sqlite: bool) -> sa.Select[int]:
    """What `keys` gives, only papers of a period: parameters with its beginning and its end, which on
    SQLite are keys of the index (`rowids`), elsewhere moments."""
    if sqlite:
        number = _FTS.c.rowid
        return asked.where(number >= sa.bindparam(since), number < sa.bindparam(until))
    during = (paper.c.at >= sa.bindparam(since)) & (paper.c.at < sa.bindparam(until))
    return asked.join(paper, paper.c.pk == _TSV.c.pk).where(during)


def newest_first(asked: sa.Select[int], *, sqlite: bool) -> sa.Select[int]:
    """What `gathered` gives, the newest papers first; on PostgreSQL those stored last."""
    return asked.order_by(_FTS.c.rowid.desc() if sqlite else asked.selected_columns.pk.desc())


Way = Literal["walked", "within", "few", "asked", "planned"]
"""How papers with the words are found. By looking up each hit, since they are `few`; by another walk on
which it is `asked` at each paper. On SQLite also by a walk along the search index, which lies in the
order of dates, or `within` the papers of a topic, which are gathered first; on PostgreSQL also as `planned`
by itself."""


def is_common(connection: Connection, match: str) -> bool:
    """Have so many papers these words that looking up each would take too long? For SQLite."""
    some = sa.select(number).select_from(_FTS).where(_MATCH).limit(RANKED).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(some), {"words": match})
    return count == RANKED


def few(connection: Connection, match: str, finished: str) -> list[int] | None:
    """The keys of all papers with these words, None if they are common ones: among the papers stored last,
    which a walk meets first, and among all. `finished`: as of `scored`. For PostgreSQL."""
    if _are_often(connection, match):
        return None
    wanted = sa.select(_TSV.c.pk).where(_looked_up(connection, match, finished))
    every = gathered(wanted, "every", sqlite=False).limit(_FEW + 1)
    found = list(connection.scalars(every, {"words": match, "finished": finished}))
    return found if len(found) <= _FEW else None


def _looked_up(connection: Connection, match: str, finished: str) -> ColumnElement[bool]:
    """The condition by which PostgreSQL's index is asked for these words."""
    # To read all papers that have the finished words takes longer still if these are common.
    rare = finished not in ("", match) and not _are_often(connection, finished)
    return _BY_FINISHED if rare else _FITS


def _are_often(connection: Connection, match: str) -> bool:
    return min(connection.execute(_often(_SAMPLE), {"words": match}).one()) >= _OFTEN


@cache
def _often(sample: int) -> sa.Select[*tuple[int, ...]]:
    """How many of so many papers stored last have the words, and how many of as many from everywhere."""
    last = sa.select(_TSV).order_by(_TSV.c.pk.desc()).limit(sample)
    most = sa.select(sa.func.max(_TSV.c.pk)).scalar_subquery()
    n = sa.func.generate_series(0, sample - 1, type_=sa.BigInteger).column_valued("n")
    # The limit keeps PostgreSQL from asking its index for all that have the words.
    spread = sa.select(_TSV).where(_TSV.c.pk.in_(sa.select(1 + n * most // sample))).limit(sample)
    last, spread = last.subquery("sample"), spread.subquery("spread")
    fits = [_fit(some.c.document, _TSQUERY) for some in (last, spread)]
    return sa.select(*(sa.select(sa.func.count()).where(one).scalar_subquery() for one in fits))


def surely_in(connection: Connection, tokens: Sequence[str], many: int) -> set[str]:
    """Those of the words that at least so many papers have, as far as PostgreSQL's statistics know it for
    sure: to count them would take longer than all others."""
    if is_sqlite(connection):
        return set()
    values = {"tokens": list(tokens), "many": 2 * many}  # they are made from a part of the papers
    return set(connection.scalars(_COMMON_WORDS, values))


def found(chosen: Way, at: Any, pk: Any, *, sqlite: bool) -> ColumnElement[bool]:
    """The condition that the paper of this moment and key contains the words; needs the parameter
    `words`, or, where PostgreSQL finds `few`, that one with their keys."""
    if chosen == "planned":
        return pk.in_(sa.select(_TSV.c.pk).where(_FITS))
    if chosen in ("walked", "within"):
        return sa.and_(_MATCH, pk == rowids.key_of(number))
    if chosen == "few":
        theirs = sa.select(rowids.key_of(number)).select_from(_FTS).where(_MATCH)
        return pk.in_(theirs) if sqlite else pk == _FEW_KEYS
    if not sqlite:  # not `exists`, which PostgreSQL would turn into a join of all hits
        return sa.select(_FITS).where(_TSV.c.pk == pk).correlate_except(_TSV).scalar_subquery()
    mine = number == rowids.of_columns(at, pk)
    return sa.exists(sa.select(number).select_from(_FTS).where(_MATCH, mine))


def is_one_of_few(pk: Any) -> ColumnElement[bool]:
    """The condition that the key is among the parameter `few`; for PostgreSQL, on a walk. Written so that
    it makes a table of them to look into, and neither looks each up nor compares with each."""
    return pk.in_(sa.select(sa.func.unnest(_FEW_GIVEN))).is_(sa.true())


def begins(at: Any, pk: Any, *, together: bool) -> sa.Label[int]:
    """1 if a word of this paper begins with the parameter `start` (a blank before it), read from the
    text that SQLite's search index keeps, else 0; a column `begins`. `together`: these are several words,
    of which the last may go on."""
    text: ColumnElement[str] = sa.literal_column("' ' || c0 || ' < ' || c1 || ' < ' || c2", sa.Text)
    if together:  # any number of blanks as one: no word has a sign of these
        for old, new in ((" ", "(>"), (">(", ""), ("(>", " ")):
            text = sa.func.replace(text, old, new)
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


class _Unordered(_Unindexed):
    inherit_cache = True


@compiles(_Unordered, "postgresql")
def _greatest_of_one(element: _Unordered, compiler: SQLCompiler, **more: Any) -> str:
    return f"GREATEST({compiler.process(element.clauses, **more)})"


def unordered(column: Any) -> Any:
    """The column, written so that no index is walked for its order: few papers, found by other means, are
    sorted by it."""
    return _Unordered(column)


def unindexed(column: Any) -> Any:
    """The column, on SQLite with a plus before it, which keeps it from using an index of it: it believes
    that ten papers are of one kind, and would walk them all rather than look up few hits. PostgreSQL
    counts better."""
    return _Unindexed(column)


def scored(connection: Connection, match: str, finished: str) -> Sequence[Row[float, int]]:
    """(score, key) of the `RANKED` newest hits (on PostgreSQL those stored last). `finished` is what of
    the expression has no word of which only the beginning is known, "" if nothing has.

    The score is bm25, or ts_rank on PostgreSQL. A word in the title counts for more than one among
    the authors, and that for more than one in the abstract. Asking for the scores of chosen papers
    instead was tried: FTS5 then counts all hits anew for each of them.
    """
    if is_sqlite(connection):
        key = rowids.key_of(number)
        last = sa.select(_FTS_SCORE, key).select_from(_FTS).where(_MATCH)
        last = last.order_by(number.desc()).limit(RANKED)
        return connection.execute(last, {"words": match}).all()
    # By their places in the table: else PostgreSQL would sort the documents themselves.
    last = (
        sa.select(_TSV.c.ctid)
        .where(_looked_up(connection, match, finished))
        .order_by(_TSV.c.pk.desc())
    )
    chosen = last.limit(RANKED).subquery()
    rank = sa.cast(sa.func.ts_rank(_TSV_WEIGHTS, _TSV.c.document, _TSQUERY), sa.Double)
    hits = sa.select(rank, _TSV.c.pk).join(chosen, chosen.c.ctid == _TSV.c.ctid)
    return connection.execute(hits, {"words": match, "finished": finished}).all()
