"""People: addresses and accounts, found or made, and erased with all that is about them."""

import secrets
import string
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError
from aggregator.store import sql, watches
from aggregator.store.sql import (
    chunks,
    delivery,
    feedback,
    feedback_of_entry,
    identity,
    insert_missing,
    kept,
    kept_of_entry,
    letter,
    one_at_a_time,
    passed,
    person,
    session,
    sign_in,
    subscription,
    watch,
)

_SIGNS = string.ascii_letters + string.digits
LOCAL = "local"
"""The address of the one person of a machine without accounts."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person as callers see them; `address` is "email:…", "slack:…", "browser:…" or
    "local"."""

    pk: int
    id: str
    address: str
    lang: str
    tz: str
    confirmed_at: datetime | None


def new_id() -> str:
    """An opaque name that cannot be guessed: 16 letters and digits, 95 bits. No "-", which a command
    line would take for an option."""
    return "".join(secrets.choice(_SIGNS) for _ in range(16))


def ensure(
    connection: Connection,
    address: str,
    now: datetime,
    *,
    lang: str = "en",
    tz: str = "UTC",
    confirmed: bool,
) -> int:
    """The key of the person of this address, made if there is none; language and zone are those of
    the first time. `confirmed` notes that the address has been proven, and never takes that back."""
    row = {
        "id": new_id(),
        "address": address,
        "lang": lang,
        "tz": tz,
        "created_at": now,
        "confirmed_at": now if confirmed else None,
    }
    insert_missing(connection, person, [row], ["address"])
    if confirmed:
        unproven = (person.c.address == address) & person.c.confirmed_at.is_(None)
        connection.execute(sa.update(person).where(unproven).values(confirmed_at=now))
    asked = sa.select(person.c.pk).where(person.c.address == address)
    return int(connection.execute(asked).scalar_one())


def find(connection: Connection, address: str) -> int | None:
    """The key of the person of this address, None if there is none."""
    return connection.scalar(sa.select(person.c.pk).where(person.c.address == address))


def by_id(connection: Connection, opaque: str) -> Person:
    """The person of that opaque id. Raises NotFoundError."""
    row = connection.execute(sa.select(person).where(person.c.id == opaque)).first()
    if row is None:
        raise NotFoundError("There is no such person here.")
    return _person(row)


def ids(connection: Connection, keys: Collection[int]) -> dict[int, str]:
    """Key -> opaque id."""
    found: dict[int, str] = {}
    for part in chunks(sorted(keys)):
        asked = sa.select(person.c.pk, person.c.id).where(person.c.pk.in_(part))
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def set_language(connection: Connection, pk: int, lang: str, tz: str) -> None:
    """The language and zone that new subscriptions of this person begin with."""
    connection.execute(sa.update(person).where(person.c.pk == pk).values(lang=lang, tz=tz))


def forget_strangers(connection: Connection) -> None:
    """Delete the people whose address was never proven and who have nothing here."""
    mine = [
        sa.exists().where(column == person.c.pk)
        for column in (
            subscription.c.person_pk,
            feedback.c.person_pk,
            watch.c.owner,
            kept.c.person_pk,
            passed.c.person_pk,
            feedback_of_entry.c.person_pk,
            kept_of_entry.c.person_pk,
        )
    ]
    unproven = person.c.confirmed_at.is_(None)
    connection.execute(sa.delete(person).where(unproven, *(~one for one in mine)))


def erase(connection: Connection, pk: int, digest: str) -> None:
    """Forget a person: subscriptions, what they were told, their letters, what they said and kept,
    their account and watches. All that stays is the `digest` of their address (`Signer.erased`).

    Tags that rested on their word are looked at again by the tagger's next run only if the caller
    asks for it (`feedback.unsay`).
    """
    one_at_a_time(connection, "ingest")
    asked = sa.select(subscription.c.pk, subscription.c.channel, subscription.c.target)
    mine = connection.execute(asked.where(subscription.c.person_pk == pk)).all()
    keys = [row.pk for row in mine]
    connection.execute(sa.delete(delivery).where(delivery.c.subscription_pk.in_(keys)))
    for row in mine:
        theirs = (letter.c.channel == row.channel) & (letter.c.target == row.target)
        others = sa.exists().where(delivery.c.letter_pk == letter.c.pk)
        connection.execute(sa.delete(letter).where(theirs, ~others))
    connection.execute(sa.delete(subscription).where(subscription.c.person_pk == pk))
    for words in (feedback, feedback_of_entry, passed, kept, kept_of_entry):
        connection.execute(sa.delete(words).where(words.c.person_pk == pk))
    watches.delete_of(connection, pk)
    connection.execute(sa.delete(session).where(session.c.person_pk == pk))
    connection.execute(sa.delete(identity).where(identity.c.person_pk == pk))
    address = connection.scalar(sa.select(person.c.address).where(person.c.pk == pk)) or ""
    links = sign_in.c.address == address.removeprefix("email:")
    connection.execute(sa.delete(sign_in).where(links))
    connection.execute(sa.delete(person).where(person.c.pk == pk))
    insert_missing(connection, sql.erased, [{"digest": digest}], ["digest"])


def erased(connection: Connection) -> set[str]:
    """The digests of the addresses that were erased."""
    return set(connection.scalars(sa.select(sql.erased.c.digest)))


def _person(row: sa.Row[Any]) -> Person:
    return Person(row.pk, row.id, row.address, row.lang, row.tz, row.confirmed_at)
