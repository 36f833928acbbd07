"""Letters as messages: headers, encodings, signature, addresses, and what a real server gets."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aggregator.deliver.base import Letter, Links
from aggregator.deliver.mail import Email, Notice
from aggregator.digest.letter import Rendered
from tests.deliver.conftest import letter, plain
from tests.smtp_server import MailServer

WALL = datetime(2026, 11, 23, 16, 0, 1, tzinfo=UTC)
LOCAL = "smtp+plain://localhost:1025"
MAIL_FROM = "每日论文 <daily@papers.example.org>"
UNSUBSCRIBE = "https://papers.example.org/unsubscribe/" + "Ab-_." * 50


def email(
    url: str = LOCAL,
    mail_from: str = MAIL_FROM,
    render: Callable[[Letter], Rendered] = plain,
) -> Email:
    return Email(url, mail_from, render=render, wall=lambda: WALL)


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


# --- what comes from outside ---------------------------------------------------------------------


@given(st.text(), st.text(), st.text())
def test_any_text_arrives_and_stays_where_it_is(subject: str, text: str, html: str) -> None:
    raw, message = made(letter(), render=lambda _: Rendered(subject, html, text))
    assert all(byte < 128 for byte in raw)
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert raw.count(b"\n") == raw.count(b"\r") == raw.count(b"\r\n")
    assert len(message.keys()) == len(set(message.keys())) == 13
    for kind, said in (("plain", text), ("html", html)):
        assert body(message, kind) == re.sub(r"\r\n?", "\n", said)


@example("Daypaper, 14 November: Generating Structured Queries, All From Natural… and 1 more")
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


def test_a_sender_with_a_comma_is_quoted() -> None:
    _, message = made(letter(), mail_from='"Papers, daily" <daily@example.org>')
    assert message["From"].addresses[0].display_name == "Papers, daily"
    assert len(message["From"].addresses) == 1


# --- sending -------------------------------------------------------------------------------------


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
