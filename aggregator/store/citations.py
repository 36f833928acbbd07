"""Who cites whom: what citation services told, the `cited` events that follow, and pages of them.

A citation is told of an entry and of a name. The event is the papers': one for each pair of a cited
and a citing paper, however many services and entries tell of it. When papers merge or split, their
events go with the rows that tell of them.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.digest import rank
from aggregator.errors import UsageError
from aggregator.merge.keys import claims
from aggregator.merge.plan import Plan
from aggregator.store import cursor as cursors
from aggregator.store import ledger, tags, told
from aggregator.store.papers import MOST, Page
from aggregator.store.sql import (
    alias,
    chunks,
    citation,
    entry,
    event,
    insert_missing,
    paper,
)

KIND = "cited"
Pair = tuple[str, str]  # ids of the cited and of the citing paper


@dataclass(frozen=True, slots=True)
class _Told:
    """A row of the table, with the papers that it speaks of now."""

    key: str
    pair: Pair
    values: Mapping[str, Any]  # of its event


def known(connection: Connection, work: str, keys: Collection[str]) -> set[str]:
    """Those of the entry keys that are stored as citing this work."""
    found: set[str] = set()
    for part in chunks(sorted(keys)):
        asked = sa.select(citation.c.entry_key).where(
            citation.c.entry_key.in_(part), citation.c.name == work
        )
        found.update(connection.scalars(asked))
    return found


def settle(connection: Connection, pairs: Collection[tuple[str, str]], plan: Plan) -> None:
    """Store (entry key, name of the work) and bring the events up to date with what a plan, applied
    before, has changed."""
    rows = [
        {"entry_key": key, "name": name, "seen_at": plan.now, "backfill": plan.backfill}
        for key, name in sorted(pairs)
    ]
    insert_missing(connection, citation, rows, ("entry_key", "name"))
    now_told = _touched(connection, {key for key, _ in pairs}, plan)
    if now_told:
        _settle_events(connection, now_told, plan)
    if rows:
        _want_unknown(connection, {name for _, name in pairs})
    cited = {one.pair[0] for one in now_told} | _of_itself(connection, plan)
    _recount(connection, cited | plan.papers.keys())


def page(connection: Connection, paper_id: str, limit: int, cursor: str | None = None) -> Page:
    """The papers that cite one and are known here, newest first, after `cursor`.

    Raises UsageError for a limit out of range and a broken cursor.
    """
    if not 1 <= limit <= MOST:
        raise UsageError(f"limit: {limit}; expected 1 to {MOST}.")
    moment = sa.cast(event.c.at, sa.Text)
    asked = (
        sa.select(paper.c.id, sa.cast(paper.c.doc, sa.Text), moment, event.c.id)
        .join(paper, paper.c.id == event.c.cause)
        .where(event.c.paper_id == paper_id, event.c.kind == KIND, ~event.c.superseded)
    )
    if cursor:
        after = cursors.read(cursor, "new", paper_id)
        place = sa.tuple_(sa.literal(cursors.moment(after.key), event.c.at.type), after.pk)
        asked = asked.where(sa.tuple_(event.c.at, event.c.id) < place)
    rows = connection.execute(
        asked.order_by(event.c.at.desc(), event.c.id.desc()).limit(limit + 1)
    ).all()
    kept = tuple((row[0], row[1]) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(kept, None)
    end = cursors.Place("new", rows[limit - 1][2], rows[limit - 1][3])
    return Page(kept, cursors.write(end, paper_id))


def works(connection: Connection, events: Collection[int]) -> dict[int, tuple[str, str]]:
    """Event -> (id, title) of the cited paper."""
    found: dict[int, tuple[str, str]] = {}
    for part in chunks(sorted(events)):
        asked = sa.select(event.c.id, paper.c.id, paper.c.title).join(
            paper, paper.c.id == event.c.paper_id
        )
        for row in connection.execute(asked.where(event.c.id.in_(part))):
            found[row[0]] = (row[1], row[2])
    return found


def _touched(connection: Connection, keys: set[str], plan: Plan) -> list[_Told]:
    """Every row that tells of these entries, of entries of the changed papers, or of works whose
    paper is another than before, or had not their name."""
    owners = {e.key: e.paper_id for e, _ in plan.entries.values()} | plan.moved
    remade = plan.made | set(plan.left.values()) | {str(owners.get(key)) for key in plan.left}
    names = {name for i in remade if i in plan.papers for name in plan.papers[i].names}
    names |= {name for e, _ in plan.entries.values() for name in claims(e.draft)}
    conditions = [
        *(citation.c.entry_key.in_(part) for part in chunks(sorted(keys))),
        *(entry.c.paper_id.in_(part) for part in chunks(sorted(plan.papers))),
        *(citation.c.name.in_(part) for part in chunks(sorted(names))),
    ]
    found: dict[tuple[str, str], _Told] = {}
    citing = paper.alias("citing")
    for condition in conditions:
        asked = (
            sa.select(
                citation,
                entry.c.paper_id.label("citing"),
                citing.c.at,
                alias.c.paper_id,
                paper.c.pk,
            )
            .join(entry, entry.c.key == citation.c.entry_key)
            .join(citing, citing.c.id == entry.c.paper_id)
            .join(alias, alias.c.name == citation.c.name)
            .join(paper, paper.c.id == alias.c.paper_id)
            .where(condition)
            .order_by(paper.c.pk)  # a DOI may name two papers: the older one answers
        )
        for row in connection.execute(asked):
            if row.citing != row.paper_id:
                values = {"at": row.at, "seen_at": row.seen_at, "backfill": row.backfill}
                told_now = _Told(row.entry_key, (row.paper_id, row.citing), values)
                found.setdefault((row.entry_key, row.name), told_now)
    return list(found.values())


def _settle_events(connection: Connection, now_told: Sequence[_Told], plan: Plan) -> None:
    """One event for each pair. What a pair that is no more was told counts for its successor."""
    came_from: dict[str, set[str]] = {}
    for key, owner in ({e.key: e.paper_id for e, _ in plan.entries.values()} | plan.moved).items():
        if key in plan.left:
            came_from.setdefault(str(owner), set()).add(plan.left[key])
    before = {
        one.pair: {
            (cited, citing)
            for cited in (one.pair[0], *came_from.get(one.pair[0], ()))
            for citing in (one.pair[1], *came_from.get(one.pair[1], ()))
        }
        - {one.pair}
        for one in now_told
    }
    events = _events(connection, {p for pair, old in before.items() for p in (pair, *old)})
    fresh: dict[Pair, dict[str, Any]] = {}
    for one in now_told:
        known_as = events.get(one.pair)
        olds = [old for old in sorted(before[one.pair]) if old in events]
        if known_as is None and not olds:
            values = {"paper_id": one.pair[0], "kind": KIND, "cause": one.pair[1]}
            fresh.setdefault(one.pair, values | dict(one.values) | {"superseded": False})
            continue
        if known_as is None:
            events[one.pair] = known_as = _succeed(connection, events[olds[0]], one)
        elif known_as.at != one.values["at"]:
            _change(connection, known_as.id, at=one.values["at"])
        for old in olds:
            if not _is_told(connection, old):
                gone = events.pop(old)
                told.move(connection, gone.id, known_as.id)
                connection.execute(sa.delete(event).where(event.c.id == gone.id))
    if fresh:
        connection.execute(sa.insert(event), list(fresh.values()))


def _of_itself(connection: Connection, plan: Plan) -> set[str]:
    """Take back the events of papers that turned out to be one with those that cite them; the papers."""
    owners = plan.owners()
    moves = {(str(owners[key]), old) for key, old in plan.left.items() if key in owners}
    pairs = {pair for new, old in moves for pair in ((new, new), (new, old), (old, new))}
    found = set[str]()
    for pair, row in _events(connection, pairs).items():
        if pair in pairs and (pair[0] == pair[1] or not _is_told(connection, pair)):
            _change(connection, row.id, superseded=True)
            found.add(pair[0])
    return found


def _succeed(connection: Connection, old: sa.Row[Any], one: _Told) -> sa.Row[Any]:
    """The event of a new pair, which counts as told wherever the old one was."""
    values = {"paper_id": one.pair[0], "kind": KIND, "cause": one.pair[1], "superseded": False}
    times = {"at": one.values["at"], "seen_at": old.seen_at, "backfill": old.backfill}
    made = sa.insert(event).values(**values, **times).returning(event)
    row = connection.execute(made).one()
    told.copy(connection, old.id, row.id)
    return row


def _change(connection: Connection, event_id: int, **values: Any) -> None:
    connection.execute(sa.update(event).where(event.c.id == event_id).values(**values))


def _events(connection: Connection, pairs: Iterable[Pair]) -> dict[Pair, sa.Row[Any]]:
    causes: dict[str, set[str]] = {}
    for cited, citing in pairs:
        causes.setdefault(cited, set()).add(citing)
    found: dict[Pair, sa.Row[Any]] = {}
    for cited, all_citing in causes.items():
        for part in chunks(sorted(all_citing)):
            asked = sa.select(event).where(
                event.c.paper_id == cited, event.c.kind == KIND, event.c.cause.in_(part)
            )
            found |= {(row.paper_id, row.cause): row for row in connection.execute(asked)}
    return found


def _is_told(connection: Connection, pair: Pair) -> bool:
    """Does any row still tell of this pair?"""
    asked = (
        sa.select(1)
        .select_from(citation)
        .join(entry, entry.c.key == citation.c.entry_key)
        .join(alias, alias.c.name == citation.c.name)
        .where(alias.c.paper_id == pair[0], entry.c.paper_id == pair[1])
    )
    return connection.execute(asked.limit(1)).first() is not None


def _want_unknown(connection: Connection, names: Collection[str]) -> None:
    """Note the cited arXiv papers that nothing here has, to be looked up."""
    have = set(connection.scalars(sa.select(alias.c.name).where(alias.c.name.in_(names))))
    ledger.want(connection, {n for n in names if n.startswith("arxiv:")} - have)


def _recount(connection: Connection, papers: Collection[str]) -> None:
    """Write into the papers how many known papers cite them."""
    for part in chunks(sorted(papers)):
        counted = (
            sa.select(event.c.paper_id, sa.func.count())
            .where(event.c.paper_id.in_(part), event.c.kind == KIND, ~event.c.superseded)
            .group_by(event.c.paper_id)
        )
        for paper_id, number in connection.execute(counted).all():
            asked = sa.select(paper.c.pk, paper.c.at, paper.c.doc).where(paper.c.id == paper_id)
            row = connection.execute(asked).first()
            if row and row.doc["buzz"]["citations"] != number:
                _write_count(connection, row, number)


def _write_count(connection: Connection, row: Any, number: int) -> None:
    buzz = row.doc["buzz"] | {"citations": number}
    heat = rank.hot(buzz, row.at)
    said = sa.update(paper).where(paper.c.pk == row.pk)
    connection.execute(said.values(doc=row.doc | {"buzz": buzz}, heat=heat))
    tags.move(connection, {row.pk: (row.at, heat)})
