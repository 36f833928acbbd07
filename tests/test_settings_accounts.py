"""Settings of accounts: what cannot be used stops the start, and who is let in."""

import pytest
from pydantic import SecretStr

from aggregator.people.accounts import parse
from aggregator.settings import Settings

MAIL = SecretStr("smtp+plain://localhost:1025")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"smtp_url": MAIL}, "DAYPAPER_OWNERS: none"),
        ({"owners": "a@example.org"}, "nobody could sign in"),
        ({"owners": "example.org", "smtp_url": MAIL}, "expected e-mail addresses"),
        (
            {"owners": "a@example.org", "accounts_for": "a b", "smtp_url": MAIL},
            "expected e-mail addresses",
        ),
    ],
)
def test_accounts_that_nobody_could_use_stop_the_start(given: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Settings.model_validate({"accounts": True, **given})
    Settings.model_validate(given)  # without them it is nobody's business


def test_who_is_let_in() -> None:
    some = parse(" Owner@Example.org ,", "ada@lab.example, lab.example.net,Bücher.example")
    assert some.owns("owner@example.org")
    assert not some.owns("ada@lab.example")
    for address in (
        "owner@example.org",
        "ada@lab.example",
        "bo@lab.example.net",
        "bo@xn--bcher-kva.example",
    ):
        assert some.admits(address)
    for address in (
        "eve@example.org",
        "eve@lab.example",
        "eve@sub.lab.example.net",
        "eve@lab.example.net.evil.example",
        "eve@notlab.example.net",
    ):
        assert not some.admits(address)
    assert parse("o@example.org", "*").admits("eve@anywhere.example")
    assert not parse("o@example.org", "").admits("eve@example.org")
