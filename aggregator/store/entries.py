"""Entries: which are stored, and everything known around a page of them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from aggregator.merge.keys import claims, title_key
from aggregator.merge.people import people_key
from aggregator.merge.plan import Stored, candidate_id
from aggregator.merge.rulings import name
from aggregator.models import Draft, Entry
from aggregator.parse.ids import acl_doi
from aggregator.store import ledger, rulings
from aggregator.store.sql import alias, chunks, entry, mention, paper

_DRAFT = [
    "kind", "native_id", "role", "title", "url", "published", "version", "abstract", "authors",
    "year", "first_public", "identifiers", "about", "mentions", "fidelity", "dated", "extra",
]  # fmt: skip

_LOOKED_UP = ("arxiv", "doi")
"""Kinds of identifiers that some source can be asked for one by one."""

_NAMED_AS = {"doi": ("acl",)}
"""Kinds of identifiers that are looked up as another."""
_OWNED = sa.exists(
    sa.select(entry.c.key).where(
        entry.c.paper_id == alias.c.paper_id, entry.c.role.not_in(("post", "work"))
    )
)
"""The paper of an alias has entries of its own: what is said of it is no look-up's matter."""

ROUNDS = 5
"""How far from a page its consequences are looked for; real ones end after the first or second."""


def known(connection: Connection, keys: Collection[str], by: datetime) -> set[str]:
    """Those of the entry keys that were stored by then (logical time)."""
    found: set[str] = set()
    for part in chunks(sorted(keys)):
        asked = sa.select(entry.c.key).where(entry.c.key.in_(part), entry.c.seen_at <= by)
        found.update(connection.scalars(asked))
    return found


def incomplete(connection: Connection, kind: str, prefix: str) -> list[tuple[str, str]]:
    """(native id, url) of the entries of this kind that have no abstract, newest first."""
    asked = (
        sa.select(entry.c.native_id, entry.c.url)
        .where(entry.c.kind == kind, entry.c.abstract == "")
        .where(entry.c.native_id.startswith(prefix, autoescape=True))
        .order_by(entry.c.published.desc(), entry.c.pk)
    )
    return [(row.native_id, row.url) for row in connection.execute(asked)]


def of_keys(
    connection: Connection, keys: Collection[str]
) -> tuple[dict[str, Entry], dict[str, str]]:
    """(entries, digests) of those keys that are stored."""
    entries, digests = {}, {}
    for part in chunks(sorted(keys)):
        for row in connection.execute(sa.select(entry).where(entry.c.key.in_(part))):
            entries[row.key], digests[row.key] = _entry(row), row.digest
    return entries, digests


def of_kind(connection: Connection, kind: str) -> list[Draft]:
    """Every stored entry of this kind, as drafts."""
    asked = sa.select(entry).where(entry.c.kind == kind).order_by(entry.c.key)
    return [_entry(row).draft for row in connection.execute(asked)]


def oldest(connection: Connection, kind: str) -> str | None:
    """The native id of the first published entry of this kind; None if there is none."""
    asked = sa.select(entry.c.native_id).where(entry.c.kind == kind)
    return connection.scalar(asked.order_by(entry.c.published).limit(1))


def of_native_ids(
    connection: Connection, kind: str, native_ids: Collection[str]
) -> tuple[dict[str, Entry], dict[str, str]]:
    """(entries, digests) of every version of those native ids."""
    entries, digests = {}, {}
    for part in chunks(sorted(native_ids)):
        asked = sa.select(entry).where(entry.c.kind == kind, entry.c.native_id.in_(part))
        for row in connection.execute(asked):
            entries[row.key], digests[row.key] = _entry(row), row.digest
    return entries, digests


def around(
    connection: Connection, page: Sequence[Entry], before: Sequence[Entry], digests: dict[str, str]
) -> Stored:
    """Everything stored that the changed entries of a page may touch: the papers that share a name,
    a title or the people with them (or did `before`), those that share one with these, and so on, with all
    their entries and all that speak of them."""
    decided = rulings.everything(connection)
    papers: set[str] = set()
    neighbours: list[Entry] = []
    edge: Sequence[Entry] = (*page, *before)
    for _ in range(ROUNDS):
        names = {name for e in edge for name in (*claims(e.draft), *e.draft.mentions)}
        found = _papers_named(connection, names)
        titles = {k for e in edge if (k := title_key(e.draft))}
        found |= _papers_keyed(connection, entry.c.title_key, titles)
        people = {k for e in edge if (k := people_key(e.draft))}
        found |= _papers_keyed(connection, entry.c.people_key, people)
        found |= {e.paper_id for e in edge if e.paper_id}
        if decided.together:
            found |= _papers_joined(connection, edge, decided.together)
        if found <= papers:
            break
        edge = _entries_of(connection, found - papers)
        neighbours += edge
        papers |= found
    everybody = (*page, *before, *neighbours)
    names = {name for e in everybody for name in (*claims(e.draft), *e.draft.mentions)}
    return Stored(
        entries={e.key: e for e in page},
        digests=digests,
        neighbours=neighbours,
        ages=_ages(connection, papers),
        mentions=_mentions(connection, names),
        taken=_taken(connection, {e.key for e in everybody}),
        rulings=decided,
    )


def want_unknown(connection: Connection, changed: Sequence[Entry]) -> None:
    """Note what these posts or representative works name, can be looked up, and is not stored."""
    posts = [e.draft for e in changed if e.draft.role in ("post", "work")]
    named = {name for d in posts for name in (*claims(d), *d.mentions)}
    asked = {found for name in named if (found := _look_up_as(name))}
    if asked:
        ledger.want(connection, asked - _had(connection, asked))


def want_stored(connection: Connection, kind: str) -> None:
    """Note what stored posts and representative works name and nothing here has: what was named before
    this kind could be looked up."""
    named: set[str] = set()
    for column, others in ((mention.c.name, sa.true()), (alias.c.name, ~_OWNED)):
        for other in (kind, *_NAMED_AS.get(kind, ())):
            named.update(
                connection.scalars(sa.select(column).where(column.startswith(f"{other}:"), others))
            )
    asked = {found for name in named if (found := _look_up_as(name))}
    ledger.want(connection, asked - _had(connection, asked))


def _look_up_as(name: str) -> str | None:
    """By what name a work can be asked for; None if nobody can be asked for it."""
    kind, _, value = name.partition(":")
    if kind == "acl":
        found = acl_doi(value)
        return f"doi:{found}" if found else None
    return name if kind in _LOOKED_UP else None


def wanted(connection: Connection, kind: str, most: int, now: datetime) -> list[str]:
    """Identifiers of this kind to look up now, without the kind, at most so many. What came by another
    way since it was named is noted as found."""
    names = [f"{kind}:{one}" for one in ledger.wanted(connection, kind, most, now)]
    had = _had(connection, names)
    ledger.looked_up(connection, had, had, now)
    return [name.removeprefix(f"{kind}:") for name in names if name not in had]


def _had(connection: Connection, names: Collection[str]) -> set[str]:
    """Those of the names that stored papers have of their own, not only by a post or a topic. Of
    arXiv only its own record counts: it has what others leave out."""
    found: set[str] = set()
    for part in chunks(sorted(names)):
        asked = (
            sa.select(alias.c.name)
            .join(entry, entry.c.paper_id == alias.c.paper_id)
            .where(alias.c.name.in_(part), entry.c.role.not_in(("post", "work")))
            .where(sa.or_(~alias.c.name.startswith("arxiv:"), entry.c.kind == "arxiv"))
        )
        found.update(connection.scalars(asked))
    return found


def _entry(row: Row[Any]) -> Entry:
    values = {name: getattr(row, name) for name in _DRAFT}
    values["authors"] = tuple(values["authors"])
    values["mentions"] = tuple(values["mentions"])
    return Entry(Draft(**values), tuple(row.sources), row.seen_at, row.paper_id)


def _papers_named(connection: Connection, names: set[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(sorted(names)):
        found.update(connection.scalars(sa.select(alias.c.paper_id).where(alias.c.name.in_(part))))
    return found


def _papers_keyed(connection: Connection, column: sa.Column[Any], keys: set[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(sorted(keys)):
        asked = sa.select(entry.c.paper_id).where(column.in_(part))
        found.update(connection.scalars(asked))
    return found


def _papers_joined(
    connection: Connection, edge: Sequence[Entry], together: Collection[tuple[str, str]]
) -> set[str]:
    """The papers of entries that people joined with one of these."""
    names = {name(e.draft) for e in edge}
    others = {b for a, b in together if a in names} | {a for a, b in together if b in names}
    found: set[str] = set()
    for other in others - names:
        kind, _, native = other.partition(":")
        asked = sa.select(entry.c.paper_id).where(entry.c.kind == kind, entry.c.native_id == native)
        found.update(connection.scalars(asked))
    return found


def of_papers(connection: Connection, paper_ids: Collection[str]) -> list[Entry]:
    """Every entry of these papers, by key."""
    return sorted(_entries_of(connection, paper_ids), key=lambda e: e.key)


def _entries_of(connection: Connection, papers: Iterable[str]) -> list[Entry]:
    found: list[Entry] = []
    for part in chunks(sorted(papers)):
        asked = sa.select(entry).where(entry.c.paper_id.in_(part))
        found += map(_entry, connection.execute(asked))
    return found


def _ages(connection: Connection, papers: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in chunks(sorted(papers)):
        asked = sa.select(paper.c.id, paper.c.pk).where(paper.c.id.in_(part))
        found |= {row.id: row.pk for row in connection.execute(asked)}
    return found


def _mentions(connection: Connection, names: Iterable[str]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = defaultdict(list)
    for part in chunks(sorted(names)):
        asked = (
            sa.select(mention.c.name, entry)
            .join(entry, entry.c.key == mention.c.entry_key)
            .where(mention.c.name.in_(part))
        )
        for row in connection.execute(asked):
            found[row.name].append(_entry(row))
    return found


def _taken(connection: Connection, keys: set[str]) -> set[str]:
    """The ids that these entry keys would give and that are in use, or were before a merge."""
    taken: set[str] = set()
    salt = 0
    while keys:
        candidates = {candidate_id(key, salt): key for key in keys}
        found: set[str] = set()
        for part in chunks(sorted(candidates)):
            found.update(connection.scalars(sa.select(paper.c.id).where(paper.c.id.in_(part))))
            old = sa.select(alias.c.name).where(alias.c.name.in_([f"id:{i}" for i in part]))
            found.update(name.removeprefix("id:") for name in connection.scalars(old))
        taken |= found
        keys = {candidates[i] for i in found}
        salt += 1
    return taken
