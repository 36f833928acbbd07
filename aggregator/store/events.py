"""Events of papers: stored once, moved with the entries that caused them, never told anew for a merge."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.first import First
from aggregator.merge.plan import Plan
from aggregator.store import discussions, told
from aggregator.store.rows import of_event
from aggregator.store.sql import chunks, event, insert_into

_OF_ENTRIES = ("new_version", "published", discussions.KIND)
"""Kinds whose cause is the key of an entry and that a back-fill keeps to itself."""


def told_before(connection: Connection, plan: Plan) -> dict[str, dict[str, Any]]:
    """New papers that were split off -> the `new` of the paper they were part of: it told of them."""
    owners = plan.owners()
    origins = {owners[key]: old for key, old in plan.left.items() if owners.get(key) in plan.made}
    found = {}
    for new, old in origins.items():
        asked = sa.select(event.c.id, event.c.seen_at, event.c.backfill)
        news = asked.where(event.c.paper_id == old, event.c.kind == "new")
        row = connection.execute(news.where(event.c.cause == "")).first()
        if row:
            # Of a paper that was merged from others, each `new` may have been told to somebody.
            ids = [one.id for one in connection.execute(news)]
            found[str(new)] = dict(row._mapping) | {"ids": ids}
    return found


def move(connection: Connection, plan: Plan) -> None:
    """What an entry caused goes with it to its paper; if it is known there, what was told does."""
    owners = plan.owners()
    for key, old in plan.left.items():
        new, mine = owners.get(key), sa.and_(event.c.paper_id == old, event.c.cause == key)
        mine &= event.c.kind != discussions.KIND  # a post may go on speaking of both
        asked = sa.select(event.c.kind, event.c.id)
        theirs = (event.c.paper_id == new) & (event.c.cause == key)
        known = {row.kind: row.id for row in connection.execute(asked.where(theirs))}
        for row in connection.execute(asked.where(mine, event.c.kind.in_(known))).all():
            told.move(connection, row.id, known[row.kind])
            connection.execute(sa.delete(event).where(event.c.id == row.id))
        connection.execute(sa.update(event).where(mine).values(paper_id=new))


def merged_away(connection: Connection, old: str, survivor: str) -> None:
    """The events of a paper that is merged into another go there; a second one of the same is
    superseded."""
    discussions.merged_away(connection, old, survivor)
    kept = sa.select(event.c.kind, event.c.cause).where(event.c.paper_id == survivor)
    twice = {(row.kind, row.cause) for row in connection.execute(kept)}
    for row in connection.execute(sa.select(event).where(event.c.paper_id == old)).all():
        again = (row.kind, row.cause) in twice
        change = {"paper_id": survivor}
        if again:
            change |= {"superseded": True, "cause": f"{row.cause}#{old}"}
        connection.execute(sa.update(event).where(event.c.id == row.id).values(**change))


def store(connection: Connection, plan: Plan, before: Mapping[str, Mapping[str, Any]]) -> None:
    """Store what happened to the papers of a plan; `before` is what `told_before` said."""
    kept = {
        paper_id: {k: row[k] for k in ("seen_at", "backfill")} for paper_id, row in before.items()
    }
    rows = [
        of_event(paper_id, happening, plan.now, backfill=plan.backfill)
        | (kept.get(paper_id, {}) if happening.kind == "new" else {})
        for paper_id, merged in plan.papers.items()
        for happening in merged.happenings
        if happening.kind != discussions.KIND
    ]
    if rows:
        _upsert(connection, rows)
    for paper_id, row in before.items():
        mine = (event.c.paper_id == paper_id) & (event.c.kind == "new") & ~event.c.superseded
        new = connection.scalar(sa.select(event.c.id).where(mine))
        if new is not None:
            for known in row["ids"]:
                told.copy(connection, known, new)
    discussions.settle(connection, plan)


def renew(connection: Connection, first: First, since: datetime, now: datetime) -> None:
    """What a source brings `first` and a back-fill of another brought before is news, where it is of
    `since` or later. To whom it was told, in a first digest, it stays told."""
    asked = sa.select(event).where(event.c.backfill, ~event.c.superseded, event.c.at >= since)
    new = asked.where(event.c.kind == "new", event.c.cause == "")
    other = asked.where(event.c.kind.in_(_OF_ENTRIES))
    found = [
        *(new.where(event.c.paper_id.in_(part)) for part in chunks(sorted(first.papers))),
        *(other.where(event.c.cause.in_(part)) for part in chunks(sorted(first.entries))),
    ]
    for row in [row for one in found for row in connection.execute(one)]:
        _as_new(connection, row, now, None)  # nobody could be told of it before


def withdrawn_again(connection: Connection, papers: Sequence[str], plan: Plan) -> None:
    """These papers are withdrawn: by a version that had been before, too, it is news for whoever was
    not told so."""
    for paper_id in papers:
        causes = [one.cause for one in plan.papers[paper_id].happenings if one.kind == "withdrawn"]
        mine = (event.c.paper_id == paper_id) & (event.c.kind == "withdrawn")
        asked = sa.select(event).where(mine, event.c.cause.in_(causes), event.c.seen_at < plan.now)
        for row in connection.execute(asked).all():
            _as_new(connection, row, plan.now, row.first_id or row.id)


def bring_back(connection: Connection, papers: Sequence[str], now: datetime) -> None:
    """These papers are not withdrawn any more: what tells of them is news again, for whoever was not
    told it before."""
    asked = sa.select(event).where(~event.c.superseded, ~event.c.backfill).order_by(event.c.id)
    for part in chunks(papers):
        own = event.c.kind.in_(told.UNTIL_WITHDRAWN) & event.c.paper_id.in_(part)
        citing = (event.c.kind == "cited") & event.c.cause.in_(part)
        for row in connection.execute(asked.where(own | citing)).all():
            _as_new(connection, row, now, row.first_id or row.id)


def retell(connection: Connection, papers: Collection[str], since: datetime) -> None:
    """That these papers are new, or published, is looked at again for whoever was not told of it, if
    it was stored at `since` or later."""
    kinds = event.c.kind.in_(("new", "published"))
    asked = sa.select(event).where(kinds, ~event.c.backfill, ~event.c.superseded)
    for part in chunks(sorted(papers)):
        mine = asked.where(event.c.paper_id.in_(part), event.c.seen_at >= since)
        for row in connection.execute(mine.order_by(event.c.id)).all():
            _as_new(connection, row, row.seen_at, row.first_id or row.id)


def _as_new(
    connection: Connection, row: sa.Row[Any], seen_at: datetime, first_id: int | None
) -> None:
    """Give an event a new id, as if it were stored now; to whom it was told, it stays told. By its
    `first_id` it stays before whoever began later."""
    values = dict(row._mapping) | {"seen_at": seen_at, "backfill": False, "first_id": first_id}
    values["cause"] = f"{row.cause}#{row.id}"  # the other has its place still
    del values["id"]
    made = sa.insert(event).values(**values).returning(event.c.id)
    new_id = connection.execute(made).scalar_one()  # before the old one goes: it is greater
    told.move(connection, row.id, new_id)
    connection.execute(sa.delete(event).where(event.c.id == row.id))
    mine = sa.update(event).where(event.c.id == new_id)
    connection.execute(mine.values(cause=row.cause))


def _upsert(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    # Known already: only the day may turn out to be another (a preprint found after its page), and
    # then to be one of long ago.
    statement = insert_into(connection, event)
    day = statement.excluded.at
    history = sa.or_(event.c.backfill, sa.and_(statement.excluded.backfill, day < event.c.at))
    statement = statement.on_conflict_do_update(
        index_elements=["paper_id", "kind", "cause"],
        set_={"at": day, "backfill": history},
        where=event.c.at != day,
    )
    connection.execute(statement, rows)
