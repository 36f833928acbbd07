"""Pages of lists of papers: by date, by heat, and by how well they fit what was searched for."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.digest.spread import spread
from aggregator.errors import UsageError
from aggregator.store import cursor as cursors
from aggregator.store import hits
from aggregator.store.query import PaperQuery, beginning, finished, list_of, match_of
from aggregator.store.sql import is_sqlite, paper
from aggregator.store.statements import (
    TEXT,
    Branch,
    branches,
    filtered,
    is_plain,
    keys,
    near,
    ordered,
    place,
    way,
)

MOST = 100  # papers on one page
LOOKED = 500
"""Papers that are read for a beginning of a word, before the search index is asked for all words that
begin so: "m" would be in nearly every paper, and the index would put all of them together first."""
FURTHER = 2_000
"""As many are read for a phrase of whose last word there is one sign: the index would put together all
places of all words that begin so, a fifth of a second in 100,000 papers."""
_STEP = 250  # of those, read at once
_EVER: dict[str, Any] = {"new": datetime(1900, 1, 1, tzinfo=UTC), "hot": -1e9}
_NEAR = ((700, 2), (12_000, 0))
"""Papers in which words are looked for, two microseconds each, before PostgreSQL's index is asked for them
all; and how many must have them for the next step to be worth its time."""
SIFTED, SIFTED_FROM = 40_000, 800
"""Papers on a walk among which so many hits, or more, are looked for: it takes 5 milliseconds, and as many to
look up 800 hits."""
_FIRST = 64  # of a ranking, looked up at once; then four times as many


@dataclass(frozen=True, slots=True)
class Page:
    """One page: (id, document as JSON text) of each paper, and the cursor of the next page."""

    rows: tuple[tuple[str, str], ...]
    next: str | None

    @property
    def items(self) -> list[dict[str, Any]]:
        """The documents, read."""
        return [json.loads(text) for _, text in self.rows]


def page(connection: Connection, query: PaperQuery, cursor: str | None = None) -> Page:
    """The papers that `query` asks for, after `cursor`.

    Raises UsageError for a limit out of range, a cursor that is broken or of another list, and a
    ranking by relevance without words.
    """
    if not 1 <= query.limit <= MOST:
        raise UsageError(f"limit: {query.limit}; expected 1 to {MOST}.")
    if query.sort == "relevance" and not (query.q or query.author):
        raise UsageError("sort=relevance: expected words to rank by (q or author).")
    after = cursors.read(cursor, query.sort, list_of(query)) if cursor else None
    match = match_of(connection, query)
    if match is None:
        return Page((), None)
    start = beginning(query) if is_sqlite(connection) and query.sort != "hot" else ""
    if start and (found := _begun(connection, query, start, after)):
        return found
    if query.sort == "relevance":
        return _by_relevance(connection, query, match, after, "")
    return _in_order(connection, query, match, after)


def _in_order(
    connection: Connection, query: PaperQuery, match: str, after: cursors.Place | None
) -> Page:
    near_by = bool(match) and not is_sqlite(connection) and is_plain(query)
    if near_by and (rows := _near(connection, query, {"words": match}, after)):
        return _paged(rows, query)
    words, values = way(connection, query, match)
    if near_by and words == "few" and len(values["few"]) >= SIFTED_FROM:
        asked = near(query, after is not None, "few", SIFTED)
        rows = connection.execute(asked, values | place(query, after)).all()
        if len(rows) > query.limit:
            return _paged(rows, query)
    values |= place(query, after)
    parts = branches(connection, query, words)
    if parts:
        return _joined(connection, query, words, values, after, parts)
    asked = ordered(query, words, is_sqlite(connection), after is not None)
    return _paged(connection.execute(asked, values).all(), query)


def _near(
    connection: Connection, query: PaperQuery, values: dict[str, Any], after: cursors.Place | None
) -> Sequence[Any]:
    """The rows of a page of words that are rather common among the first papers of the list; none if they
    are not. For PostgreSQL: rare ones take its index no time, and many of these it reads one by one."""
    values = values | place(query, after)
    passed, rows = 0, []
    for most, least in _NEAR:
        asked = near(query, after is not None, "asked", most, passed)
        rows += connection.execute(asked, values)
        if len(rows) > query.limit:
            return rows[: query.limit + 1]
        if len(rows) < least:
            break
        passed += most
    return ()


def _paged(rows: Sequence[Any], query: PaperQuery) -> Page:
    """The page of the rows of `ordered` or `near`."""
    kept = _arranged([(row[0], row[1], row[2]) for row in rows[: query.limit]], query)
    if len(rows) <= query.limit:
        return Page(kept, None)
    *_, end, pk = rows[query.limit - 1]
    return Page(kept, cursors.write(cursors.Place(query.sort, end, pk), list_of(query)))


def _joined(
    connection: Connection,
    query: PaperQuery,
    words: hits.Way | None,
    values: dict[str, Any],
    after: cursors.Place | None,
    parts: Sequence[Branch],
) -> Page:
    """A page of the branches of a list together, each read no further than it can matter."""
    plain = replace(query, venue="", venues=(), limit=query.limit + 1)
    values = {"least": _EVER[query.sort], **values}
    kept: list[tuple[Any, int]] = []
    for part in parts:
        asked = keys(plain, words, is_sqlite(connection), after is not None, part)
        kept += [(row.key, row.pk) for row in connection.execute(asked, values)]
        kept = sorted(kept, reverse=True)[: query.limit + 1]
        if len(kept) > query.limit:
            values["least"] = kept[-1][0]
    return _shown(connection, kept, query)


def _shown(connection: Connection, kept: Sequence[tuple[Any, int]], query: PaperQuery) -> Page:
    """The page of papers by moment or heat and key; that there is one more tells that a page follows."""
    shown = kept[: query.limit]
    texts = _texts(connection, [pk for _, pk in shown])
    rows = _arranged([texts[pk] for _, pk in shown], query)
    if len(kept) == len(shown):
        return Page(rows, None)
    key, pk = shown[-1]
    end = key if query.sort == "hot" else key.isoformat()
    return Page(rows, cursors.write(cursors.Place(query.sort, end, pk), list_of(query)))


def _begun(
    connection: Connection, query: PaperQuery, start: str, after: cursors.Place | None
) -> Page | None:
    """The page of the papers in which a word begins with `start`, by reading those that meet every
    other condition; None if so few of the newest have one that the search index is quicker."""
    match = match_of(connection, query, unfinished=False) or ""
    ranked = query.sort == "relevance"
    newest = replace(query, sort="new", limit=_STEP)
    kept, done = _beginning(
        connection, newest, match, start, None if ranked else after, query.limit
    )
    if not done and len(kept) <= query.limit:
        return None
    if ranked and match:
        return _by_relevance(connection, query, match, after, start)
    found = _shown(connection, kept, replace(newest, limit=query.limit))
    # By an unfinished word alone nothing can be ranked, and the next page has none.
    return replace(found, next=None) if ranked else found


def _beginning(
    connection: Connection,
    query: PaperQuery,
    match: str,
    start: str,
    after: cursors.Place | None,
    wanted: int,
) -> tuple[list[tuple[datetime, int]], bool]:
    """(moment and key of more than `wanted` papers in which a word begins so, newest first, as far as
    the newest `LOOKED` or `FURTHER` have any; whether there are no more to be looked at)."""
    words, known = way(connection, query, match)
    before, _, last = start.rpartition(" ")
    most = FURTHER if before and len(last) == 1 else LOOKED
    kept: list[tuple[datetime, int]] = []
    for _ in range(most // _STEP):
        asked = keys(query, words, True, after is not None)
        values = {"start": f" {start}", **known, **place(query, after)}
        rows = connection.execute(asked, values).all()
        kept += [(row.key, row.pk) for row in rows if row.begins]
        if len(rows) < query.limit:
            return kept, True
        if len(kept) > wanted:
            break
        after = cursors.Place("new", rows[-1].key.isoformat(), rows[-1].pk)
    return kept, False


def _by_relevance(
    connection: Connection,
    query: PaperQuery,
    match: str,
    after: cursors.Place | None,
    start: str,
) -> Page:
    """A page of the hits that meet every other condition, and in which a word begins with `start` if
    one is given, by (relevance, key), both descending."""
    hit = hits.scored(connection, match, finished(connection, query))
    order = sorted(((row[0], row[1]) for row in hit), reverse=True)
    if after:
        order = [one for one in order if one < (after.key, after.pk)]
    sqlite = is_sqlite(connection)
    asked = filtered(query, None, sqlite, paper.c.pk, few=sqlite).statement
    if start:
        begun = hits.begins(paper.c.at, paper.c.pk, together=" " in start)
        asked = asked.where(begun.element == 1)
    values = {"start": f" {start}"} if start else {}
    kept: list[tuple[float, int]] = []
    for part in _growing(order):
        known = asked.where(paper.c.pk.in_([pk for _, pk in part]))
        good = set(connection.scalars(known, values))
        kept += [one for one in part if one[1] in good]
        if len(kept) > query.limit:
            break
    shown = kept[: query.limit]
    texts = _texts(connection, [pk for _, pk in shown])
    more = len(kept) > len(shown)
    end = cursors.write(cursors.Place(query.sort, *shown[-1]), list_of(query)) if more else None
    return Page(_arranged([texts[pk] for _, pk in shown], query), end)


def _growing(order: Sequence[tuple[float, int]]) -> Iterator[Sequence[tuple[float, int]]]:
    """Slices of which each is four times as long as the last: mostly the first will do."""
    at, size = 0, _FIRST
    while at < len(order):
        yield order[at : at + size]
        at, size = at + size, size * 4


def _texts(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """Key -> (id, document as JSON text, title)."""
    asked = sa.select(paper.c.pk, paper.c.id, TEXT, paper.c.title).where(paper.c.pk.in_(keys))
    return {row[0]: (row[1], row[2], row[3]) for row in connection.execute(asked)}


_spread = lru_cache(maxsize=1024)(spread)
"""It depends on the titles alone, and a list's first pages are asked for again and again."""


def _arranged(
    found: Sequence[tuple[str, str, str]], query: PaperQuery
) -> tuple[tuple[str, str], ...]:
    """The rows of a page. What one subject makes hot at once is spread over the page, whose end, the next
    page's beginning, is that of the list without."""
    titles = tuple(title for *_, title in found)
    order = _spread(titles) if query.sort == "hot" else range(len(found))
    return tuple(found[n][:2] for n in order)
