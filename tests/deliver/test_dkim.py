"""Signatures, checked as a receiver checks them."""

import re
import subprocess
from email import message_from_bytes, policy
from pathlib import Path

import dkim
import pytest

from aggregator.deliver.base import Links
from aggregator.deliver.dkim import Signer
from aggregator.deliver.mail import Email, Notice
from aggregator.digest.letter import Rendered
from aggregator.settings import Settings
from tests.deliver.conftest import letter
from tests.smtp_server import MailServer

RELAY = "smtps://u:p@mail.example.org"
UNSUBSCRIBE = "https://papers.example.org/unsubscribe/" + "Ab-_." * 50


def openssl(*arguments: str) -> str:
    try:
        done = subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True)
    except OSError:
        pytest.skip("no openssl program to make keys with")
    return done.stdout


@pytest.fixture(scope="module")
def key() -> str:
    return openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")


def record(key: str, folder: Path) -> bytes:
    """What stands in the DNS for it."""
    file = folder / "key.pem"
    file.write_text(key)
    pem = openssl("pkey", "-in", str(file), "-pubout")
    return b"v=DKIM1; k=rsa; p=" + "".join(pem.split("\n")[1:-2]).encode()


def test_signature_holds_for_a_receiver(key: str, tmp_path: Path, mail_server: MailServer) -> None:
    public = record(key, tmp_path)
    asked = []

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return public

    one = letter(links=Links("https://papers.example.org", UNSUBSCRIBE))
    signer = Signer("papers.example.org", "day", key.replace("\n", "\\n"))
    hard = "\r\n.a line with a dot  \r\n\r\ntrailing \t\r\n\r\n\r\n" + "é扩 " * 500
    said = Rendered("扩散 " * 30, hard, hard)
    channel = Email(
        mail_server.url, "daily@papers.example.org", render=lambda _: said, signer=signer
    )
    with channel.session() as session:
        assert session.send(one, again=False).status == "sent"
        session.send_notice(Notice("ada@example.org", "s", "t", "h", "n"))
    first, second = (received.raw for received in mail_server.received)
    for raw in (first, second):
        assert dkim.verify(raw, dnsfunc=look_up)
    assert set(asked) == {b"day._domainkey.papers.example.org."}
    found = message_from_bytes(first, policy=policy.default)
    signed = str(found["DKIM-Signature"]).replace(" ", "")
    for name in ("from", "to", "subject", "date", "list-unsubscribe", "list-unsubscribe-post"):
        assert f":{name}:" in f":{re.search('h=([^;]*);', signed)[1]}:"  # pyright: ignore[reportOptionalSubscript]
    for old, new in (
        (UNSUBSCRIBE.encode(), b"https://evil.example/"),
        (b"One-Click", b"No"),
        (b"To: ada", b"To: eve"),
        (b"\r\n\r\n--", b"\r\n\r\nx--"),
        (b"\r\nTo:", b"\r\nFrom: eve@example.org\r\nTo:"),
    ):
        assert old in first
        assert not dkim.verify(first.replace(old, new, 1), dnsfunc=look_up)


@pytest.mark.parametrize(
    "arguments",
    [
        ["genpkey", "-algorithm", "ed25519"],
        ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:512"],
        ["genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:x"],
    ],
)
def test_keys_that_cannot_sign_are_refused(arguments: list[str]) -> None:
    with pytest.raises(ValueError, match="DAYPAPER_DKIM_KEY: ") as caught:
        Signer("example.org", "s", openssl(*arguments))
    assert len(str(caught.value)) < 100


def test_channel_of_settings(key: str) -> None:
    settings = Settings.model_validate(
        {"smtp_url": RELAY, "contact": "me@example.org"}
        | {"dkim_domain": "example.org", "dkim_selector": "s", "dkim_key": key}
    )
    channel = Email.of(settings)
    assert (channel.name, channel.connections, channel.trouble()) == ("email", 4, "")
    assert channel.letter_message(letter())[1].startswith(b"DKIM-Signature: ")
