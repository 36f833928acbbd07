"""What readers keep of papers: stars, what is for later, what is hidden, what was read, notes."""

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import UsageError
from aggregator.parse.text import storable
from aggregator.store import cursor as cursors
from aggregator.store.sql import chunks, entry, insert_missing, kept, kept_of_entry, paper

Shelf = Literal["starred", "later", "hidden", "read"]
SHELVES: tuple[Shelf, ...] = get_args(Shelf)
MOST_NOTE = 4_000
"""Characters that a reader may write in a note; two that come together may have more."""
MOST_KEPT = 50_000
"""Papers that one reader can keep anything of: a browser that nobody knows must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a reader keeps of one paper."""

    starred: bool = False
    later: bool = False
    hidden: bool = False
    read: bool = False
    note: str = ""


NOTHING = Kept()


def put(
    connection: Connection, person_pk: int, paper_id: str, shelf: Shelf, now: datetime | None
) -> None:
    """Put the paper on a shelf at `now`, or take it off with None."""
    _change(connection, person_pk, paper_id, {f"{shelf}_at": now})


def note(connection: Connection, person_pk: int, paper_id: str, text: str, now: datetime) -> None:
    """Write a note on the paper; an empty one is deleted, and so are signs that nobody reads. Raises
    UsageError if it is too long: one that was put together from several may be changed, but not grow."""
    text = storable(text).strip()
    before = of_papers(connection, person_pk, [paper_id]).get(paper_id, NOTHING).note
    most = max(MOST_NOTE, len(before))
    if len(text) > most:
        raise UsageError(f"note: {len(text)} characters; expected at most {most}.")
    _change(connection, person_pk, paper_id, {"note": text, "noted_at": now if text else None})


def of_papers(
    connection: Connection, person_pk: int, paper_ids: Collection[str]
) -> dict[str, Kept]:
    """What the reader keeps of these papers; those without anything are missing."""
    found: dict[str, Kept] = {}
    for part in chunks(list(paper_ids)):
        mine = (kept.c.person_pk == person_pk) & kept.c.paper_id.in_(part)
        for row in connection.execute(sa.select(kept).where(mine)):
            found[row.paper_id] = _kept(row)
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """Documents of kept papers with when each was kept, and the cursor of the next page."""

    items: list[tuple[dict[str, Any], datetime, Kept]]
    next: str | None


def page(
    connection: Connection,
    person_pk: int,
    shelf: Literal["starred", "later", "hidden", "noted"],
    limit: int,
    cursor: str = "",
) -> Page:
    """The papers of a shelf, what was put there last first. Raises UsageError for a bad cursor."""
    at = kept.c[f"{shelf}_at"]
    asked = (
        sa.select(kept, paper.c.doc, paper.c.pk)
        .join(paper, paper.c.id == kept.c.paper_id)
        .where(kept.c.person_pk == person_pk, at.is_not(None))
    )
    if cursor:
        place = cursors.read(cursor, "new", shelf)
        after = sa.tuple_(sa.literal(cursors.moment(place.key), at.type), sa.literal(place.pk))
        asked = asked.where(sa.tuple_(at, paper.c.pk) < after)
    rows = connection.execute(asked.order_by(at.desc(), paper.c.pk.desc()).limit(limit + 1)).all()
    items = [(row.doc, row._mapping[f"{shelf}_at"], _kept(row)) for row in rows[:limit]]
    if len(rows) <= limit:
        return Page(items, None)
    last = rows[limit - 1]
    end = cursors.Place("new", last._mapping[f"{shelf}_at"].isoformat(), last.pk)
    return Page(items, cursors.write(end, shelf))


def counts(connection: Connection, person_pk: int) -> dict[str, int]:
    """How many papers each shelf has: starred, later, hidden, noted."""
    names = ("starred", "later", "hidden", "noted")
    columns = [sa.func.count(kept.c[f"{name}_at"]).label(name) for name in names]
    row = connection.execute(sa.select(*columns).where(kept.c.person_pk == person_pk)).one()
    return {name: row._mapping[name] for name in names}


def latest(
    connection: Connection, person_pk: int, shelf: Literal["starred", "hidden"], most: int
) -> list[str]:
    """The ids of the papers that were put on the shelf last, the last first, at most so many."""
    at = kept.c[f"{shelf}_at"]
    asked = sa.select(kept.c.paper_id).where(kept.c.person_pk == person_pk, at.is_not(None))
    return list(connection.scalars(asked.order_by(at.desc(), kept.c.paper_id).limit(most)))


def documents(connection: Connection, paper_ids: Sequence[str]) -> list[dict[str, Any]]:
    """The documents of papers, in the order of their ids; those that are gone are missing."""
    found: dict[str, dict[str, Any]] = {}
    for part in chunks(paper_ids):
        rows = connection.execute(sa.select(paper.c.id, paper.c.doc).where(paper.c.id.in_(part)))
        found |= {row.id: row.doc for row in rows}
    return [found[name] for name in paper_ids if name in found]


def anybody_starred(connection: Connection, least: int) -> bool:
    """Has anybody starred so many papers?"""
    asked = sa.select(kept.c.person_pk).where(kept.c.starred_at.is_not(None))
    enough = asked.group_by(kept.c.person_pk).having(sa.func.count() >= least).limit(1)
    return connection.execute(enough).first() is not None


def hand_over(connection: Connection, guest_pk: int, person_pk: int) -> None:
    """What one reader kept is another's from now on; what that one has no room for stays where it is."""
    mine = kept.c.person_pk == guest_pk
    for row in connection.execute(sa.select(kept).where(mine)).all():
        with contextlib.suppress(UsageError):
            _add(connection, row, person_pk, row.paper_id)
            connection.execute(sa.delete(kept).where(mine, kept.c.paper_id == row.paper_id))
            _hand_over_noted(connection, guest_pk, person_pk, row.paper_id)


def _hand_over_noted(connection: Connection, guest_pk: int, person_pk: int, paper_id: str) -> None:
    """Also of which entries of the paper it was; where that one has kept something, it stays theirs."""
    theirs = kept_of_entry.alias()
    taken = sa.exists().where(theirs.c.entry_key == kept_of_entry.c.entry_key)
    taken = taken.where(theirs.c.person_pk == person_pk).correlate(kept_of_entry)
    its = sa.select(entry.c.key).where(entry.c.paper_id == paper_id)
    mine = (kept_of_entry.c.person_pk == guest_pk) & kept_of_entry.c.entry_key.in_(its)
    connection.execute(sa.update(kept_of_entry).where(mine, ~taken).values(person_pk=person_pk))
    connection.execute(sa.delete(kept_of_entry).where(mine))


def _add(connection: Connection, row: Any, person_pk: int, paper_id: str) -> None:
    """Add what a row says to what this person keeps of this paper."""
    values: dict[str, Any] = {
        f"{name}_at": at for name in SHELVES if (at := row._mapping[f"{name}_at"]) is not None
    }
    theirs = of_papers(connection, person_pk, [paper_id]).get(paper_id, NOTHING)
    if row.note and row.note != theirs.note:
        notes = [text for text in (theirs.note, row.note) if text]
        values |= {"note": "\n\n".join(notes), "noted_at": row.noted_at}
    if values:
        _change(connection, person_pk, paper_id, values)


def _change(connection: Connection, person_pk: int, paper_id: str, values: dict[str, Any]) -> None:
    mine = (kept.c.person_pk == person_pk) & (kept.c.paper_id == paper_id)
    if not connection.scalar(sa.select(sa.func.count()).where(mine)):
        count = sa.select(sa.func.count()).where(kept.c.person_pk == person_pk)
        if (connection.scalar(count) or 0) >= MOST_KEPT:
            raise UsageError(f"{MOST_KEPT} papers are kept already; that is the most.")
        empty = dict.fromkeys([f"{name}_at" for name in SHELVES])
        row = {"person_pk": person_pk, "paper_id": paper_id, "note": "", "noted_at": None, **empty}
        insert_missing(connection, kept, [row], ["person_pk", "paper_id"])
    connection.execute(sa.update(kept).where(mine).values(**values))
    nothing = [kept.c[f"{name}_at"].is_(None) for name in SHELVES]
    connection.execute(sa.delete(kept).where(mine, *nothing, kept.c.note == ""))


def _kept(row: Any) -> Kept:
    flags = {name: row._mapping[f"{name}_at"] is not None for name in SHELVES}
    return Kept(**flags, note=row.note)
