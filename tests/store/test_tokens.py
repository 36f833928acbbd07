"""API tokens in the store."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from aggregator.errors import NotFoundError, UsageError
from aggregator.store import tokens
from aggregator.store.db import Store
from tests.conftest import NOW


def test_a_token_is_found_by_itself_alone(store: Store) -> None:
    with store.write() as connection:
        secret = tokens.create(connection, "laptop", "write", NOW)
        other = tokens.create(connection, "phone", "read", NOW)
        found = tokens.find(connection, secret, NOW)
        assert found is not None
        assert (found.name, found.scope, found.last_used) == ("laptop", "write", None)
        assert secret.startswith(found.prefix)
        assert other != secret
        for wrong in ("", "dp_", secret[:-1], secret.upper(), f"{secret} ", secret[3:]):
            assert tokens.find(connection, wrong, NOW) is None


def test_the_secret_is_nowhere_in_the_store(store: Store) -> None:
    with store.write() as connection:
        secret = tokens.create(connection, "laptop", "write", NOW)
        (row,) = connection.execute(sa.text("SELECT * FROM token")).all()
    assert not any(secret[9:] in str(value) for value in row)


def test_scopes_contain_those_before_them(store: Store) -> None:
    with store.write() as connection:
        for scope in tokens.SCOPES:
            tokens.create(connection, scope, scope, NOW)
        may = {
            one.name: [scope for scope in tokens.SCOPES if one.may(scope)]
            for one in tokens.everything(connection)
        }
    assert may == {
        "read": ["read"],
        "write": ["read", "write"],
        "admin": ["read", "write", "admin"],
    }


def test_a_revoked_token_opens_nothing(store: Store) -> None:
    with store.write() as connection:
        secret = tokens.create(connection, "laptop", "admin", NOW)
        tokens.revoke(connection, "laptop", NOW)
        tokens.revoke(connection, "laptop", NOW + timedelta(days=1))
        assert tokens.find(connection, secret, NOW) is None
        (kept,) = tokens.everything(connection)
        assert kept.revoked_at == NOW
        with pytest.raises(UsageError, match="already"):
            tokens.create(connection, "laptop", "read", NOW)
        with pytest.raises(NotFoundError):
            tokens.revoke(connection, "phone", NOW)


def test_a_token_expires(store: Store) -> None:
    end = NOW + timedelta(days=30)
    with store.write() as connection:
        secret = tokens.create(connection, "laptop", "read", NOW, days=30)
        assert tokens.find(connection, secret, end - timedelta(seconds=1)) is not None
        assert tokens.find(connection, secret, end) is None
        (kept,) = tokens.everything(connection)
        assert (kept.expires_at, kept.opens(end), kept.revoked_at) == (end, False, None)
        for days in (0, -1, 10_000):
            with pytest.raises(UsageError, match="days"):
                tokens.create(connection, f"{days}", "read", NOW, days=days)


@pytest.mark.parametrize("name", ["", " ", "a\nb", "\x1b[31m", "x" * 65])
def test_names_are_short_and_printable(store: Store, name: str) -> None:
    with store.write() as connection, pytest.raises(UsageError, match="name"):
        tokens.create(connection, name, "read", NOW)


def test_the_last_use_is_noted_once_a_minute(store: Store) -> None:
    with store.write() as connection:
        secret = tokens.create(connection, "laptop", "read", NOW)
        noted = []
        for seconds in (0, 30, 59, 60, 61):
            found = tokens.find(connection, secret, NOW)
            assert found
            tokens.note_use(connection, found.pk, NOW + timedelta(seconds=seconds))
            (known,) = tokens.everything(connection)
            noted.append(known.last_used and (known.last_used - NOW).total_seconds())
    assert noted == [0, 0, 0, 60, 60]
