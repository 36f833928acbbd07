"""Subscriptions: made, changed, paused, ended; which are due is asked in outbox.py."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError, UsageError
from aggregator.sending.due import next_due, parse_schedule, parse_zone
from aggregator.store import people, told
from aggregator.store.people import new_id
from aggregator.store.sql import delivery, event, one_at_a_time, subscription
from aggregator.watches import Terms, Wanted

State = Literal["pending", "active", "paused", "suspended", "ended"]
UNCONFIRMED_FOR = timedelta(days=3)
"""An address that nobody confirmed is forgotten after this time."""


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription as callers see it; the columns are described in people_tables.py."""

    pk: int
    id: str
    person_pk: int
    watch: str
    watch_owner: int | None
    channel: str
    target: str
    terms: Terms
    state: State
    declined: bool
    origin: str
    since: datetime | None
    begun_id: int
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
    asked_at: datetime | None
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
    watch_owner: int | None = None,
) -> Row:
    """Store a subscription; one that is there for the same watch, channel and target gets the new
    terms, one that ended begins anew, one that was paused or suspended goes on. Without `confirmed`
    all but an active one wait for their owner's word, and what is paused or suspended stays as it is.
    What it was told before is not told again.
    `watch_owner` is whose own the watch is, None for everybody's.

    Raises UsageError if the subscription belongs to another person.
    """
    one_at_a_time(connection, "subscriptions")
    known = find(connection, wanted)
    values: dict[str, Any] = {"terms": wanted.terms.model_dump(mode="json"), "origin": origin}
    values["watch_owner"] = watch_owner
    if known and known.state not in ("ended", "pending"):
        if known.person_pk != person_pk:
            raise UsageError("The subscription is there already, and is another person's.")
        if not (confirmed or known.state == "active"):
            return ask(connection, known.id, now)
        values["next_due"] = _due_again(known, wanted.terms, now)
        values |= _anew(since) if since else {}
    else:
        if known:
            told.forget(connection, known.pk)
        values |= {
            "person_pk": person_pk,
            "created_at": now,
            **_begun(connection, now, confirmed),
            **_anew(since),
        }
    if known:
        connection.execute(_update(known.pk).values(**values))
    else:
        values |= {"id": new_id(), "told_at": None}
        values |= wanted.model_dump(include={"watch", "channel", "target"})
        connection.execute(sa.insert(subscription).values(**values))
    made = find(connection, wanted)
    assert made is not None
    return resume(connection, made.id, now) if confirmed else ask(connection, made.id, now)


def find(connection: Connection, wanted: Wanted) -> Row | None:
    """The subscription of this watch, channel and target, in whatever state."""
    c = subscription.c
    named = (c.watch == wanted.watch, c.channel == wanted.channel, c.target == wanted.target)
    return _first(connection, sa.and_(*named))


def by_id(connection: Connection, opaque: str) -> Row:
    """The subscription of that id. Raises NotFoundError."""
    found = _first(connection, subscription.c.id == opaque)
    if found is None:
        raise missing(opaque)
    return found


def missing(opaque: str) -> NotFoundError:
    """What is said of an id that no subscription has, or none that the asker may know of."""
    return NotFoundError(
        f'There is no subscription "{opaque}"; `daypaper subscriptions list` and '
        "GET /api/v1/subscriptions name all."
    )


def everything(connection: Connection) -> list[Row]:
    """All but those that ended, the oldest first."""
    return _rows(connection, subscription.c.state != "ended")


def of_person(connection: Connection, person_pk: int) -> list[Row]:
    """A person's, without those that ended."""
    own = subscription.c.person_pk == person_pk
    return _rows(connection, own & (subscription.c.state != "ended"))


def of_target(connection: Connection, channel: str, target: str) -> list[Row]:
    """Those of one target, without those that ended."""
    same = (subscription.c.channel == channel) & (subscription.c.target == target)
    return _rows(connection, same & (subscription.c.state != "ended"))


def ask(connection: Connection, opaque: str, now: datetime) -> Row:
    """Note that its owner is asked for their word, unless it is active."""
    row = by_id(connection, opaque)
    if row.state != "active":
        connection.execute(_update(row.pk).values(asked_at=now))
    return by_id(connection, opaque)


def asks(row: Row, now: datetime) -> bool:
    """Is its owner asked for their word, and not so long ago that no answer counts any more?"""
    return row.asked_at is not None and row.asked_at >= now - UNCONFIRMED_FOR


def not_asked(connection: Connection, opaque: str) -> None:
    """The question did not go out: a pending one ends, though not by its owner's word; what was
    paused or suspended stays so."""
    row = by_id(connection, opaque)
    state = "ended" if row.state == "pending" else row.state
    connection.execute(_update(row.pk).values(state=state, asked_at=None))


def confirm(connection: Connection, opaque: str, now: datetime) -> Row:
    """Its owner's word: a pending one becomes active, one that was paused or suspended goes on if its
    owner was asked; saying it twice changes nothing.

    Raises NotFoundError, also for one that ended meanwhile.
    """
    row = by_id(connection, opaque)
    if row.state == "ended":
        raise NotFoundError("This subscription has ended.")
    if row.state == "pending":
        change = {**_begun(connection, now, True), "next_due": None}
        connection.execute(_update(row.pk).values(**change))
    elif asks(row, now):
        return resume(connection, opaque, now)
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
    change: dict[str, Any] = {**_UNTROUBLED, "state": "active", "paused_at": None, "asked_at": None}
    if row.state == "paused" and row.started_at is not None:
        schedule = parse_schedule(terms.schedule)
        newest = _newest(connection)
        # What came between the last digest that arrived and the pause was not told either.
        untold = (row.skipped_since, row.told_at, told.forget(connection, row.pk))
        change |= {
            "skipped_since": min(filter(None, untold), default=row.paused_at),
            "begun_id": newest,
            "started_at": now,
            "started_id": newest,
            "covered": newest,
            "since": None,
            "next_due": next_due(schedule, parse_zone(terms.tz), now),
        }
    elif row.state == "paused":
        # Before its first digest, which goes back from here.
        change |= {"confirmed_at": now, "begun_id": _newest(connection)}
    if row.state in ("paused", "suspended"):
        connection.execute(_update(row.pk).values(**change))
    return by_id(connection, opaque)


def end(connection: Connection, opaque: str, now: datetime) -> Row:
    """Unsubscribe, for good or until its owner asks for it again; ending it twice changes nothing."""
    row = by_id(connection, opaque)
    connection.execute(_update(row.pk).values(state="ended", declined=True, asked_at=None))
    return by_id(connection, opaque)


def take_back(connection: Connection, opaque: str) -> Row:
    """It was ended by a slip: it goes on as before, paused if it was; what came meanwhile is told. One
    that was suspended is tried again: its owner reads what it sends. There is nothing to take back
    of one that was never confirmed, or was not ended by its owner."""
    row = by_id(connection, opaque)
    if row.state == "ended" and row.declined and row.confirmed_at is not None:
        state = "paused" if row.paused_at else "active"
        connection.execute(_update(row.pk).values(**_UNTROUBLED, state=state, declined=False))
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
    # What its owner was told, has declined or paused is to be known when it is asked for again.
    told = sa.exists().where(delivery.c.subscription_pk == subscription.c.pk)
    known = subscription.c.declined | subscription.c.paused_at.is_not(None) | told
    left = {"state": "ended", "asked_at": None}
    connection.execute(sa.update(subscription).where(old, known).values(**left))
    gone = connection.execute(sa.delete(subscription).where(old, ~known)).rowcount
    unanswered = subscription.c.asked_at < now - UNCONFIRMED_FOR
    connection.execute(sa.update(subscription).where(unanswered).values(asked_at=None))
    people.forget_strangers(connection)
    return gone


_UNTROUBLED: dict[str, Any] = {"refusals": 0, "trouble": ""}


def _begun(connection: Connection, now: datetime, confirmed: bool) -> dict[str, Any]:
    """As one that begins, or that waits for its owner's word to begin: until then a pause is kept."""
    values = {**_UNTROUBLED, "asked_at": None, "skipped_since": None}
    if not confirmed:
        return {**values, "state": "pending", "confirmed_at": None}
    begun = {"state": "active", "declined": False, "paused_at": None, "confirmed_at": now}
    return values | begun | {"begun_id": _newest(connection)}


def _newest(connection: Connection) -> int:
    return connection.scalar(sa.select(sa.func.max(event.c.id))) or 0


def _anew(since: datetime | None) -> dict[str, Any]:
    """As one that was never sent anything: due at once, from `since` on."""
    return {"since": since, "started_at": None, "started_id": 0, "covered": 0, "next_due": None}


def _due_again(row: Row, terms: Terms, now: datetime) -> datetime | None:
    """When a running subscription is due under these terms; None (at once) if it never was."""
    if row.started_at is None:
        return None
    if row.terms.schedule == terms.schedule and row.terms.tz == terms.tz:
        return row.next_due
    after = max(now, row.told_at or now)
    return next_due(parse_schedule(terms.schedule), parse_zone(terms.tz), after)


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
