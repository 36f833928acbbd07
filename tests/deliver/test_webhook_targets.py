"""Targets of webhooks: one form or a sentence, and nothing is sent where it must not go."""

import pytest

from aggregator.deliver.webhook import Webhook
from aggregator.errors import UsageError
from tests.deliver.conftest import letter
from tests.server import Server

PRIVATE = Webhook(lambda: "secret", allow_private=True)
PUBLIC = Webhook(lambda: "secret")


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("https://example.org", "https://example.org/"),
        (" HTTPS://Example.ORG:443/Hook?T=1 ", "https://example.org/Hook?T=1"),
        ("https://example.org:8443/a/../b", "https://example.org:8443/a/../b"),
        ("https://bücher.example/a%20b", "https://xn--bcher-kva.example/a%20b"),
        ("https://[2606:4700::1111]/x", "https://[2606:4700::1111]/x"),
    ],
)
def test_targets_have_one_form(given: str, normal: str) -> None:
    assert PUBLIC.normal(given) == normal
    assert PUBLIC.normal(normal) == normal


@pytest.mark.parametrize(
    "given",
    [
        "",
        "example.org/hook",
        "ftp://example.org/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///hook",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://me:s3cretword@example.org/",
        "https://example.org/#s3cretword",
        "https://example.org/a b",
        "https://example.org/\r\nHost: evil",
        "https://example.org/é",
        "https://" + "a" * 64 + ".org/",
        "https://[::1",
        "https://example.org/" + "x" * 2_000,
        "http://example.org/hook/s3cretword",
        "https://localhost/",
        "https://a.localhost/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
    ],
)
def test_what_is_no_target_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        PUBLIC.normal(given)
    said = str(caught.value)
    assert said.isprintable()
    assert "s3cretword" not in said
    assert len(said) < 300


def test_private_targets_where_they_are_allowed() -> None:
    assert PRIVATE.normal("http://127.0.0.1:8080/hook") == "http://127.0.0.1:8080/hook"
    assert PRIVATE.normal("http://n8n:5678/webhook") == "http://n8n:5678/webhook"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:7f00:1]"]
)
def test_nothing_is_sent_to_a_private_address(server: Server, host: str) -> None:
    port = server.url.rpartition(":")[2]
    with PUBLIC.session() as session:
        one = letter(target=f"https://{host}:{port}/hook?token=s3cret")
        said = session.send(one, again=False)
    assert said.status == "refused"
    assert "private address" in said.message
    assert "s3cret" not in said.message
    assert not server.asked


def test_plain_http_does_not_leave_for_public_addresses() -> None:
    with PRIVATE.session() as session:
        said = session.send(letter(target="http://1.1.1.1/hook"), again=False)
    assert (said.status, said.message) == ("refused", "1.1.1.1 is public; expected https://.")


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://example.org/hook", "https://example.org/hook"),
        ("https://example.org/hook?token=s3cret", "https://example.org/hook?…"),
        ("https://example.org/a/T0123456789/x", "https://example.org/a/T0123456…/x"),
        ("https://me:pw@example.org/", "https://example.org/"),
        ("https://[", "…"),
    ],
)
def test_what_is_shown_of_a_target(target: str, shown: str) -> None:
    assert PRIVATE.redacted(target) == shown
