"""Subscriptions that topics.toml declares: begun, changed and ended by it, unless their owner said no."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store import subscriptions
from aggregator.store.sql import subscription
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted

ORIGIN = "file"


def follow(connection: Connection, wanted: Iterable[tuple[Wanted, int]], now: datetime) -> None:
    """Make the subscriptions of topics.toml those given (each with its person); what the file does
    not name any more ends. One that was paused or unsubscribed by its owner stays so, also when the
    file names it anew."""
    kept = set()
    for one, person_pk in wanted:
        known = subscriptions.find(connection, one)
        if known is None or (known.state in ("ended", "pending") and not known.declined):
            known = _begin(connection, one, person_pk, now, known)
        elif known.origin == ORIGIN and known.terms != one.terms:
            subscriptions.change(connection, known.id, one.terms, now)
        kept.add(known.pk)
    gone = (subscription.c.origin == ORIGIN) & subscription.c.pk.not_in(kept)
    left = sa.update(subscription).where(gone, subscription.c.state != "ended")
    connection.execute(left.values(state="ended"))


def _begin(
    connection: Connection, one: Wanted, person_pk: int, now: datetime, before: Row | None
) -> Row:
    made = subscriptions.add(connection, one, person_pk, now, origin=ORIGIN, confirmed=True)
    if before and before.paused_at:
        return subscriptions.pause(connection, made.id, before.paused_at)
    return made
