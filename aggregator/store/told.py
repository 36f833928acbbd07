"""The ledger when events or letters change hands: what was told stays told, what is owed stays owed, to
the same subscriptions."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.people import new_id
from aggregator.store.sql import (
    TOLD_PAPER,
    chunks,
    delivery,
    event,
    insert_into,
    letter,
    paper,
    subscription,
)

UNSENT = ("deferred", "refused")
"""States of letters that did not get through for certain, or not for now."""
_OWED = (*UNSENT, "claimed")
"""And of those that are on their way, if their sender lives."""


def copy(connection: Connection, event_id: int, to: int) -> None:
    """Whoever was told one event counts as told the other."""
    told = sa.select(
        sa.literal(to), delivery.c.subscription_pk, delivery.c.letter_pk, delivery.c.outcome
    ).where(delivery.c.event_id == event_id)
    columns = ["event_id", "subscription_pk", "letter_pk", "outcome"]
    made = insert_into(connection, delivery).from_select(columns, told)
    connection.execute(made.on_conflict_do_nothing())


def move(connection: Connection, event_id: int, to: int) -> None:
    """As `copy`, for an event that goes."""
    copy(connection, event_id, to)
    connection.execute(sa.delete(delivery).where(delivery.c.event_id == event_id))


def drop(connection: Connection, letter_pk: int) -> None:
    """Take out of a letter what one of its subscriptions was told by another `new` of the same paper:
    two papers became one while the letter waited."""
    other, same, mine = delivery.alias(), event.alias(), event.alias()
    twice = (
        sa.select(1)
        .select_from(other.join(same, same.c.id == other.c.event_id))
        .join(mine, mine.c.id == delivery.c.event_id)
        .where(other.c.subscription_pk == delivery.c.subscription_pk)
        .where(same.c.paper_id == mine.c.paper_id, same.c.kind == "new", same.c.id != mine.c.id)
        .where(mine.c.kind == "new", mine.c.superseded)
        .correlate(delivery)
    )
    gone = (delivery.c.letter_pk == letter_pk) & sa.exists(twice)
    connection.execute(sa.delete(delivery).where(gone))


UNTIL_WITHDRAWN = ("new", "published", "discussed")
"""Kinds that are told of a paper unless it is withdrawn, and when it is back; so is "cited", of the
citing paper. The version that brings it back is one of its own."""


def drop_withdrawn(connection: Connection, letter_pk: int) -> None:
    """Take out of a letter what tells of papers that were withdrawn while it waited: it leaves them out,
    and they are told if they come back. Of what is back by now it does not say that it was withdrawn."""
    mine = delivery.c.letter_pk == letter_pk
    told = event.c.kind.in_((*UNTIL_WITHDRAWN, "cited"))
    gone = (
        sa.select(event.c.id)
        .join(delivery, delivery.c.event_id == event.c.id)
        .join(paper, paper.c.id == TOLD_PAPER)
        .where(mine, told & paper.c.withdrawn | (event.c.kind == "withdrawn") & ~paper.c.withdrawn)
    )
    connection.execute(sa.delete(delivery).where(mine, delivery.c.event_id.in_(gone)))


def set_apart(connection: Connection, letter_pk: int, parts: Collection[int]) -> None:
    """What a letter owes subscriptions other than these waits for them in one of its own, as if refused:
    they are suspended, or have paused or left, which may be a slip (see `forget` if it was none)."""
    theirs = (delivery.c.letter_pk == letter_pk) & delivery.c.subscription_pk.not_in(list(parts))
    left = sorted(set(connection.scalars(sa.select(delivery.c.subscription_pk).where(theirs))))
    if not left:
        return
    old = connection.execute(sa.select(letter).where(letter.c.pk == letter_pk)).one()
    values = dict(old._mapping) | {"key": new_id(), "subscriptions": left, "state": "refused"}
    values |= {"tries": 0, "repeats": 0, "unsure": False, "next_try": None, "handed_at": None}
    del values["pk"]
    made = connection.execute(sa.insert(letter).values(**values).returning(letter.c.pk))
    take = sa.update(delivery).where(theirs).values(letter_pk=made.scalar_one())
    connection.execute(take)


def forget(connection: Connection, subscription_pk: int) -> datetime | None:
    """A subscription goes on from now: what waits for it in letters is not owed any more, nor what a sender
    has claimed that may have died. What of it may have been read, or is being handed over, counts as
    told. Returns since when that was, None if nothing waited."""
    same = (subscription.c.channel == letter.c.channel) & (subscription.c.target == letter.c.target)
    _take_from_sender(connection, subscription_pk, same)
    mine = (delivery.c.subscription_pk == subscription_pk) & letter.c.state.in_(_OWED)
    asked = (
        sa.select(
            letter.c.pk,
            letter.c.unsure,
            letter.c.repeats,
            letter.c.state,
            letter.c.paused_since,
            sa.func.min(event.c.at).label("first"),
        )
        .select_from(subscription.join(letter, same))
        .join(delivery, delivery.c.letter_pk == letter.c.pk)
        .join(event, event.c.id == delivery.c.event_id)
        .where(subscription.c.pk == subscription_pk, mine)
        .group_by(letter.c.pk)
    )
    found = connection.execute(asked).all()
    for one in found:
        of_it = (delivery.c.letter_pk == one.pk) & (delivery.c.subscription_pk == subscription_pk)
        if one.unsure or one.repeats or one.state == "claimed":
            connection.execute(sa.update(delivery).where(of_it).values(letter_pk=None))
        else:
            connection.execute(sa.delete(delivery).where(of_it))
        left = sa.exists().where(delivery.c.letter_pk == letter.c.pk)
        empty = (letter.c.pk == one.pk) & letter.c.state.in_(UNSENT) & ~left
        connection.execute(sa.update(letter).where(empty).values(state="folded", next_try=None))
    return min((day for one in found for day in (one.first, one.paused_since) if day), default=None)


def _take_from_sender(
    connection: Connection, subscription_pk: int, same: sa.ColumnElement[bool]
) -> None:
    """The letters for this subscription that were claimed and are not being handed over wait for another
    sender, with what is left of them: theirs may have put them together already."""
    theirs = sa.exists().where(
        (delivery.c.letter_pk == letter.c.pk) & (delivery.c.subscription_pk == subscription_pk)
    )
    of_target = sa.exists().where((subscription.c.pk == subscription_pk) & same)
    claimed = (letter.c.state == "claimed") & letter.c.handed_at.is_(None)
    change = sa.update(letter).where(claimed, of_target, theirs)
    connection.execute(change.values(state="deferred", next_try=None))


def owed(connection: Connection, letters: Collection[int]) -> dict[int, set[int]]:
    """Letter -> the subscriptions that it tells anything; those that tell nothing are missing."""
    found: dict[int, set[int]] = {}
    for part in chunks(sorted(letters)):
        asked = sa.select(delivery.c.letter_pk, delivery.c.subscription_pk).distinct()
        for row in connection.execute(asked.where(delivery.c.letter_pk.in_(part))):
            found.setdefault(row[0], set()).add(row[1])
    return found
