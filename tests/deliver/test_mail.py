"""Letters as messages: headers, encodings, signature, addresses, and what a real server gets."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.deliver.base import Letter, Links
from aggregator.deliver.dkim import Signer
from aggregator.deliver.mail import Email, Notice, Sender, parse_sender
from aggregator.digest.letter import Rendered
from aggregator.errors import UsageError
from aggregator.settings import Settings
from tests.deliver.conftest import letter, plain
from tests.smtp_server import MailServer

WALL = datetime(2026, 11, 23, 16, 0, 1, tzinfo=UTC)
LOCAL = "smtp+plain://localhost:1025"
RELAY = "smtps://u:p@mail.example.org"
MAIL_FROM = "每日论文 <daily@papers.example.org>"
UNSUBSCRIBE = "https://papers.example.org/unsubscribe/" + "Ab-_." * 50


def email(
    url: str = LOCAL,
    mail_from: str = MAIL_FROM,
    render: Callable[[Letter], Rendered] = plain,
    signer: Signer | None = None,
) -> Email:
    return Email(url, mail_from, render=render, signer=signer, wall=lambda: WALL)


def parsed(raw: bytes) -> EmailMessage:
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def made(one: Letter, **more: object) -> tuple[bytes, EmailMessage]:
    raw = email(**more).letter_message(one)[1]  # pyright: ignore[reportArgumentType]
    return raw, parsed(raw)


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return part.get_content().replace("\r\n", "\n")


def test_headers_of_a_letter() -> None:
    one = letter(links=Links("https://papers.example.org", UNSUBSCRIBE), lang="zh")
    raw, message = made(one)
    assert {name: str(value) for name, value in message.items()} == {
        "From": "每日论文 <daily@papers.example.org>",
        "To": "ada@example.org",
        "Subject": "Digest k1",
        "Date": "Mon, 23 Nov 2026 16:00:01 +0000",
        "Message-ID": "<k1@papers.example.org>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": "zh",
        "List-Id": "Daypaper <gan.digest.papers.example.org>",
        "List-Unsubscribe": f"<{UNSUBSCRIBE}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "MIME-Version": "1.0",
        "Content-Type": message["Content-Type"],
    }
    # Not folded, not encoded: this line is what a mail program looks for (RFC 8058).
    assert f"\r\nList-Unsubscribe: <{UNSUBSCRIBE}>\r\n".encode() in raw
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert parsedate_to_datetime(message["Date"]) == WALL


def test_another_try_has_the_same_message_id() -> None:
    first, again = (
        Email(LOCAL, MAIL_FROM, render=plain, wall=lambda at=at: at).letter_message(letter())[1]
        for at in (WALL, WALL + timedelta(hours=1))
    )
    assert parsed(first)["Message-ID"] == parsed(again)["Message-ID"]
    assert parsed(first)["Date"] != parsed(again)["Date"]


def test_list_id_is_that_of_the_watches() -> None:
    def list_id(*watches: str) -> str:
        return made(letter(watches=watches))[1]["List-Id"]

    assert (
        list_id("rl", "gan")
        == list_id("gan", "rl")
        == ("Daypaper <gan+rl.digest.papers.example.org>")
    )
    many = list_id(*(f"watch-{n}" for n in range(30)))
    assert re.fullmatch(r"Daypaper <[0-9a-f]{16}\.digest\.papers\.example\.org>", many)
    assert many != list_id(*(f"watch-{n}" for n in range(31)))


@pytest.mark.parametrize("link", ["", "/unsubscribe/tok", "javascript:alert(1)"])
def test_no_unsubscribe_header_without_an_address(link: str) -> None:
    _, message = made(letter(links=Links("", link)))
    assert "List-Unsubscribe" not in message
    assert "List-Unsubscribe-Post" not in message


def test_a_notice_is_of_no_list(mail_server: MailServer) -> None:
    notice = Notice("ada@example.org", "请确认", "文\n", "<p>文</p>\n", "n1", "zh")
    with email(mail_server.url).session() as session:
        assert session.send_notice(notice).status == "sent"
    message = mail_server.received[0].message
    assert not [name for name in message if name.startswith("List-")]
    assert (message["Subject"], message["Auto-Submitted"]) == ("请确认", "auto-generated")
    assert message["Message-ID"] == "<n1@papers.example.org>"
    assert body(message, "html") == "<p>文</p>\n"


# --- what comes from outside --------------------------------------------------------------------


@given(st.text(), st.text(), st.text())
def test_any_text_arrives_and_stays_where_it_is(subject: str, text: str, html: str) -> None:
    raw, message = made(letter(), render=lambda _: Rendered(subject, html, text))
    assert all(byte < 128 for byte in raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert len(message.keys()) == len(set(message.keys())) == 13
    for kind, said in (("plain", text), ("html", html)):
        assert body(message, kind) == re.sub(r"\r\n?", "\n", said)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=150))
def test_a_subject_reads_as_it_was_written(subject: str) -> None:
    raw, message = made(letter(), render=lambda _: Rendered(subject, "", ""))
    assert str(message["Subject"]) == " ".join(subject.split())
    words = re.findall(rb"=\?[^?\s]*\?[bq]\?[^?\s]*\?=", raw)
    assert all(len(word) <= 75 for word in words)


def test_a_hostile_subject_makes_no_header() -> None:
    subject = "Widgets\r\nBcc: eve@example.org\n\u202e\x00x " + "long " * 10_000
    _, message = made(letter(), render=lambda _: Rendered(subject, "", ""))
    assert "Bcc" not in message
    assert str(message["Subject"]).startswith("Widgets Bcc: eve@example.org x long")
    assert len(str(message["Subject"])) <= 200


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("we met an émigré among us " * 99, "quoted-printable"), ("扩散模型" * 99, "base64")],
)
def test_the_shorter_encoding_is_chosen(text: str, encoding: str) -> None:
    _, message = made(letter(), render=lambda _: Rendered("s", text, text))
    assert {part["Content-Transfer-Encoding"] for part in message.iter_parts()} == {encoding}


# --- addresses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "normal"),
    [
        ("ada@example.org", "ada@example.org"),
        (" Ada.Lovelace+papers@EXAMPLE.Org ", "Ada.Lovelace+papers@example.org"),
        ("ada@bücher.example.org", "ada@xn--bcher-kva.example.org"),
        ("ada@例子.中国", "ada@xn--fsqu00a.xn--fiqs8s"),
    ],
)
def test_addresses_have_one_form(given: str, normal: str) -> None:
    channel = email(RELAY)
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
        email(RELAY).normal(given)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 400


def test_a_server_nearby_takes_mail_for_hosts_nearby() -> None:
    assert email(LOCAL).normal("ada@LocalHost") == "ada@localhost"
    assert email(LOCAL).normal("ada@host") == "ada@host"


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


def test_a_sender_with_a_comma_is_quoted() -> None:
    _, message = made(letter(), mail_from='"Papers, daily" <daily@example.org>')
    assert message["From"].addresses[0].display_name == "Papers, daily"
    assert len(message["From"].addresses) == 1


# --- settings -----------------------------------------------------------------------------------


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
    channel = Email(url, mail_from, contact=contact, render=plain)
    assert channel.trouble().startswith(says)
    assert bool(channel.trouble()) == bool(says)
    if says:
        with channel.session() as session:
            outcome = session.send(letter(), again=False)
        assert (outcome.status, outcome.blames_target) == ("deferred", False)
        assert outcome.message == channel.trouble()


def test_channel_of_settings(key: str) -> None:
    settings = Settings.model_validate(
        {"smtp_url": RELAY, "contact": "me@example.org"}
        | {"dkim_domain": "example.org", "dkim_selector": "s", "dkim_key": key}
    )
    channel = Email.of(settings)
    assert (channel.name, channel.connections, channel.trouble()) == ("email", 4, "")
    assert channel.letter_message(letter())[1].startswith(b"DKIM-Signature: ")


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


# --- DKIM ---------------------------------------------------------------------------------------


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
    channel = email(mail_server.url, render=lambda _: said, signer=signer)
    with channel.session() as session:
        assert session.send(one, again=False).status == "sent"
        session.send_notice(Notice("ada@example.org", "s", "t", "h", "n"))
    first, second = (received.raw for received in mail_server.received)
    for raw in (first, second):
        assert dkim.verify(raw, dnsfunc=look_up)
    assert set(asked) == {b"day._domainkey.papers.example.org."}
    signed = parsed(first)["DKIM-Signature"].replace(" ", "")
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


# --- sending ------------------------------------------------------------------------------------


def test_one_letter_never_stops_the_others(mail_server: MailServer) -> None:
    def render(one: Letter) -> Rendered:
        if one.key == "k2":
            raise RuntimeError("no such paper")
        return plain(one)

    mail_server.answer("RCPT", "bob@example.org", "550 5.1.1 no such user")
    letters = [
        letter("k1"),
        letter("k2"),
        letter("k3", "bob@example.org"),
        letter("k4", "ada@example.org\r\nRCPT TO:<eve@example.org>"),
        letter("k5"),
    ]
    with email(mail_server.url, render=render).session() as session:
        outcomes = [session.send(one, again=False) for one in letters]
    assert [o.status for o in outcomes] == ["sent", "deferred", "refused", "deferred", "sent"]
    assert [o.blames_target for o in outcomes[1:4]] == [False, True, False]
    assert [one.message["Message-ID"].split("@")[0] for one in mail_server.received] == [
        "<k1",
        "<k5",
    ]
    assert {one.sender for one in mail_server.received} == {"daily@papers.example.org"}


def test_a_real_letter_arrives(mail_server: MailServer) -> None:
    with Email(mail_server.url).session() as session:
        outcome = session.send(letter(), again=False)
    assert (outcome.status, outcome.message) == (
        "sent",
        "127.0.0.1 answered 250 to the message: 2.0.0 OK: kept",
    )
    message = mail_server.received[0].message
    for kind in ("plain", "html"):
        assert "Deep Widgets 1" in body(message, kind)
        assert UNSUBSCRIBE[:39] in body(message, kind)
