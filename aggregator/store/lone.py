"""The short way for papers of one entry that nothing else speaks of: most of what arXiv and feeds bring.

Two arXiv ids are never joined (merge/match.py, rule 4). So an arXiv record is a paper of its own
unless something has one of its names (an entry, a post, a citation, a paper merged away), or an
entry without an arXiv id has its title or its people, or a person decided about it. A post that names
nothing stands for itself unless it is there already, or a person decided about it: posts never meet by
their titles. Where neither the store nor the page has any of that, its rows can be made without
looking around, even in another process, and are the ones that the long way would make.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic_core import from_json
from sqlalchemy import Connection

from aggregator.merge.entries import digest
from aggregator.merge.keys import claims, title_key
from aggregator.merge.merge import merge
from aggregator.merge.people import people_key
from aggregator.merge.plan import candidate_id
from aggregator.models import Draft, Entry
from aggregator.store import search
from aggregator.store.rows import Plainly, Row, among, of_entry, of_event, of_paper, put
from aggregator.store.sql import (
    alias,
    citation,
    entry,
    event,
    mention,
    next_keys,
    paper,
    ruling,
)


class Ties(NamedTuple):
    """By what a record could meet another."""

    names: tuple[str, ...]
    title: str | None
    people: str | None
    paper_id: str
    key: str

    @property
    def known_by(self) -> tuple[str, ...]:
        """Its names; of a post, which has none, the key of its entry."""
        return self.names or (self.key,)


class Made(NamedTuple):
    """The rows of a paper of one entry, less the numbers that the database gives."""

    key: str
    ties: Ties
    paper: Row
    entry: Row
    events: tuple[Row, ...]
    words: search.Words
    at: Any
    published: datetime


class Ready(NamedTuple):
    """A draft on its way into the store: `ties` is None if it cannot be alone; `made` is there if its
    rows were made beforehand, and then stands for the draft, too."""

    draft: Draft | None
    ties: Ties | None
    made: Made | None = None

    def unpacked(self) -> Draft:
        """The draft."""
        if self.draft is None:
            assert self.made
            return _draft(self.made.entry)
        return self.draft


def ready(draft: Draft) -> Ready:
    """A draft with what decides whether it may be alone."""
    return Ready(draft, _ties(draft))


def _ties(draft: Draft) -> Ties | None:
    if draft.about or draft.mentions or draft.cites:
        return None
    names = claims(draft)
    of_arxiv = draft.kind == "arxiv" and draft.identifiers.get("arxiv") == draft.native_id
    if not (of_arxiv and draft.role == "preprint") and (names or draft.role != "post"):
        return None
    title, people = title_key(draft), people_key(draft)
    return Ties(names, title, people, candidate_id(draft.key, 0), draft.key)


class Maker:
    """Makes rows, for one database, of drafts that are alone."""

    def __init__(self, source: str, now: datetime, *, backfill: bool, sqlite: bool) -> None:
        """`source`, `now` and `backfill` as of `ingest.store_drafts`; `sqlite`: for SQLite, not
        PostgreSQL."""
        self._source, self._now, self._backfill = source, now, backfill
        self._sqlite = sqlite
        self._paper = Plainly(paper, PAPER, sqlite=sqlite)
        self._entry = Plainly(entry, ENTRY, sqlite=sqlite)
        self._event = Plainly(event, EVENT, sqlite=sqlite)

    def __call__(self, draft: Draft, ties: Ties) -> Made:
        """The rows of a draft that is alone."""
        known = Entry(draft, (self._source,), self._now, ties.paper_id)
        merged = merge(ties.paper_id, [known])
        row = self._paper(of_paper(ties.paper_id, merged, [], self._now))
        return Made(
            key=draft.key,
            ties=ties,
            paper=row,
            entry=self._entry(of_entry(known, digest(known), self._now)),
            events=tuple(
                self._event(of_event(ties.paper_id, one, self._now, backfill=self._backfill))
                for one in merged.happenings
            ),
            words=search.words(merged.doc, sqlite=self._sqlite),
            at=row[PAPER.index("at")],
            published=draft.published,
        )

    def ahead(self, draft: Draft) -> Ready:
        """A draft with its rows, in plain values for the way between processes."""
        ties = _ties(draft)
        return Ready(None, ties, self(draft, ties)) if ties else Ready(draft, None)


PAPER = [column.name for column in paper.c if column.name != "pk"]
ENTRY = [column.name for column in entry.c if column.name != "pk"]
EVENT = [column.name for column in event.c if column.name not in ("id", "first_id")]


_MOMENTS = ("published", "first_public")
_JSON = ("authors", "identifiers", "mentions", "extra")
_SAID = {
    name: ENTRY.index(name) for name in (field.name for field in fields(Draft)) if name in ENTRY
}


def _draft(row: Row) -> Draft:
    """The draft of an entry's row; its `cites` are none."""
    values = {name: row[n] for name, n in _SAID.items()}
    values |= {name: from_json(values[name]) for name in _JSON}
    for name in _MOMENTS:
        moment = values[name] and datetime.fromisoformat(values[name])
        values[name] = moment and moment.replace(tzinfo=moment.tzinfo or UTC)
    values |= {name: tuple(values[name]) for name in ("authors", "mentions")}
    return Draft(**values)


def part(connection: Connection, waiting: Sequence[Ready]) -> tuple[list[Ready], list[Ready]]:
    """(those that are alone, sorted by key, the others in their order); the caller holds the lock
    `ingest`."""
    candidates = [one.ties for one in waiting if one.ties]
    if not candidates:
        return [], list(waiting)
    names = Counter(name for ties in candidates for name in ties.known_by)
    met = {name for name, times in names.items() if times > 1}
    titles, people = set[str | None](), set[str | None]()
    for one in waiting:
        if not one.ties:
            draft = one.unpacked()
            met |= {*claims(draft), *draft.mentions, *draft.cites}
            titles.add(title_key(draft))
            people.add(people_key(draft))
    met |= _named(connection, names.keys())
    met |= _stored(connection, [ties.key for ties in candidates if not ties.names])
    ids = _taken(connection, [ties.paper_id for ties in candidates])
    titles |= _elsewhere(connection, entry.c.title_key, {t.title for t in candidates if t.title})
    people |= _elsewhere(connection, entry.c.people_key, {t.people for t in candidates if t.people})
    alone, others = [], []
    for one in waiting:
        ties = one.ties
        free = (
            ties is not None
            and met.isdisjoint(ties.known_by)
            and ties.paper_id not in ids
            and (ties.title is None or ties.title not in titles)
            and (ties.people is None or ties.people not in people)
        )
        (alone if free else others).append(one)
    return alone, others


def add(connection: Connection, alone: Sequence[Made], source: str) -> None:
    """Store papers that `part` found to be alone."""
    rows = sorted(alone)
    if not rows:
        return
    keys = next_keys(connection, paper, len(rows))
    put(
        connection,
        "paper",
        ["pk", *PAPER],
        [(k, *m.paper) for k, m in zip(keys, rows, strict=True)],
    )
    entries = zip(next_keys(connection, entry, len(rows)), rows, strict=True)
    put(connection, "entry", ["pk", *ENTRY], [(key, *made.entry) for key, made in entries])
    seen = [(key, source, made.at) for key, made in zip(keys, rows, strict=True)]
    put(connection, "sighting", ["paper_pk", "source", "at"], seen)
    names = [(name, made.ties.paper_id) for made in rows for name in made.ties.names]
    put(connection, "alias", ["name", "paper_id"], names)
    events = [row for made in rows for row in made.events]
    ids = next_keys(connection, event, len(events))
    put(
        connection, "event", ["id", *EVENT], [(i, *row) for i, row in zip(ids, events, strict=True)]
    )
    search.put(connection, [(key, made.words) for key, made in zip(keys, rows, strict=True)])


def _named(connection: Connection, names: Iterable[str]) -> set[str]:
    """Those of the names that anything stored has, speaks of, cites, or was decided about."""
    found: set[str] = set()
    for column in (alias.c.name, mention.c.name, citation.c.name):
        found.update(connection.scalars(sa.select(column).where(among(connection, column, names))))
    for row in connection.execute(sa.select(ruling.c.a, ruling.c.b)):
        found.update(row)
    return found


def _stored(connection: Connection, keys: Sequence[str]) -> set[str]:
    """Those of the keys that entries have."""
    return set(
        connection.scalars(sa.select(entry.c.key).where(among(connection, entry.c.key, keys)))
    )


def _taken(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Those of the paper ids that are in use, or were before a merge."""
    asked = sa.select(paper.c.id).where(among(connection, paper.c.id, ids))
    old = sa.select(alias.c.name).where(among(connection, alias.c.name, [f"id:{i}" for i in ids]))
    gone = (name.removeprefix("id:") for name in connection.scalars(old))
    return {*connection.scalars(asked), *gone}


def _elsewhere(connection: Connection, column: sa.Column[Any], keys: Iterable[str]) -> set[str]:
    """Those of the title or people keys that entries without an arXiv id have."""
    no_id = entry.c.identifiers["arxiv"].as_string().is_(None)
    asked = sa.select(column).where(among(connection, column, keys))
    return set(connection.scalars(asked.where(sa.or_(entry.c.kind != "arxiv", no_id)).distinct()))
