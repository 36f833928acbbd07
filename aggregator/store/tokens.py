"""API tokens: made, found by what a request brings, revoked. The secret itself is never stored."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError, UsageError
from aggregator.store.sql import insert_into, token

Scope = Literal["read", "write", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a token may do, each with all before it."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known: not every request writes."""
MOST_DAYS = 3_660
"""Ten years: a token for longer is one without an end."""

_MARK = "dp_"
_SHOWN = len(_MARK) + 6


@dataclass(frozen=True, slots=True)
class Token:
    """A token as callers see it; `prefix` are its first signs."""

    pk: int
    name: str
    prefix: str
    scope: Scope
    created_at: datetime
    last_used: datetime | None
    expires_at: datetime | None
    revoked_at: datetime | None

    def opens(self, now: datetime) -> bool:
        """Is it neither revoked nor expired?"""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def may(self, scope: Scope) -> bool:
        """Does the token's scope include this one?"""
        return SCOPES.index(self.scope) >= SCOPES.index(scope)


def create(
    connection: Connection, name: str, scope: Scope, now: datetime, *, days: int | None = None
) -> str:
    """Store a new token that opens something for so many days, or until it is revoked; returns it,
    which nobody can do again. Raises UsageError if the name is taken (by a revoked one, too: a name
    in a log means one token) or empty, or for days out of range."""
    if not name.strip() or not name.isprintable() or len(name) > 64:
        raise UsageError("name: expected 1 to 64 printable signs.")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise UsageError(f"days: {days}; expected 1 to {MOST_DAYS}.")
    secret = _MARK + secrets.token_urlsafe(32)  # 256 bits: nothing to guess, so no salt is needed
    row = {
        "name": name,
        "prefix": secret[:_SHOWN],
        "digest": _digest(secret),
        "scope": scope,
        "created_at": now,
        "last_used": None,
        "expires_at": now + timedelta(days=days) if days is not None else None,
        "revoked_at": None,
    }
    statement = insert_into(connection, token).on_conflict_do_nothing(index_elements=["name"])
    if connection.scalar(statement.values(**row).returning(token.c.pk)) is None:
        raise UsageError(f'name: there is a token "{name}" already; expected another name.')
    return secret


def is_one(secret: str) -> bool:
    """Has it the form of a token? What has not is none."""
    return secret.startswith(_MARK)


def find(connection: Connection, secret: str, now: datetime) -> Token | None:
    """The token, unless there is none, or it was revoked or has expired."""
    if not is_one(secret):
        return None
    found = next(iter(_rows(connection, token.c.digest == _digest(secret))), None)
    return found if found and found.opens(now) else None


def note_use(connection: Connection, pk: int, now: datetime) -> None:
    """Remember that the token was used, once a minute at most."""
    old = token.c.last_used.is_(None) | (token.c.last_used <= now - NOTED_EVERY)
    connection.execute(sa.update(token).where(token.c.pk == pk, old).values(last_used=now))


def everything(connection: Connection) -> list[Token]:
    """Every token, revoked ones too, the oldest first."""
    return _rows(connection, sa.true())


def revoke(connection: Connection, name: str, now: datetime) -> None:
    """From now on the token opens nothing; twice changes nothing. Raises NotFoundError."""
    mine = token.c.name == name
    if connection.scalar(sa.select(token.c.pk).where(mine)) is None:
        raise NotFoundError(f'There is no token "{name}"; `daypaper token list` names all.')
    connection.execute(
        sa.update(token).where(mine, token.c.revoked_at.is_(None)).values(revoked_at=now)
    )


def _rows(connection: Connection, condition: sa.ColumnElement[bool]) -> list[Token]:
    columns = [column for column in token.c if column.name != "digest"]
    asked = sa.select(*columns).where(condition).order_by(token.c.pk)
    return [Token(**row._mapping) for row in connection.execute(asked)]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
