"""Where papers are talked about: the `discussed` events, one for each pair of a paper and a post.

What posts say is decided when papers are merged; here the events are brought up to date with it. An
event whose post speaks of the paper no more is kept as superseded, so that it is not told again if
the post, edited once more, does.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.plan import Plan
from aggregator.store import told
from aggregator.store.sql import chunks, entry, event, paper

KIND = "discussed"
Pair = tuple[str, str]  # id of the paper, key of the post


def settle(connection: Connection, plan: Plan) -> None:
    """Bring the events up to date with what a plan, applied before, says of its papers."""
    wanted = {
        (paper_id, one.cause): one.at
        for paper_id, merged in plan.papers.items()
        for one in merged.happenings
        if one.kind == KIND
    }
    came_from = _came_from(plan)
    known = _known(connection, {*plan.papers, *(i for olds in came_from.values() for i in olds)})
    fresh: dict[Pair, datetime] = {}
    for pair, at in wanted.items():
        if pair in known:
            _renew(connection, known[pair], at)
            continue
        olds = [(i, pair[1]) for i in came_from.get(pair[0], ()) if (i, pair[1]) in known]
        left = next((old for old in olds if old not in wanted), None)
        if left:
            _move(connection, known.pop(left), pair, at)
        elif olds:
            _copy(connection, known[olds[0]], pair, at)
        else:
            fresh[pair] = at
    unsaid = [
        row.id
        for pair, row in known.items()
        if pair[0] in plan.papers and pair not in wanted and not row.superseded
    ]
    for part in chunks(unsaid):
        change = sa.update(event).where(event.c.id.in_(part)).values(superseded=True)
        connection.execute(change)
    _store(connection, fresh, plan)


def merged_away(connection: Connection, old: str, survivor: str) -> None:
    """The events of a paper that is merged into another go there; of two of one post one is left,
    which counts as told wherever either was."""
    theirs = {cause: row for (_, cause), row in _known(connection, {survivor}).items()}
    for (_, cause), row in _known(connection, {old}).items():
        if cause in theirs:
            told.move(connection, row.id, theirs[cause].id)
            connection.execute(sa.delete(event).where(event.c.id == row.id))


def _came_from(plan: Plan) -> dict[str, list[str]]:
    """Paper -> the papers that some of its entries belonged to before."""
    owners = plan.owners()
    found: dict[str, set[str]] = {}
    for key, old in plan.left.items():
        new, old = owners.get(key), plan.gone.get(old, old)
        if new and new != old:
            found.setdefault(new, set()).add(old)
    return {new: sorted(olds) for new, olds in found.items()}


def _known(connection: Connection, papers: Collection[str]) -> dict[Pair, sa.Row[Any]]:
    found: dict[Pair, sa.Row[Any]] = {}
    for part in chunks(sorted(papers)):
        asked = sa.select(event).where(event.c.paper_id.in_(part), event.c.kind == KIND)
        for row in connection.execute(asked.order_by(event.c.id)):
            found[row.paper_id, row.cause] = row
    return found


def _renew(connection: Connection, row: sa.Row[Any], at: datetime) -> None:
    if row.superseded or row.at != at:
        change = sa.update(event).where(event.c.id == row.id)
        connection.execute(change.values(at=at, superseded=False))


def _move(connection: Connection, row: sa.Row[Any], pair: Pair, at: datetime) -> None:
    change = sa.update(event).where(event.c.id == row.id)
    connection.execute(change.values(paper_id=pair[0], at=at, superseded=False))


def _copy(connection: Connection, row: sa.Row[Any], pair: Pair, at: datetime) -> None:
    """A post that speaks of both papers that were one: who was told of the one was told of both."""
    values = _row(pair, at, row.seen_at, backfill=row.backfill)
    made = connection.execute(sa.insert(event).values(**values).returning(event.c.id))
    told.copy(connection, row.id, made.scalar_one())


def _store(connection: Connection, fresh: Mapping[Pair, datetime], plan: Plan) -> None:
    """What a back-fill brought is no news when its paper turns up later, either."""
    history = _history(connection, {cause for _, cause in fresh})
    rows = [
        _row(pair, at, plan.now, backfill=plan.backfill or pair[1] in history)
        for pair, at in fresh.items()
    ]
    if rows:
        connection.execute(sa.insert(event), rows)


def _row(pair: Pair, at: datetime, seen_at: datetime, *, backfill: bool) -> dict[str, Any]:
    return {
        "paper_id": pair[0],
        "kind": KIND,
        "cause": pair[1],
        "at": at,
        "seen_at": seen_at,
        "backfill": backfill,
        "superseded": False,
    }


def _history(connection: Connection, posts: Collection[str]) -> set[str]:
    """Those of the posts that a back-fill brought, as the first event tells that each made: about
    some paper, or `new` where it stands for itself."""
    first: dict[str, tuple[int, bool]] = {}
    own = (
        sa.select(entry.c.key, event.c.id, event.c.backfill)
        .join(event, event.c.paper_id == entry.c.paper_id)
        .join(paper, paper.c.id == entry.c.paper_id)
        .where(paper.c.kind == "post", event.c.kind == "new")
    )
    other = sa.select(event.c.cause, event.c.id, event.c.backfill).where(event.c.kind == KIND)
    for part in chunks(sorted(posts)):
        asked = (own.where(entry.c.key.in_(part)), other.where(event.c.cause.in_(part)))
        for row in (row for some in asked for row in connection.execute(some)):
            key, place = row[0], (row[1], row[2])
            first[key] = min(first.get(key, place), place)
    return {key for key, (_, backfill) in first.items() if backfill}
