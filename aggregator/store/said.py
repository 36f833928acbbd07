"""What people said and kept of papers that become one, or several: it goes with the entries it was said of.

While a paper is alone, its words are its rows of `feedback` and `kept`, and nothing else. When it becomes
one with another, both papers' words are noted with the entry that holds the paper's id, and what the
paper shows is put together from them; when entries leave, so do theirs. What people change
meanwhile is said of the paper that there is: it stays with that one's id.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from aggregator.merge.plan import Plan
from aggregator.store.kept import SHELVES
from aggregator.store.sql import (
    chunks,
    entry,
    feedback,
    feedback_of_entry,
    kept,
    kept_of_entry,
    upsert,
)

Word = dict[str, Any]
"""The columns of a word but for the paper or entry that it is of."""
_MOMENTS = tuple(f"{shelf}_at" for shelf in SHELVES)
_TABLES = ((feedback, feedback_of_entry), (kept, kept_of_entry))


def note(connection: Connection, plan: Plan) -> set[str]:
    """Note of which entries the words are whose papers a plan changes; before it is stored. Returns the
    ids of the papers whose words are to be put together anew, by `settle`."""
    owners = plan.owners()
    touched = {*plan.gone, *plan.gone.values()}
    for key in _noted(connection, plan.left):
        touched |= {plan.left[key], owners[key]}
    for paper_id in sorted(touched - plan.made):
        anchor = _anchor(connection, paper_id, plan.left)
        for words, of_entries in _TABLES:
            _note(connection, words, of_entries, paper_id, anchor)
    return touched


def settle(connection: Connection, papers: Collection[str], gone: Collection[str]) -> None:
    """Put together what is said of these papers now, from what is noted of their entries. The papers that
    are merged away must still be there."""
    for words, of_entries in _TABLES:
        for part in chunks(sorted(papers)):
            connection.execute(sa.delete(words).where(words.c.paper_id.in_(part)))
        rows = [
            {**word, "paper_id": paper_id}
            for paper_id in sorted(set(papers) - set(gone))
            for word in _together(_of_paper(connection, of_entries, paper_id)).values()
        ]
        upsert(connection, words, rows)


def _noted(connection: Connection, keys: Iterable[str]) -> set[str]:
    """Those of the entries of which words are noted."""
    found: set[str] = set()
    for _, of_entries in _TABLES:
        for part in chunks(sorted(keys)):
            asked = sa.select(of_entries.c.entry_key).where(of_entries.c.entry_key.in_(part))
            found |= set(connection.scalars(asked))
    return found


def _anchor(connection: Connection, paper_id: str, leaving: Mapping[str, str]) -> str:
    """The entry that holds a paper's id, as `plan` decides it: of those that stay, if any do."""
    asked = sa.select(entry.c.key, entry.c.role, entry.c.seen_at)
    rows = connection.execute(asked.where(entry.c.paper_id == paper_id)).all()
    order = ((row.key in leaving, row.role == "post", row.seen_at, row.key) for row in rows)
    return min(order, default=(False, False, None, ""))[-1]


def _note(
    connection: Connection, words: Table, of_entries: Table, paper_id: str, anchor: str
) -> None:
    """Note what was said of a paper, and changed, since its words were noted last."""
    asked = sa.select(words).where(words.c.paper_id == paper_id)
    rows = [dict(row._mapping) for row in connection.execute(asked)]
    now = {_key(row): {k: v for k, v in row.items() if k != "paper_id"} for row in rows}
    noted = _of_paper(connection, of_entries, paper_id)
    before = _together(noted)
    for key in now.keys() | before.keys():
        if now.get(key) == before.get(key):
            continue
        mine = {row["entry_key"]: row for row in noted if _key(row) == key}
        for name in mine:
            gone = of_entries.c.entry_key == name
            gone &= sa.and_(*(of_entries.c[k] == v for k, v in zip(_keys(words), key, strict=True)))
            connection.execute(sa.delete(of_entries).where(gone))
        left = _changed(mine, before.get(key), now.get(key), anchor)
        upsert(connection, of_entries, left)


def _changed(
    mine: Mapping[str, Word], before: Word | None, now: Word | None, anchor: str
) -> list[Word]:
    """What is noted of the entries after somebody changed a word from `before` to `now`."""
    if now is None:
        return []
    if "relevant" in now:  # earlier words stay what they were
        older = [row for row in mine.values() if row["at"] < now["at"]]
        return [row for row in older if row["entry_key"] != anchor] + [now | {"entry_key": anchor}]
    empty = {**dict.fromkeys(_MOMENTS), "note": "", "noted_at": None}
    new = mine.get(anchor) or {**now, **empty, "entry_key": anchor}
    found = {**mine, anchor: new}
    for names in (*((name,) for name in _MOMENTS), ("note", "noted_at")):
        if before is None or any(now[name] != before[name] for name in names):
            blank = {name: empty[name] for name in names}
            found = {key: row | blank for key, row in found.items()}
            found[anchor] |= {name: now[name] for name in names}
    return [row for row in found.values() if row["note"] or any(row[name] for name in _MOMENTS)]


def _of_paper(connection: Connection, of_entries: Table, paper_id: str) -> list[Word]:
    """What is noted of a paper's entries, in the order of its words."""
    asked = sa.select(of_entries).join(entry, entry.c.key == of_entries.c.entry_key)
    rows = connection.execute(asked.where(entry.c.paper_id == paper_id))
    at = "at" if "at" in of_entries.c else "noted_at"
    return sorted(
        (dict(row._mapping) for row in rows),
        key=lambda row: (row[at] is not None, row[at], row["entry_key"]),
    )


def _together(rows: Sequence[Word]) -> dict[tuple[Any, ...], Word]:
    """Several words as one: of a topic the latest, of what is kept the earliest moments and all notes."""
    found: dict[tuple[Any, ...], Word] = {}
    for row in rows:
        key, word = _key(row), {k: v for k, v in row.items() if k != "entry_key"}
        known = found.get(key)
        found[key] = word if known is None or "relevant" in word else _both(known, word)
    return found


def _both(known: Word, word: Word) -> Word:
    moments = {
        name: min((row[name] for row in (known, word) if row[name]), default=None)
        for name in _MOMENTS
    }
    notes = dict.fromkeys(row["note"] for row in (known, word) if row["note"])
    noted = max((row["noted_at"] for row in (known, word) if row["noted_at"]), default=None)
    return {**known, **moments, "note": "\n\n".join(notes), "noted_at": noted}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Whose word it is, and of which topic."""
    return tuple(row[name] for name in ("person_pk", "topic") if name in row)


def _keys(words: Table) -> list[str]:
    return [name for name in ("person_pk", "topic") if name in words.c]
