"""The ledger when events change hands: what was told stays told, to the same subscriptions."""

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.sql import delivery, insert_into


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
