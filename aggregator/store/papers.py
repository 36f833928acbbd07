"""Papers as readers ask for them: pages of a list, one by its name, all of them for an export."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Select

from aggregator.errors import NotFoundError, UsageError
from aggregator.parse import ids
from aggregator.store import cursor as cursors
from aggregator.store import hits
from aggregator.store.query import Kind, PaperQuery, Sort, conditions, has_topic, match_of
from aggregator.store.sql import alias, entry, is_sqlite, paper, sighting, tag

__all__ = ["MOST", "Kind", "Named", "Page", "PaperQuery", "Sort", "by_name", "iterate", "page"]

MOST = 100  # papers on one page
BATCH = 500  # papers read at once by `iterate`
WORKS = "works"  # kind of the entries made from representative works

_TEXT = sa.cast(paper.c.doc, sa.Text)
_ENDS = {"new": sa.cast(paper.c.at, sa.Text), "hot": paper.c.heat}
"""Where a page ends, by its order. A moment as text: of a whole page only the last one is needed."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: (id, document as JSON text) of each paper, and the cursor of the next page."""

    rows: tuple[tuple[str, str], ...]
    next: str | None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The documents, read."""
        return [json.loads(text) for _, text in self.rows]


class Named(NamedTuple):
    """A paper found by a name; `is_alias` if the name is an id that was merged away."""

    doc: dict[str, Any]
    is_alias: bool


def page(connection: Connection, query: PaperQuery, cursor: str | None = None) -> Page:
    """The papers that `query` asks for, after `cursor`.

    Raises UsageError for a limit out of range, a cursor that is broken or of another order, and a
    ranking by relevance without words.
    """
    if not 1 <= query.limit <= MOST:
        raise UsageError(f"limit: {query.limit}; expected 1 to {MOST}.")
    if query.sort == "relevance" and not (query.q or query.author):
        raise UsageError("sort=relevance: expected words to rank by (q or author).")
    after = cursors.read(cursor, query.sort) if cursor else None
    match = match_of(connection, query)
    if match is None:
        return Page((), None)
    if query.sort == "relevance":
        return _by_relevance(connection, query, match, after)
    return _in_order(connection, query, match, after)


def by_name(connection: Connection, name: str) -> Named:
    """The paper of that name: its id, an id it had before a merge, or an external one such as
    "arxiv:1512.03385" or "doi:10.1109/…".

    Raises NotFoundError.
    """
    unknown = NotFoundError(f'There is no paper "{name}" here.')
    if "\x00" in name:  # PostgreSQL knows no such text
        raise unknown
    doc = connection.scalar(sa.select(paper.c.doc).where(paper.c.id == name))
    if doc is not None:
        return Named(doc, False)
    external = ":" in name
    names = [name, _normal(name)] if external else [f"id:{name}"]
    # A DOI may name two papers: the older one answers.
    asked = (
        sa.select(paper.c.doc)
        .join(alias, alias.c.paper_id == paper.c.id)
        .where(alias.c.name.in_(names))
        .order_by(paper.c.pk)
        .limit(1)
    )
    doc = connection.scalar(asked)
    if doc is None:
        raise unknown
    return Named(doc, not external)


def provenance(connection: Connection, paper_id: str) -> dict[str, str]:
    """Field -> key of the entry that it was taken from."""
    return connection.scalar(sa.select(paper.c.provenance).where(paper.c.id == paper_id)) or {}


def iterate(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every paper, in the order in which they were first stored; reads `BATCH` at a time."""
    after = 0
    while True:
        asked = sa.select(paper.c.pk, paper.c.doc).where(paper.c.pk > after)
        rows = connection.execute(asked.order_by(paper.c.pk).limit(BATCH)).all()
        if not rows:
            return
        yield from (row.doc for row in rows)
        after = rows[-1].pk


def topic_counts(connection: Connection) -> dict[str, int]:
    """How many papers carry each topic's tag; topics without any are missing."""
    asked = (
        sa.select(tag.c.topic, sa.func.count())
        .join(paper, paper.c.pk == tag.c.paper_pk)
        .where(tag.c.tagged, paper.c.kind == "paper", ~paper.c.starter)
        .group_by(tag.c.topic)
    )
    return {row[0]: row[1] for row in connection.execute(asked)}


def starters(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """The papers of each topic's representative works, oldest first."""
    asked = (
        sa.select(entry.c.extra, paper.c.doc, paper.c.at, paper.c.pk)
        .join(paper, paper.c.id == entry.c.paper_id)
        .where(entry.c.kind == WORKS)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    # Sorted here: asked for in order, SQLite would walk all papers to find the few.
    for row in sorted(connection.execute(asked), key=lambda row: (row.at, row.pk)):
        for topic in row.extra.get("topics", ()):
            found.setdefault(topic, []).append(row.doc)
    return found


def _filtered(
    query: PaperQuery, found: hits.Hits | None, sqlite: bool, *columns: Any, few: bool = False
) -> tuple[Select[*tuple[Any, ...]], Any, Any]:
    """(statement for `columns` with every condition, the columns that hold the place in the order
    asked for and the key).

    One topic is walked in the order of its own index, everything else along the dates of papers, or
    their heat; `few` papers, named by another condition, are looked up and sorted. With `found` the
    statement needs the parameter `words`.
    """
    # A venue is looked up and sorted, too: walking the dates for a rare one would read them all.
    few = few or (found is not None and found.few) or bool(sqlite and (query.venue or query.venues))
    asked = sa.select(*columns).select_from(paper).where(*conditions(query, sqlite=sqlite))
    at, heat, kind, pk = paper.c.at, paper.c.heat, paper.c.kind, paper.c.pk
    if few:
        at, heat, kind = map(hits.unindexed, (at, heat, kind))
    if query.kind != "any":
        asked = asked.where(kind == query.kind)
    if len(query.topics) == 1 and query.min_probability is None and not few:
        at, heat, pk = tag.c.at, tag.c.heat, tag.c.paper_pk
        asked = asked.join(tag, pk == paper.c.pk)
        # written as "= 1" and not as a truth, or SQLite does not see that its index serves
        asked = asked.where(tag.c.topic == query.topics[0], tag.c.tagged == sa.true())
    elif query.topics:
        asked = asked.where(sa.exists(sa.select(1).where(has_topic(query))))
    elif (name := _one_source(query)) and query.sort == "new" and not few:
        at, pk = sighting.c.at, sighting.c.paper_pk
        asked = asked.join(sighting, pk == paper.c.pk).where(sighting.c.source == name)
    if query.since:
        asked = asked.where(at >= query.since)
    if query.until:
        asked = asked.where(at < query.until)
    if found:
        asked = asked.where(found.contain(pk))
    return asked, heat if query.sort == "hot" else at, pk


def _one_source(query: PaperQuery) -> str:
    """The one source whose papers are wanted, "" if there are none or several."""
    named = {*query.sources, *((query.source,) if query.source else ())}
    return named.pop() if len(named) == 1 else ""


def _in_order(
    connection: Connection, query: PaperQuery, match: str, after: cursors.Place | None
) -> Page:
    found = hits.look(connection, match) if match else None
    values: dict[str, Any] = {"words": match} if match else {}
    if after:
        key = cursors.moment(after.key) if query.sort == "new" else after.key
        values |= {"after_key": key, "after_pk": after.pk}
    rows = connection.execute(
        _ordered(query, found, is_sqlite(connection), after is not None), values
    ).all()
    kept = tuple((row[0], row[1]) for row in rows[: query.limit])
    if len(rows) <= query.limit:
        return Page(kept, None)
    _, _, end, pk = rows[query.limit - 1]
    return Page(kept, cursors.write(cursors.Place(query.sort, end, pk)))


@lru_cache(maxsize=256)
def _ordered(
    query: PaperQuery, found: hits.Hits | None, sqlite: bool, further: bool
) -> Select[*tuple[Any, ...]]:
    """The statement of a list by date or by heat; kept, since putting it together takes longer than
    SQLite takes to answer it."""
    end = _ENDS[query.sort]
    asked, key, pk = _filtered(query, found, sqlite, paper.c.id, _TEXT, end, paper.c.pk)
    if further:
        place = sa.tuple_(sa.bindparam("after_key", type_=key.type), sa.bindparam("after_pk"))
        asked = asked.where(sa.tuple_(key, pk) < place)
    return asked.order_by(key.desc(), pk.desc()).limit(query.limit + 1)


def _by_relevance(
    connection: Connection, query: PaperQuery, match: str, after: cursors.Place | None
) -> Page:
    """A page of the hits that meet every other condition, by (relevance, key), both descending."""
    scored = hits.scored(connection)
    sqlite = is_sqlite(connection)
    asked, _, pk = _filtered(query, None, sqlite, scored.c.score, scored.c.pk, few=sqlite)
    rows = connection.execute(asked.where(scored.c.pk == pk), {"words": match})
    ordered = sorted(((row[0], row[1]) for row in rows), reverse=True)
    if after:
        ordered = [one for one in ordered if one < (after.key, after.pk)]
    kept = ordered[: query.limit]
    found = sa.select(paper.c.pk, paper.c.id, _TEXT).where(paper.c.pk.in_([pk for _, pk in kept]))
    texts = {row[0]: (row[1], row[2]) for row in connection.execute(found)}
    more = len(ordered) > len(kept)
    end = cursors.write(cursors.Place(query.sort, *kept[-1])) if more else None
    return Page(tuple(texts[pk] for _, pk in kept), end)


def _normal(name: str) -> str:
    """An external name as the store writes it: no arXiv version, DOIs in lower case."""
    kind, _, value = name.partition(":")
    if kind == "arxiv" and (found := ids.arxiv_id(name)):
        return f"arxiv:{found[0]}"
    if kind == "doi":
        return f"doi:{value.lower()}"
    return name
