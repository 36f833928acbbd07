"""Which papers are wanted: a query, and the conditions that SQL is asked with."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from aggregator.store import hits, words
from aggregator.store.sql import is_sqlite, paper, sighting, tag
from aggregator.watches import Watch

Sort = Literal["new", "hot", "relevance"]
Kind = Literal["paper", "post", "any"]

MOST_VENUES = 40
"""Venues that are looked at one by one."""

_news = paper.alias("news")
_seen = sighting.alias("seen")
_ANY_NEWS = sa.exists(sa.select(1).where(~_news.c.starter))


@dataclass(frozen=True, slots=True)
class PaperQuery:
    """Which papers are wanted, and in which order; every condition must hold.

    A paper has a topic if it carries the tag, or, with `min_probability`, if the probability is at
    least that. `since` (included) and `until` (excluded) are about `at`. `venue` is a whole venue
    or its first words ("CVPR" finds "CVPR 2017"). `prefix` lets the last word of `q` go on. Of the
    plural fields any one value suffices; what an `exclude_` field names must not hold. Starter
    works appear only in answers to words, or while there is nothing else.
    """

    topics: tuple[str, ...] = ()
    q: str = ""
    author: str = ""
    venue: str = ""
    source: str = ""
    since: datetime | None = None
    until: datetime | None = None
    min_probability: float | None = None
    sort: Sort = "new"
    kind: Kind = "any"
    prefix: bool = False
    limit: int = 20
    authors: tuple[str, ...] = ()
    venues: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    exclude_topics: tuple[str, ...] = ()
    exclude_q: str = ""
    exclude_authors: tuple[str, ...] = ()
    exclude_venues: tuple[str, ...] = ()
    exclude_sources: tuple[str, ...] = ()

    @classmethod
    def of(cls, watch: Watch, **more: Any) -> "PaperQuery":
        """What a watch selects; `more` are other fields of the query."""
        asked = cls(
            topics=watch.topics,
            q=watch.query,
            authors=watch.authors,
            venues=watch.venues,
            sources=watch.sources,
            min_probability=watch.min_probability,
            exclude_topics=watch.exclude_topics,
            exclude_q=watch.exclude_query,
            exclude_authors=watch.exclude_authors,
            exclude_venues=watch.exclude_venues,
            exclude_sources=watch.exclude_sources,
        )
        return replace(asked, **more)


def list_of(query: PaperQuery) -> str:
    """The name of the list that is asked for, whatever the size of its pages; and whether somebody is
    still typing: what was found so far goes on as well."""
    return repr(replace(query, limit=0, prefix=False))


def match_of(connection: Connection, query: PaperQuery, *, unfinished: bool = True) -> str | None:
    """The search engine's expression for the words and authors, "" if none are asked for; None if
    only signs were typed, nothing that a paper could contain. Without `unfinished` the last word is
    left out if it may go on."""
    everywhere = words.phrases(query.q, prefix=query.prefix)
    if not unfinished and beginning(query):
        *everywhere, last = everywhere
        everywhere += [words.Phrase(last.tokens[:-1])] if last.tokens[1:] else []
    author = words.phrases(query.author)
    authors = [found for name in query.authors if (found := words.phrases(name))]
    asked = (
        (query.q if unfinished else "", everywhere),
        (query.author, author),
        (query.authors, authors),
    )
    if any(given and not found for given, found in asked):
        return None
    return _written(connection, everywhere, author, authors)


def finished(connection: Connection, query: PaperQuery) -> str:
    """As `match_of`, without the words of which only the beginning is known; "" if there are no others."""
    everywhere, author = words.phrases(query.q, prefix=query.prefix), words.phrases(query.author)
    authors = [words.phrases(name) for name in query.authors]
    if any(one.prefix for name in authors for one in name):
        authors = []  # one of several has to hold: without one of them it would be less
    everywhere = [one for one in everywhere if not one.prefix]
    author = [one for one in author if not one.prefix]
    return _written(connection, everywhere, author, [name for name in authors if name])


def _written(
    connection: Connection,
    everywhere: Sequence[words.Phrase],
    author: Sequence[words.Phrase],
    authors: Sequence[Sequence[words.Phrase]],
) -> str:
    write = hits.writer(is_sqlite(connection))
    options = write.any_of([write.all_of(one, "authors") for one in authors])
    return write.both(write.all_of(everywhere), write.all_of(author, "authors"), options)


def beginning(query: PaperQuery) -> str:
    """The last word of `q` if it may go on ("resid*", or while somebody is typing), else ""; in quotes
    that are still open with the words before it, set apart by blanks."""
    everywhere = words.phrases(query.q, prefix=query.prefix)
    return " ".join(everywhere[-1].tokens) if everywhere and everywhere[-1].prefix else ""


def conditions(query: PaperQuery, *, sqlite: bool) -> list[ColumnElement[bool]]:
    """Everything but kind, topics, words and dates, as conditions on `paper`."""
    found: list[ColumnElement[bool]] = []
    for venues in ((query.venue,) if query.venue else (), query.venues):
        if venues:
            found.append(sa.or_(*(_is_venue(venue) for venue in venues)))
    for sources in ((query.source,) if query.source else (), query.sources):
        if sources:
            found.append(_seen_by(sources))
    if query.exclude_venues:
        # Of a paper without a venue SQL would say "unknown".
        named = sa.or_(*(_is_venue(venue) for venue in query.exclude_venues))
        found.append(~sa.func.coalesce(named, sa.false()))
    if query.exclude_sources:
        found.append(~_seen_by(query.exclude_sources))
    if query.exclude_topics:
        theirs = (tag.c.paper_pk == paper.c.pk) & tag.c.topic.in_(query.exclude_topics)
        found.append(~sa.exists(sa.select(1).where(theirs, tag.c.tagged == sa.true())))
    left_out = _left_out(query, hits.writer(sqlite))
    if left_out:
        found.append(~hits.contain(paper.c.at, paper.c.pk, left_out, sqlite=sqlite))
    if not (query.q or query.author or query.authors):
        found.append(~paper.c.starter | ~_ANY_NEWS)
    return found


def has_topic(query: PaperQuery, key: Any = paper.c.pk) -> ColumnElement[bool]:
    """The condition that a tag row gives the paper of this key one of the topics."""
    enough = (
        tag.c.tagged == sa.true()
        if query.min_probability is None
        else tag.c.probability >= query.min_probability
    )
    return sa.and_(tag.c.paper_pk == key, tag.c.topic.in_(query.topics), enough)


def selects(connection: Connection, query: PaperQuery) -> list[ColumnElement[bool]]:
    """The whole query but for kind and dates, as conditions on `paper`, for a statement that names
    few papers by other means, such as today's events."""
    match = match_of(connection, query)
    if match is None:
        return [sa.false()]
    sqlite = is_sqlite(connection)
    found = conditions(query, sqlite=sqlite)
    if query.topics:
        found.append(sa.exists(sa.select(1).where(has_topic(query))))
    if match:
        found.append(hits.contain(paper.c.at, paper.c.pk, match, sqlite=sqlite))
    return found


def _left_out(query: PaperQuery, write: words.Writer) -> str:
    """The expression of what must not occur, "" if there is none."""
    authors = [write.all_of(words.phrases(name), "authors") for name in query.exclude_authors]
    return write.any_of([write.all_of(words.phrases(query.exclude_q)), *authors])


def venue_names(connection: Connection, query: PaperQuery) -> list[str]:
    """The venues that are asked for, by their whole names, in lower case; none if there are more than
    `MOST_VENUES`."""
    given = [{query.venue.lower()}] if query.venue else []
    given += [{name.lower() for name in query.venues}] if query.venues else []
    found = [set(_named_so(connection, wanted)) for wanted in given]
    names = sorted(set.intersection(*found))
    return names if len(names) <= MOST_VENUES else []


def _named_so(connection: Connection, wanted: Collection[str]) -> Iterator[str]:
    """Venues of these names, or whose names go on after one, as far as one more than `MOST_VENUES`."""
    for name in wanted:
        yield name
        last, end = f"{name} ", f"{name} \uffff"
        for _ in range(MOST_VENUES + 1):  # from one to the next: each is a step in the index
            asked = sa.select(sa.func.min(paper.c.venue))
            following = asked.where(paper.c.venue > last, paper.c.venue <= end)
            last = connection.scalar(following) or ""
            if not last:
                break
            yield last


def _is_venue(name: str) -> ColumnElement[bool]:
    wanted = name.lower()
    # A range, and not LIKE, which no index of SQLite's serves: what begins with the name and a blank.
    return (paper.c.venue == wanted) | paper.c.venue.between(f"{wanted} ", f"{wanted} \uffff")


def _seen_by(sources: Sequence[str]) -> ColumnElement[bool]:
    theirs = (_seen.c.paper_pk == paper.c.pk) & _seen.c.source.in_(sources)
    return sa.exists(sa.select(1).where(theirs))
