"""The ledger when events change hands: what was told stays told, to the same subscriptions."""

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.sql import delivery, event, insert_into


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
