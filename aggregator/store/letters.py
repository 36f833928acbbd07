"""Letters on their way: taken up, begun, ended; and what a letter is made of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store import told
from aggregator.store.outbox import SKEW
from aggregator.store.sql import (
    TOLD_PAPER,
    chunks,
    delivery,
    event,
    hold,
    letter,
    one_at_a_time,
    paper,
    subscription,
)

REFUSALS = 3
"""So many refusals of a target in a row suspend its subscriptions."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter as it is stored; the columns are described in people_tables.py."""

    pk: int
    key: str
    channel: str
    target: str
    lang: str
    at: datetime
    subscriptions: list[int]
    state: str
    sender: str
    tries: int
    repeats: int
    unsure: bool
    next_try: datetime | None
    handed_at: datetime | None
    outcome: str
    late_since: datetime | None
    paused_since: datetime | None


@dataclass(frozen=True, slots=True)
class Told:
    """One row of a letter's ledger. `work` is (id, title) of the cited paper, where the event is a
    citation; `paper_pk` then is the citing one's."""

    subscription_pk: int
    event_id: int
    kind: str
    at: datetime
    paper_pk: int
    outcome: str
    work: tuple[str, str] | None = None


def waiting(
    connection: Connection, now: datetime, channels: Collection[str], *, impatient: bool
) -> list[Kept]:
    """Letters that were claimed and not ended, and deferred ones whose time has come (or all of
    them, if `impatient`); the oldest first."""
    ahead = letter.c.at > now + SKEW  # by a clock that was wrong
    ripe = (letter.c.state == "deferred") & ((letter.c.at <= now) | ahead)
    if not impatient:
        ripe &= letter.c.next_try.is_(None) | (letter.c.next_try <= now) | ahead
    asked = sa.select(letter).where(
        (letter.c.state == "claimed") | ripe, letter.c.channel.in_(list(channels))
    )
    return [Kept(**row._mapping) for row in connection.execute(asked.order_by(letter.c.pk))]


def by_keys(connection: Connection, keys: Sequence[int]) -> list[Kept]:
    """Letters by key (`pk`), in that order."""
    found: list[Kept] = []
    for part in chunks(list(keys)):
        asked = sa.select(letter).where(letter.c.pk.in_(part)).order_by(letter.c.pk)
        found += [Kept(**row._mapping) for row in connection.execute(asked)]
    return found


def may_have_arrived(one: Kept) -> bool:
    """May an earlier try of a letter that is taken over have got through?"""
    return one.unsure or (one.state == "claimed" and one.handed_at is not None)


def take_over(connection: Connection, one: Kept, sender: str) -> bool:
    """Become the sender of a letter whose sender is gone, or that was deferred; False if somebody
    else has it by now. What is known of earlier tries is noted, and that there is none by this one:
    it may die, too, before it begins. What became one with a paper of another letter goes out of it, and
    what was withdrawn, unless it may have been read."""
    one_at_a_time(connection, "ingest")
    same = (
        (letter.c.pk == one.pk)
        & (letter.c.sender == one.sender)
        & (letter.c.state == one.state)
        & (letter.c.tries == one.tries)
    )
    values = {"unsure": may_have_arrived(one), "handed_at": None}
    change = sa.update(letter).where(same).values(sender=sender, state="claimed", **values)
    if connection.execute(change).rowcount != 1:
        return False
    told.drop(connection, one.pk)
    if not values["unsure"]:
        told.drop_withdrawn(connection, one.pk)
    return True


def put_aside(connection: Connection, one: Kept, *, again: bool) -> None:
    """Nobody it was for wants letters now: what it tells waits, in case that changes. `again`: a try
    may have got through, so that telling it would repeat it."""
    repeats = letter.c.repeats + (1 if again else 0)
    _end(connection, one, state="refused", unsure=False, next_try=None, repeats=repeats)


def subscriptions_of(connection: Connection, key: str) -> list[str]:
    """The ids of the subscriptions that a letter was for, none if there is no such letter."""
    found = connection.scalar(sa.select(letter.c.subscriptions).where(letter.c.key == key)) or []
    asked = sa.select(subscription.c.id).where(subscription.c.pk.in_(found))
    return list(connection.scalars(asked.order_by(subscription.c.pk)))


def begin(connection: Connection, pk: int, sender: str, wall: datetime, *, again: bool) -> bool:
    """Note that a letter is being handed over, `again` if an earlier try may have got through; False
    if it is not this sender's any more."""
    mine = (letter.c.pk == pk) & (letter.c.sender == sender) & (letter.c.state == "claimed")
    values: dict[str, Any] = {
        "tries": letter.c.tries + 1,
        "handed_at": wall,
        "repeats": letter.c.repeats + (1 if again else 0),
    }
    return connection.execute(sa.update(letter).where(mine).values(**values)).rowcount == 1


def sent(connection: Connection, one: Kept, parts: Collection[int], message: str) -> None:
    """It is with the other side. `parts` are the subscriptions that had a part in it: what was claimed
    for one that was suspended, paused or left meanwhile waits for it."""
    told.set_apart(connection, one.pk, parts)
    _end(connection, one, state="sent", outcome=message, unsure=False, next_try=None)
    _note(connection, parts, refusals=0, trouble="")


def deferred(
    connection: Connection, one: Kept, message: str, next_try: datetime, *, unsure: bool
) -> None:
    """Not now; `unsure`: this try or an earlier one may have got through."""
    _end(connection, one, state="deferred", outcome=message, unsure=unsure, next_try=next_try)
    _note(connection, one.subscriptions, trouble=message)


def given_up(connection: Connection, one: Kept, message: str, *, unsure: bool) -> set[int]:
    """Tried for too long: what it tells waits for the subscription's next digest, which repeats it
    if it got through after all. A target that always leaves it open whether it took a letter would
    be sent the same for ever: that counts as a refusal. As `refused`, returns whom it suspends."""
    return refused(connection, one, message, blames_target=unsure, again=unsure)


def refused(
    connection: Connection, one: Kept, message: str, *, blames_target: bool, again: bool
) -> set[int]:
    """Not taken: what it tells waits for the next digest, and is repeated by it if an earlier try
    got through (`again`). Returns the subscriptions that this suspends, since the target refused so
    often in a row."""
    repeats = letter.c.repeats + (1 if again else 0)
    values = {"state": "refused", "unsure": False, "next_try": None, "repeats": repeats}
    _end(connection, one, outcome=message, **values)
    more = {"refusals": subscription.c.refusals + 1} if blames_target else {}
    _note(connection, one.subscriptions, trouble=message, **more)
    often = subscription.c.pk.in_(one.subscriptions) & (subscription.c.refusals >= REFUSALS)
    change = sa.update(subscription).where(often, subscription.c.state == "active")
    suspended = change.values(state="suspended").returning(subscription.c.pk)
    return set(connection.scalars(suspended))


def contents(connection: Connection, keys: Sequence[int]) -> dict[int, list[Told]]:
    """Letter -> its rows of the ledger."""
    found: dict[int, list[Told]] = {key: [] for key in keys}
    about = paper.alias("about")
    for part in chunks(list(keys)):
        asked = (
            sa.select(
                delivery.c.letter_pk,
                delivery.c.subscription_pk,
                event.c.id,
                event.c.kind,
                event.c.at,
                paper.c.pk,
                delivery.c.outcome,
                about.c.id,
                about.c.title,
            )
            .join(event, event.c.id == delivery.c.event_id)
            .join(about, about.c.id == event.c.paper_id)
            .join(paper, paper.c.id == TOLD_PAPER)
            .where(delivery.c.letter_pk.in_(part))
            .order_by(event.c.id)
        )
        for row in connection.execute(asked):
            work = (row[-2], row[-1]) if row.kind == "cited" else None
            found[row[0]].append(Told(*row[1:-2], work))
    return found


def documents(connection: Connection, papers: Collection[int]) -> dict[int, Mapping[str, Any]]:
    """Papers' documents by key."""
    found: dict[int, Mapping[str, Any]] = {}
    for part in chunks(sorted(papers)):
        asked = sa.select(paper.c.pk, paper.c.doc).where(paper.c.pk.in_(part))
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def _end(connection: Connection, one: Kept, **values: Any) -> None:
    connection.execute(sa.update(letter).where(letter.c.pk == one.pk).values(**values))


def _note(connection: Connection, keys: Collection[int], **values: Any) -> None:
    hold(connection, list(keys))
    change = sa.update(subscription).where(subscription.c.pk.in_(keys))
    connection.execute(change.values(**values))
