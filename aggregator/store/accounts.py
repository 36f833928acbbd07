"""Accounts: links that sign in once, and the sessions of browsers that did.

Of what a browser holds as its secret only the SHA-256 is kept, so that who reads the database cannot
sign in with what is in it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.people.signing import SIGN_IN_FOR
from aggregator.store import kept, people
from aggregator.store.people import new_id
from aggregator.store.sql import (
    identity,
    insert_missing,
    one_at_a_time,
    person,
    session,
    sign_in,
)

SESSION_FOR = timedelta(days=30)
"""A session ends after this time, whatever is done with it."""
MAIL = "email:"
"""Begins the address of a person who is known by e-mail; only such a one has an account."""
PROVIDER = "provider:"
"""Begins what stands in place of an address while a browser is at the OpenID provider."""


@dataclass(frozen=True, slots=True)
class Account:
    """A person who signed in, by the session that says so; `session` is its digest."""

    person_pk: int
    person_id: str
    address: str
    session: str


@dataclass(frozen=True, slots=True)
class Link:
    """What a link of a mail was asked for."""

    address: str
    back: str


def fingerprint(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def ask(
    connection: Connection, address: str, browser: str, back: str, now: datetime, *, most: int
) -> str | None:
    """Note that this browser (by its secret) asks for a link to this address; returns the link's id,
    None if `most` links wait for that address already. Links that are too old are deleted."""
    # Of those who ask at once each would see none of the others.
    one_at_a_time(connection, "sign_in")
    connection.execute(sa.delete(sign_in).where(sign_in.c.made_at <= now - SIGN_IN_FOR))
    waiting = sa.select(sa.func.count()).where(sign_in.c.address == address)
    if (connection.scalar(waiting) or 0) >= most:
        return None
    made = new_id()
    row = {"id": made, "address": address, "browser": fingerprint(browser), "back": back}
    connection.execute(sa.insert(sign_in).values(**row, made_at=now))
    return made


def attempt(connection: Connection, state: str, browser: str, back: str, now: datetime) -> None:
    """Note that this browser goes to the provider, to come back with this `state`; once."""
    connection.execute(sa.delete(sign_in).where(sign_in.c.made_at <= now - SIGN_IN_FOR))
    row = {"id": state, "address": f"{PROVIDER}{state}", "browser": fingerprint(browser)}
    connection.execute(sa.insert(sign_in).values(**row, back=back, made_at=now))


def known_as(connection: Connection, issuer: str, subject: str) -> tuple[int, str] | None:
    """The person whom the provider knows by this name: (key, e-mail address)."""
    asked = (
        sa.select(person.c.pk, person.c.address)
        .join(identity, identity.c.person_pk == person.c.pk)
        .where(identity.c.issuer == issuer, identity.c.subject == subject)
    )
    row = connection.execute(asked).first()
    return (row.pk, row.address.removeprefix(MAIL)) if row else None


def link(connection: Connection, issuer: str, subject: str, person_pk: int, now: datetime) -> bool:
    """Note by which name the provider knows a person; False if it knows them by another one: an
    address that was given to somebody else does not open what its first owner has."""
    row = {"issuer": issuer, "subject": subject, "person_pk": person_pk, "made_at": now}
    insert_missing(connection, identity, [row], ["issuer", "person_pk"])
    mine = (identity.c.issuer == issuer) & (identity.c.person_pk == person_pk)
    return connection.scalar(sa.select(identity.c.subject).where(mine)) == subject


def take_back(connection: Connection, link_id: str) -> None:
    """Forget a link, since its mail did not go."""
    connection.execute(sa.delete(sign_in).where(sign_in.c.id == link_id))


def look_at(connection: Connection, link_id: str, browser: str, now: datetime) -> Link | None:
    """The link, if it waits and is this browser's."""
    asked = sa.select(sign_in.c.address, sign_in.c.back).where(_mine(link_id, browser, now))
    row = connection.execute(asked).first()
    return Link(row.address, row.back) if row else None


def waits(connection: Connection, link_id: str, now: datetime) -> bool:
    """Does the link wait, for whichever browser?"""
    fresh = (sign_in.c.id == link_id) & (sign_in.c.made_at > now - SIGN_IN_FOR)
    return bool(connection.scalar(sa.select(sa.func.count()).where(fresh)))


def use(connection: Connection, link_id: str, browser: str, now: datetime) -> Link | None:
    """Use the link up, if it waits and is this browser's; of two at a time one gets it. What else
    waits for the same address is worth nothing any more."""
    used = sa.delete(sign_in).where(_mine(link_id, browser, now))
    row = connection.execute(used.returning(sign_in.c.address, sign_in.c.back)).first()
    if row is None:
        return None
    connection.execute(sa.delete(sign_in).where(sign_in.c.address == row.address))
    return Link(row.address, row.back)


def begin(connection: Connection, person_pk: int, before: str, now: datetime) -> str:
    """Begin a session of this person; returns its secret. What the browser kept while it was nobody's
    (as the person of the address `before`) is the person's from now on."""
    guest = people.find(connection, before)
    if guest is not None:
        kept.hand_over(connection, guest, person_pk)
    connection.execute(sa.delete(session).where(session.c.ends_at <= now))
    secret = secrets.token_urlsafe(32)
    row = {"digest": fingerprint(secret), "person_pk": person_pk}
    connection.execute(sa.insert(session).values(**row, made_at=now, ends_at=now + SESSION_FOR))
    return secret


def find(connection: Connection, secret: str, now: datetime) -> Account | None:
    """Who signed in with this secret; None if nobody did, or the session has ended."""
    digest = fingerprint(secret)
    asked = (
        sa.select(person.c.pk, person.c.id, person.c.address)
        .join(session, session.c.person_pk == person.c.pk)
        .where(session.c.digest == digest, session.c.ends_at > now)
    )
    row = connection.execute(asked).first()
    return Account(row.pk, row.id, row.address.removeprefix(MAIL), digest) if row else None


def end(connection: Connection, digest: str) -> None:
    """End a session."""
    connection.execute(sa.delete(session).where(session.c.digest == digest))


def end_all(connection: Connection, person_pk: int) -> None:
    """End every session of a person."""
    connection.execute(sa.delete(session).where(session.c.person_pk == person_pk))


def sessions(connection: Connection, person_pk: int, now: datetime) -> int:
    """In how many browsers a person is signed in."""
    mine = (session.c.person_pk == person_pk) & (session.c.ends_at > now)
    return connection.scalar(sa.select(sa.func.count()).where(mine)) or 0


def _mine(link_id: str, browser: str, now: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        sign_in.c.id == link_id,
        sign_in.c.browser == fingerprint(browser),
        sign_in.c.made_at > now - SIGN_IN_FOR,
    )
