"""Statements for lists of papers: which index is walked, what is asked on the way, where a page begins."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Select

from aggregator.store import cursor as cursors
from aggregator.store import hits, rowids
from aggregator.store.query import (
    PaperQuery,
    beginning,
    conditions,
    finished,
    has_topic,
    venue_names,
)
from aggregator.store.sql import is_sqlite, paper, sighting, tag, topic_size

GATHERED = 20_000
"""Papers of topics that are gathered before their words are looked for; of larger topics soon one comes
by anyway."""

TEXT = sa.cast(paper.c.doc, sa.Text)


class Asked(NamedTuple):
    """A statement with every condition, its order, the condition of what comes after a place, and the
    moment or heat by which it is in order."""

    statement: Select[*tuple[Any, ...]]
    order: tuple[ColumnElement[Any], ...]
    further: ColumnElement[bool]
    key: ColumnElement[Any]


class Branch(NamedTuple):
    """A part of a list that one index has in its order: a venue by its whole name (by date), or what
    does, or does not, carry the tag of the topic asked for. Its statement needs `least`, the moment
    or heat from which on papers are wanted."""

    venue: str = ""
    tagged: bool | None = None


def filtered(
    query: PaperQuery,
    words: hits.Way | None,
    sqlite: bool,
    *columns: Any,
    few: bool = False,
    branch: Branch | None = None,
) -> Asked:
    """One topic is walked in the order of its own index, everything else along the dates of papers,
    or their heat (that in the topic, if one is asked for); `few` papers, named by another condition,
    are looked up and sorted. Where `words` says how papers that contain some are found, the statement
    needs the parameters that `way` gives, and `further` always those of `place`."""
    walked = words in ("walked", "within")
    # Several venues are looked up and sorted, too: walking the dates for rare ones would read all.
    few = few or walked or words == "few" or bool(sqlite and (query.venue or query.venues))
    asked = sa.select(*columns).select_from(paper).where(*conditions(query, sqlite=sqlite))
    asked, at, heat, pk = _walk(query, asked, few, branch, words)
    kind = hits.unindexed(paper.c.kind) if few or branch else paper.c.kind
    if query.kind != "any":
        asked = asked.where(kind == query.kind)
    if query.since:
        asked = asked.where(at >= query.since)
    if query.until:
        asked = asked.where(at < query.until)
    if words:
        asked = asked.where(hits.found(words, at, pk, sqlite=sqlite))
    if walked:
        further = hits.number < sa.bindparam("after_row", type_=sa.BigInteger)
        return Asked(asked.where(*_between(query)), (hits.number.desc(),), further, at)
    key = heat if query.sort == "hot" else at
    if branch:
        asked = asked.where(key >= sa.bindparam("least", type_=key.type))
    last = sa.tuple_(sa.bindparam("after_key", type_=key.type), sa.bindparam("after_pk"))
    return Asked(asked, (key.desc(), pk.desc()), sa.tuple_(key, pk) < last, key)


def _walk(
    query: PaperQuery,
    asked: Select[*tuple[Any, ...]],
    few: bool,
    branch: Branch | None,
    words: hits.Way | None,
) -> tuple[Select[*tuple[Any, ...]], Any, Any, Any]:
    """(the statement joined with what is walked, and there the columns of moment, heat and key)"""
    at, heat, pk = paper.c.at, _heat(query), paper.c.pk
    if branch and branch.venue:
        asked = asked.where(paper.c.venue == branch.venue)
    elif few:
        at, heat = hits.unordered(at), hits.unordered(heat)
    elif len(query.topics) == 1 and (branch or query.min_probability is None):
        at, heat, pk = tag.c.at, tag.c.heat, tag.c.paper_pk
        # written as "= 1" and not as a truth, or SQLite does not see that its index serves
        tagged = sa.false() if branch and not branch.tagged else sa.true()
        asked = asked.join(tag, pk == paper.c.pk)
        asked = asked.where(tag.c.topic == query.topics[0], tag.c.tagged == tagged)
        if branch:
            asked = asked.where(tag.c.probability >= query.min_probability)
        return asked, at, heat, pk
    elif (name := _one_source(query)) and query.sort == "new" and not query.topics:
        at, pk = sighting.c.at, sighting.c.paper_pk
        asked = asked.join(sighting, pk == paper.c.pk).where(sighting.c.source == name)
    if query.topics and words == "within":
        theirs = sa.select(tag.c.paper_pk).where(tag.c.topic.in_(query.topics))
        asked = asked.where(rowids.key_of(hits.number).in_(theirs.where(tag.c.tagged == sa.true())))
    elif query.topics:
        key = rowids.key_of(hits.number) if words == "walked" else paper.c.pk
        asked = asked.where(sa.exists(sa.select(1).where(has_topic(query, key))))
    return asked, at, heat, pk


def _heat(query: PaperQuery) -> Any:
    """A paper's heat, which is another in each topic: of the one that is asked for, if there is one."""
    if len(query.topics) != 1:
        return paper.c.heat
    theirs = (tag.c.paper_pk == paper.c.pk) & (tag.c.topic == query.topics[0])
    return sa.select(tag.c.heat).where(theirs).scalar_subquery()


def _between(query: PaperQuery) -> Iterator[ColumnElement[bool]]:
    """The part of the search index that the dates asked for leave to be walked."""
    if query.since:
        yield hits.number >= rowids.rowid(query.since, 0)
    if query.until:  # its own second included: the index knows no parts of one
        yield hits.number < rowids.rowid(query.until, 0) + (1 << rowids.KEY_BITS)


def _one_source(query: PaperQuery) -> str:
    """The one source whose papers are wanted, "" if there are none or several."""
    named = {*query.sources, *((query.source,) if query.source else ())}
    return named.pop() if len(named) == 1 else ""


def way(
    connection: Connection, query: PaperQuery, match: str
) -> tuple[hits.Way | None, dict[str, Any]]:
    """(how the papers that `match` are best found, None without words; the parameters that it needs)"""
    if not match:
        return None, {"words": match}
    if is_sqlite(connection):
        return _way_on_sqlite(connection, query, match), {"words": match}
    found = hits.few(connection, match, finished(connection, query))
    if found is not None:
        return "few", {"words": match, "few": found}
    # What is common now may not have been so before: a walk from an early day could be a long one.
    planned = _is_elsewhere(query) or query.until
    return "planned" if planned else "asked", {"words": match}


def _way_on_sqlite(connection: Connection, query: PaperQuery, match: str) -> hits.Way:
    if query.sort == "new" and not _is_elsewhere(query) and query.kind != "post":
        return "within" if query.topics and _is_small(connection, query) else "walked"
    if hits.is_common(connection, match):
        return "asked"
    return "walked" if query.sort != "hot" else "few"


def _is_elsewhere(query: PaperQuery) -> bool:
    """Is another index walked than that of dates?"""
    return bool(query.venue or query.venues or query.source or query.sources)


def _is_small(connection: Connection, query: PaperQuery) -> bool:
    """Have the topics asked for so few papers that all can be gathered?"""
    asked = sa.select(sa.func.sum(topic_size.c.papers)).where(topic_size.c.topic.in_(query.topics))
    return query.min_probability is None and (connection.scalar(asked) or 0) <= GATHERED


def place(query: PaperQuery, after: cursors.Place | None) -> dict[str, Any]:
    """The parameters of a place in a list by date or by heat."""
    if after is None:
        return {}
    if query.sort == "hot":
        return {"after_key": after.key, "after_pk": after.pk}
    at = cursors.moment(after.key)
    return {"after_key": at, "after_pk": after.pk, "after_row": rowids.rowid(at, after.pk)}


@lru_cache(maxsize=256)
def ordered(
    query: PaperQuery, words: hits.Way | None, sqlite: bool, further: bool
) -> Select[*tuple[Any, ...]]:
    """The statement of a list by date or by heat; kept, since putting it together takes longer than
    SQLite takes to answer it."""
    asked = filtered(query, words, sqlite, paper.c.id, TEXT)
    # A moment as text: of a whole page only the last one is needed.
    end = asked.key if query.sort == "hot" else sa.cast(paper.c.at, sa.Text)
    statement = asked.statement.where(asked.further) if further else asked.statement
    statement = statement.add_columns(paper.c.title, end, paper.c.pk)
    return statement.order_by(*asked.order).limit(query.limit + 1)


def is_plain(query: PaperQuery) -> bool:
    """Has the list no conditions but words, kind and dates? Then one index has all that a walk asks for."""
    return not (query.topics or conditions(query, sqlite=False))


@lru_cache(maxsize=256)
def near(
    query: PaperQuery, further: bool, words: Literal["asked", "few"], most: int, passed: int = 0
) -> Select[*tuple[Any, ...]]:
    """As `ordered`, of a plain list, as far as a walk of `most` papers goes, those `passed` not counted, nor
    looked at. Only papers of the page are read, however rare the words are. For PostgreSQL."""
    asked = filtered(query, None, False, paper.c.pk)
    statement = asked.statement.where(asked.further) if further else asked.statement
    statement = statement.add_columns(asked.key.label("key"))
    walk = statement.order_by(*asked.order).limit(most).offset(passed).subquery("walk")
    pk = walk.c.pk
    known = (
        hits.is_one_of_few(pk) if words == "few" else hits.found("asked", None, pk, sqlite=False)
    )
    met = sa.select(pk, walk.c.key).where(known).order_by(walk.c.key.desc(), pk.desc())
    page = met.limit(query.limit + 1).subquery("page")
    end = page.c.key if query.sort == "hot" else sa.cast(paper.c.at, sa.Text)
    whole = sa.select(paper.c.id, TEXT, paper.c.title, end, paper.c.pk)
    whole = whole.join(page, page.c.pk == paper.c.pk)
    return whole.order_by(page.c.key.desc(), page.c.pk.desc())


@lru_cache(maxsize=256)
def keys(
    query: PaperQuery,
    words: hits.Way | None,
    sqlite: bool,
    further: bool,
    branch: Branch | None = None,
) -> Select[*tuple[Any, ...]]:
    """The statement of `pk` and `key` (moment or heat) of the `branch` of a list; without one of a list
    by date, telling also whether a word of each paper begins with the parameter `start`."""
    together = " " in beginning(query)
    columns = [] if branch else [hits.begins(paper.c.at, paper.c.pk, together=together)]
    asked = filtered(query, words, sqlite, paper.c.pk, *columns, branch=branch)
    statement = asked.statement.where(asked.further) if further else asked.statement
    statement = statement.add_columns(asked.key.label("key"))
    return statement.order_by(*asked.order).limit(query.limit)


def branches(connection: Connection, query: PaperQuery, words: hits.Way | None) -> list[Branch]:
    """The branches of a list by date or by heat that no single index has in its order; none if one has,
    or if there would be too many."""
    if query.sort == "relevance" or words not in (None, "asked", "planned"):
        return []
    if query.venue or query.venues:
        dated = query.sort == "new"
        return [Branch(venue=name) for name in venue_names(connection, query)] if dated else []
    if len(query.topics) == 1 and query.min_probability is not None:
        return [Branch(tagged=True), Branch(tagged=False)]
    return []
