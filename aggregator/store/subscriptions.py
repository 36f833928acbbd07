"""Subscriptions: made, changed, paused, ended; which are due is asked in outbox.py."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.due import next_due, parse_schedule, parse_zone
from aggregator.errors import NotFoundError, UsageError
from aggregator.store import people
from aggregator.store.people import new_id
from aggregator.store.sql import delivery, event, one_at_a_time, subscription
from aggregator.watches import Terms, Wanted

State = Literal["pending", "active", "paused", "suspended", "ended"]
UNCONFIRMED_FOR = timedelta(days=3)
"""An address that nobody confirmed is forgotten after this time."""
LEFT_FILE = "file, once"
"""Origin of what topics.toml named and does not any more: unlike one that its owner ended, it begins
anew when the file names it again."""


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription as callers see it; the columns are described in people_tables.py."""

    pk: int
    id: str
    person_pk: int
    watch: str
    channel: str
    target: str
    terms: Terms
    state: State
    origin: str
    since: datetime | None
    started_at: datetime | None
    started_id: int
    covered: int
    told_at: datetime | None
    next_due: datetime | None
    paused_at: datetime | None
    skipped_since: datetime | None
    refusals: int
    trouble: str
    created_at: datetime
    confirmed_at: datetime | None


def add(
    connection: Connection,
    wanted: Wanted,
    person_pk: int,
    now: datetime,
    *,
    origin: str,
    confirmed: bool,
    since: datetime | None = None,
) -> Row:
    """Store a subscription; one that is there for the same watch, channel and target gets the new
    terms, one that ended begins anew. Without `confirmed` it waits for its owner's word, unless it
    has that already. What it was told before is not told again.

    Raises UsageError if the subscription belongs to another person.
    """
    one_at_a_time(connection, "subscriptions")
    known = _first(connection, _same(wanted))
    values: dict[str, Any] = {"terms": wanted.terms.model_dump(mode="json"), "origin": origin}
    if known and known.state not in ("ended", "pending"):
        if known.person_pk != person_pk:
            raise UsageError("The subscription is there already, and is another person's.")
        values["next_due"] = _due_again(known, wanted.terms, now)
        if since:
            values |= _anew(since)
    else:
        values |= {
            "person_pk": person_pk,
            "state": "active" if confirmed else "pending",
            "confirmed_at": now if confirmed else None,
            "created_at": now,
            "refusals": 0,
            "trouble": "",
            "paused_at": None,
            "skipped_since": None,
            **_anew(since),
        }
    if known:
        connection.execute(_update(known.pk).values(**values))
    else:
        values |= {"id": new_id(), "told_at": None}
        values |= wanted.model_dump(include={"watch", "channel", "target"})
        connection.execute(sa.insert(subscription).values(**values))
    made = _first(connection, _same(wanted))
    assert made is not None
    return made


def by_id(connection: Connection, opaque: str) -> Row:
    """The subscription of that id. Raises NotFoundError."""
    found = _first(connection, subscription.c.id == opaque)
    if found is None:
        raise NotFoundError(f'There is no subscription "{opaque}".')
    return found


def everything(connection: Connection) -> list[Row]:
    """All but those that ended, the oldest first."""
    return _rows(connection, subscription.c.state != "ended")


def of_person(connection: Connection, person_pk: int) -> list[Row]:
    """A person's, without those that ended."""
    return _rows(
        connection, (subscription.c.person_pk == person_pk) & (subscription.c.state != "ended")
    )


def of_target(connection: Connection, channel: str, target: str) -> list[Row]:
    """Those of one target, without those that ended."""
    same = (subscription.c.channel == channel) & (subscription.c.target == target)
    return _rows(connection, same & (subscription.c.state != "ended"))


def confirm(connection: Connection, opaque: str, now: datetime) -> Row:
    """Its owner's word: a pending one becomes active; saying it twice changes nothing.

    Raises NotFoundError, also for one that ended meanwhile.
    """
    row = by_id(connection, opaque)
    if row.state == "ended":
        raise NotFoundError("This subscription has ended.")
    if row.state == "pending":
        change = {"state": "active", "confirmed_at": now, "next_due": None}
        connection.execute(_update(row.pk).values(**change))
    return by_id(connection, opaque)


def pause(connection: Connection, opaque: str, now: datetime) -> Row:
    """Send nothing until `resume`; what comes meanwhile is skipped, not saved up."""
    row = by_id(connection, opaque)
    if row.state in ("active", "suspended"):
        connection.execute(_update(row.pk).values(state="paused", paused_at=now))
    return by_id(connection, opaque)


def resume(connection: Connection, opaque: str, now: datetime) -> Row:
    """Send again: after a pause what is new from now on, after a suspension everything untold."""
    row = by_id(connection, opaque)
    terms = row.terms
    change: dict[str, Any] = {"state": "active", "refusals": 0, "trouble": "", "paused_at": None}
    if row.state == "paused" and row.started_at is not None:
        schedule = parse_schedule(terms.schedule)
        newest = connection.scalar(sa.select(sa.func.max(event.c.id))) or 0
        change |= {
            # What came between the last digest and the pause was not told either.
            "skipped_since": row.skipped_since or row.told_at or row.paused_at,
            "started_at": now,
            "started_id": newest,
            "covered": newest,
            "since": None,
            "next_due": next_due(schedule, parse_zone(terms.tz), now),
        }
    elif row.state == "paused":
        change["confirmed_at"] = now  # before its first digest, which goes back from here
    if row.state in ("paused", "suspended"):
        connection.execute(_update(row.pk).values(**change))
    return by_id(connection, opaque)


def end(connection: Connection, opaque: str, now: datetime) -> Row:
    """Unsubscribe, for good or until it is asked for again; ending it twice changes nothing."""
    row = by_id(connection, opaque)
    connection.execute(_update(row.pk).values(state="ended", next_due=None))
    return by_id(connection, opaque)


def change(connection: Connection, opaque: str, terms: Terms, now: datetime) -> Row:
    """Other terms; the next digest comes when the new schedule has it."""
    row = by_id(connection, opaque)
    due = _due_again(row, terms, now)
    values = {"terms": terms.model_dump(mode="json"), "next_due": due}
    connection.execute(_update(row.pk).values(**values))
    return by_id(connection, opaque)


def forget_unconfirmed(connection: Connection, now: datetime) -> int:
    """Delete what nobody confirmed in time and was never sent anything, and addresses that were never
    proven with it; returns how many subscriptions."""
    old = (subscription.c.state == "pending") & (subscription.c.created_at < now - UNCONFIRMED_FOR)
    told = sa.exists().where(delivery.c.subscription_pk == subscription.c.pk)
    connection.execute(sa.update(subscription).where(old, told).values(state="ended"))
    gone = connection.execute(sa.delete(subscription).where(old, ~told)).rowcount
    people.forget_strangers(connection)
    return gone


def follow_file(
    connection: Connection, wanted: Iterable[tuple[Wanted, int]], now: datetime
) -> None:
    """Make the subscriptions of topics.toml those given (each with its person); what the file does
    not name any more ends. One that was paused or unsubscribed by its owner stays so."""
    kept = set()
    for one, person_pk in wanted:
        known = _first(connection, _same(one))
        if known is None or known.origin != "file":
            if known is None or known.state in ("ended", "pending"):
                known = add(connection, one, person_pk, now, origin="file", confirmed=True)
        elif known.terms != one.terms:
            change(connection, known.id, one.terms, now)
        kept.add(known.pk)
    gone = (subscription.c.origin == "file") & subscription.c.pk.not_in(kept)
    left = {"state": "ended", "next_due": None, "origin": LEFT_FILE}
    connection.execute(sa.update(subscription).where(gone).values(**left))


def _anew(since: datetime | None) -> dict[str, Any]:
    """As one that was never sent anything: due at once, from `since` on."""
    return {
        "since": since,
        "started_at": None,
        "started_id": 0,
        "covered": 0,
        "next_due": None,
    }


def _due_again(row: Row, terms: Terms, now: datetime) -> datetime | None:
    """When a running subscription is due under these terms; None (at once) if it never was."""
    if row.started_at is None:
        return None
    if row.terms.schedule == terms.schedule and row.terms.tz == terms.tz:
        return row.next_due
    after = max(now, row.told_at or now)
    return next_due(parse_schedule(terms.schedule), parse_zone(terms.tz), after)


def _same(wanted: Wanted) -> sa.ColumnElement[bool]:
    return sa.and_(
        subscription.c.watch == wanted.watch,
        subscription.c.channel == wanted.channel,
        subscription.c.target == wanted.target,
    )


def _update(pk: int) -> sa.Update:
    return sa.update(subscription).where(subscription.c.pk == pk)


def _first(connection: Connection, condition: sa.ColumnElement[bool]) -> Row | None:
    return next(iter(_rows(connection, condition)), None)


def _rows(connection: Connection, condition: sa.ColumnElement[bool]) -> list[Row]:
    asked = sa.select(subscription).where(condition).order_by(subscription.c.pk)
    return [row_of(row._mapping) for row in connection.execute(asked)]


def row_of(mapping: Mapping[Any, Any]) -> Row:
    """The value of a row of the table."""
    return Row(**{**mapping, "terms": _terms(json.dumps(mapping["terms"]))})


@lru_cache(maxsize=10_000)
def _terms(text: str) -> Terms:
    """Terms by their JSON text: most subscriptions have those of many others."""
    return Terms.model_validate_json(text)
