"""Addresses of subscribers and of the sender, and the settings of mail: one form, or a sentence."""

import re

import pytest

from aggregator.deliver.mail import Email, Sender, parse_sender
from aggregator.errors import UsageError
from aggregator.settings import Settings
from tests.deliver.conftest import letter

LOCAL = "smtp+plain://localhost:1025"
RELAY = "smtps://u:p@mail.example.org"


# --- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada.Lovelace+papers@EXAMPLE.Org ", "ada.lovelace+papers@example.org"),
        ("ada@bücher.example.org", "ada@xn--bcher-kva.example.org"),
        ("ada@例子.中国", "ada@xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_addresses_have_one_form(given: str, normal: str) -> None:
    channel = Email(RELAY)
    assert channel.normal(given) == normal
    assert channel.normal(normal) == normal
    assert channel.redacted(normal) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@example.org, bob@example.org",
        "ada@example.org bob@example.org",
        "Ada <ada@example.org>",
        "<ada@example.org>",
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org\n",
        "ada\x00@example.org",
        "ada@exa\u202emple.org",
        '"ada lovelace"@example.org',
        "ada..b@example.org",
        "阿达@example.org",
        "ada@[127.0.0.1]",
        "ada@localhost",
        "ada@host",
        "a" * 65 + "@example.org",
        "ada@" + "a." * 150 + "org",
        "ada@-example.org",
        "x" * 100_000,
    ],
)
def test_what_is_no_address_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(UsageError, match="is no e-mail address: ") as caught:
        Email(RELAY).normal(given)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 400


def test_a_server_nearby_takes_mail_for_hosts_nearby() -> None:
    assert Email(LOCAL).normal("ada@LocalHost") == "ada@localhost"
    assert Email(LOCAL).normal("ada@host") == "ada@host"


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("daily@example.org", Sender("Daypaper", "daily@example.org")),
        ("The Daily <daily@Example.org>", Sender("The Daily", "daily@example.org")),
        ('"Papers, daily" <daily@example.org>', Sender("Papers, daily", "daily@example.org")),
        ("daypaper@localhost", Sender("Daypaper", "daypaper@localhost")),
    ],
)
def test_sender(text: str, sender: Sender) -> None:
    assert parse_sender(text) == sender


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nobody",
        "a@b@c",
        "x <y>",
        "a@example.org, b@example.org",
        "a@example.org\r\nBcc: b@c.org",
        "阿达@example.org",
    ],
)
def test_no_sender(text: str) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        parse_sender(text)


# --- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "mail_from", "contact", "says"),
    [
        ("", "", "", "No mail server is set (DAYPAPER_SMTP_URL)."),
        (RELAY, "", "", "Nobody is set whom mail comes from"),
        ("smtp+plain://mail.example.org", "", "", "Nobody is set whom mail comes from"),
        (RELAY, "", "me@example.org", ""),
        (RELAY, "daily@example.org", "", ""),
        (LOCAL, "", "", ""),
        ("smtp+plain://mail:1025", "", "", ""),
    ],
)
def test_what_keeps_mail_from_going(url: str, mail_from: str, contact: str, says: str) -> None:
    channel = Email(url, mail_from, contact=contact)
    assert channel.trouble().startswith(says)
    assert bool(channel.trouble()) == bool(says)
    if says:
        with channel.session() as session:
            outcome = session.send(letter(), again=False)
        assert (outcome.status, outcome.blames_target) == ("deferred", False)
        assert outcome.message == channel.trouble()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"smtp_url": "smtp://u:hunter2@"}, "DAYPAPER_SMTP_URL: expected smtp://"),
        ({"mail_from": "nobody"}, "DAYPAPER_MAIL_FROM: expected an address"),
        ({"dkim_domain": "example.org"}, "DAYPAPER_DKIM_DOMAIN, _SELECTOR and _KEY: some are"),
        (
            {"dkim_domain": "example.org", "dkim_selector": "s", "dkim_key": "hunter2"},
            "DAYPAPER_DKIM_KEY: expected a private RSA key",
        ),
        (
            {"dkim_domain": "no domain", "dkim_selector": "s", "dkim_key": "hunter2"},
            "DAYPAPER_DKIM_DOMAIN: expected a domain",
        ),
    ],
)
def test_settings_that_cannot_be_meant(values: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        Settings.model_validate(values)
    assert "hunter2" not in str(caught.value)
