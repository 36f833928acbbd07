"""The connection to a mail server, in conversation with a real one: TLS, log-in, refusals, breaks."""

import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from aggregator.deliver import smtp
from aggregator.deliver.smtp import Line, Server, parse_url
from tests.smtp_server import DROP, LOSE, Certificate, MailServer, free_port

FROM, ADA, BOB = "daypaper@example.org", "ada@example.org", "bob@example.org"
RAW = b"From: daypaper@example.org\r\nTo: ada@example.org\r\nSubject: x\r\n\r\nhello\r\n"


@contextmanager
def line(url: str, context: ssl.SSLContext | None = None, **waits: float) -> Iterator[Line]:
    with closing(Line(parse_url(url), "example.org", context, **waits)) as made:
        yield made


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example.org", Server("mail.example.org", 587, "starttls")),
        ("smtps://mail.example.org/", Server("mail.example.org", 465, "tls")),
        ("smtp+plain://localhost:1025", Server("localhost", 1025, "plain")),
        ("SMTP://u:p@MAIL.example.org:25", Server("mail.example.org", 25, "starttls", "u", "p")),
        ("smtps://me@qq.com:code@h:465", Server("h", 465, "tls", "me@qq.com", "code")),
        ("smtp://u%40x:p%2F%25@h", Server("h", 587, "starttls", "u@x", "p/%")),
        ("smtp://[::1]:2525", Server("::1", 2525, "starttls")),
    ],
)
def test_address_of_a_server(url: str, server: Server) -> None:
    assert parse_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://u:hunter2@",
        "smtp://u:hunter2@host:port",
        "smtp://u:hunter2@host:99999",
        "smtp://u:hunter2@host:0",
        "smtp://u:hun/ter2@host:587",
        "smtp://u:12/hunter2@host:587",
        "smtp://u:hunter2#x@host",
        "smtp://u:hunter2@host?tls=no",
        "smtp://hunter2@host",
        "smtp://u:hunter2%0d%0aDATA@host",
        "smtp://u:hunter2é@host",
        "smtp://höst",
        "smtp://[::1",
    ],
)
def test_what_is_no_address_of_a_server_is_said_without_its_secrets(url: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_url(url)
    assert "hunter2" not in str(caught.value)


def test_a_server_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(parse_url("smtp://u:hunter2@h"))


@pytest.mark.parametrize(
    ("url", "near"),
    [
        ("smtp+plain://localhost:1025", True),
        ("smtp+plain://127.0.0.1:1025", True),
        ("smtp+plain://[::1]:1025", True),
        ("smtp+plain://mail:1025", True),
        ("smtp+plain://mail.example.org", False),
        ("smtp+plain://10.0.0.1", False),
        ("smtp://localhost", False),
    ],
)
def test_only_a_neighbour_without_tls_is_near(url: str, near: bool) -> None:
    assert parse_url(url).near is near


def test_many_messages_go_over_one_connection(mail_server: MailServer) -> None:
    with line(mail_server.url) as out:
        for _ in range(5):
            assert out.send(FROM, ADA, RAW).status == "sent"
    assert mail_server.connections == 1
    assert [one.raw for one in mail_server.received] == [RAW] * 5
    assert {(one.sender, one.recipient) for one in mail_server.received} == {(FROM, ADA)}


def test_a_connection_carries_a_hundred(mail_server: MailServer) -> None:
    with line(mail_server.url) as out:
        for _ in range(smtp.MOST_MESSAGES + 1):
            assert out.send(FROM, ADA, RAW).status == "sent"
    assert mail_server.connections == 2


def test_lines_that_begin_with_a_dot_arrive_as_they_are(mail_server: MailServer) -> None:
    raw = RAW + b".\r\n..\r\n.hidden\r\nQUIT\r\n"
    with line(mail_server.url) as out:
        assert out.send(FROM, ADA, raw).status == "sent"
    assert mail_server.received[0].raw == raw


@pytest.mark.parametrize(
    ("stage", "reply", "status", "blames"),
    [
        ("MAIL", "451 4.3.0 later", "deferred", False),
        ("MAIL", "550 5.7.1 not you", "deferred", False),
        ("RCPT", "450 4.2.1 greylisted", "deferred", True),
        ("RCPT", "550 5.1.1 no such user", "refused", True),
        ("RCPT", "551 not here", "refused", True),
        ("RCPT", "552 5.2.2 full", "refused", True),
        ("RCPT", "553 5.1.3 bad", "refused", True),
        ("RCPT", "554 5.7.1 rejected", "refused", True),
        ("RCPT", "530 5.7.0 Authentication required", "deferred", False),
        ("RCPT", "554 5.7.1 Relay access denied", "deferred", False),
        ("RCPT", "503 5.5.1 nested", "deferred", False),
        ("DATA", "451 4.7.1 try again", "deferred", True),
        ("DATA", "554 5.6.0 spam", "refused", True),
        ("DATA", "550 5.7.26 unauthenticated sender", "deferred", False),
    ],
)
def test_what_an_answer_means(
    mail_server: MailServer,
    stage: Literal["MAIL", "RCPT", "DATA"],
    reply: str,
    status: str,
    blames: bool,
) -> None:
    mail_server.answer(stage, FROM if stage == "MAIL" else BOB, reply)
    with line(mail_server.url) as out:
        outcome = out.send(FROM, BOB, RAW)
        assert (outcome.status, outcome.blames_target, outcome.unsure) == (status, blames, False)
        assert reply[:3] in outcome.message
        assert reply[4:] in outcome.message
        mail_server.usual("MAIL", FROM)
        assert out.send(FROM, ADA, RAW).status == "sent"  # it stops no other
    assert mail_server.connections == 1
    assert [one.recipient for one in mail_server.received] == [ADA]


@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
def test_after_421_a_new_connection_is_made(
    mail_server: MailServer, stage: Literal["MAIL", "RCPT", "DATA"]
) -> None:
    at = FROM if stage == "MAIL" else BOB
    mail_server.answer(stage, at, "421 4.3.2 closing", "")
    with line(mail_server.url) as out:
        first = out.send(FROM, BOB, RAW)
        assert (first.status, first.blames_target) == ("deferred", False)
        assert out.send(FROM, BOB, RAW).status == "sent"
    assert mail_server.connections == 2


def test_a_connection_that_closed_while_idle_is_made_again(mail_server: MailServer) -> None:
    with line(mail_server.url) as out:
        assert out.send(FROM, ADA, RAW).status == "sent"
        mail_server.answer("MAIL", FROM, DROP, "")
        assert out.send(FROM, ADA, RAW).status == "sent"
    assert len(mail_server.received) == 2


def test_a_break_before_the_message_is_surely_no_delivery(mail_server: MailServer) -> None:
    mail_server.answer("RCPT", BOB, DROP)
    with line(mail_server.url) as out:
        outcome = out.send(FROM, BOB, RAW)
        assert (outcome.status, outcome.unsure) == ("deferred", False)
        assert out.send(FROM, ADA, RAW).status == "sent"


@pytest.mark.parametrize(("cut", "arrived"), [(DROP, 1), (LOSE, 0)])
def test_a_break_after_the_last_dot_leaves_it_open(
    mail_server: MailServer, cut: str, arrived: int
) -> None:
    mail_server.answer("DATA", BOB, cut)
    with line(mail_server.url) as out:
        outcome = out.send(FROM, BOB, RAW)
        assert (outcome.status, outcome.unsure) == ("deferred", True)
        assert len(mail_server.received) == arrived
        assert out.send(FROM, ADA, RAW).status == "sent"


def slow(seconds: float, then: str = "") -> Any:
    def answer() -> str:
        time.sleep(seconds)
        return then

    return answer


def test_a_server_that_does_not_answer_is_given_up(mail_server: MailServer) -> None:
    mail_server.answer("RCPT", BOB, slow(1.5))
    with line(mail_server.url, timeout=0.3) as out:
        outcome = out.send(FROM, BOB, RAW)
        assert (outcome.status, outcome.unsure) == ("deferred", False)
        assert "timed out" in outcome.message
        assert out.send(FROM, ADA, RAW).status == "sent"


def test_the_answer_to_a_whole_message_is_waited_for_longer(mail_server: MailServer) -> None:
    mail_server.answer("DATA", ADA, slow(0.8))
    mail_server.answer("DATA", BOB, slow(3))
    with line(mail_server.url, timeout=0.4, patience=1.5) as out:
        assert out.send(FROM, ADA, RAW).status == "sent"
        outcome = out.send(FROM, BOB, RAW)
        assert (outcome.status, outcome.unsure) == ("deferred", True)


def test_a_message_that_is_too_large_is_not_sent() -> None:
    with MailServer(size=1_000) as small, line(small.url) as out:
        outcome = out.send(FROM, ADA, RAW + b"x" * 1_000)
        assert (outcome.status, outcome.blames_target) == ("refused", False)
        assert "1000" in outcome.message
        assert out.send(FROM, ADA, RAW).status == "sent"


def test_a_server_that_is_not_there_is_asked_once() -> None:
    with line(f"smtp+plain://127.0.0.1:{free_port()}") as out:
        first = out.send(FROM, ADA, RAW)
        started = time.monotonic()
        assert all(out.send(FROM, ADA, RAW) == first for _ in range(1_000))
        assert time.monotonic() - started < 0.5
    assert (first.status, first.blames_target, first.unsure) == ("deferred", False, False)
    assert "cannot be reached" in first.message


# --- TLS and log-in -----------------------------------------------------------------------------


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", "starttls"), ("smtps", "implicit")])
def test_tls_with_log_in(
    certificate: Certificate, scheme: str, tls: Literal["starttls", "implicit"]
) -> None:
    with MailServer(tls=tls, certificate=certificate, login=("me", "s3/cret")) as server:
        trusted = certificate.client_context()
        with line(f"{scheme}://me:s3%2Fcret@localhost:{server.port}", trusted) as out:
            assert out.send(FROM, ADA, RAW).status == "sent"
        with line(f"{scheme}://me:wr0ng@localhost:{server.port}", trusted) as out:
            outcome = out.send(FROM, ADA, RAW)
    assert (outcome.status, outcome.blames_target) == ("deferred", False)
    assert "does not accept user and password" in outcome.message
    assert "wr0ng" not in outcome.message
    assert len(server.received) == 1


@pytest.mark.parametrize(("scheme", "tls"), [("smtp", "starttls"), ("smtps", "implicit")])
@pytest.mark.parametrize(
    ("host", "trusting", "says"),
    [("localhost", False, "self-signed"), ("127.0.0.1", True, "IP address mismatch")],
)
def test_a_certificate_that_does_not_fit_is_refused(
    certificate: Certificate,
    scheme: str,
    tls: Literal["starttls", "implicit"],
    host: str,
    trusting: bool,
    says: str,
) -> None:
    context = certificate.client_context() if trusting else None
    with (
        MailServer(tls=tls, certificate=certificate, login=("me", "s3cret")) as server,
        line(f"{scheme}://me:s3cret@{host}:{server.port}", context) as out,
    ):
        outcome = out.send(FROM, ADA, RAW)
    assert (outcome.status, outcome.blames_target) == ("deferred", False)
    assert "cannot be verified" in outcome.message
    assert says in outcome.message
    assert not server.received


def test_never_without_tls_unless_told_so(mail_server: MailServer) -> None:
    with line(f"smtp://me:s3cret@127.0.0.1:{mail_server.port}") as out:
        outcome = out.send(FROM, ADA, RAW)
    assert outcome.status == "deferred"
    assert "does not offer STARTTLS" in outcome.message
    assert "smtps://" in outcome.message
    assert "smtp+plain://" in outcome.message
    with line(f"smtps://me:s3cret@127.0.0.1:{mail_server.port}", timeout=1) as out:
        assert out.send(FROM, ADA, RAW).status == "deferred"
    assert not mail_server.connections


def test_a_server_without_log_in_is_named(mail_server: MailServer) -> None:
    with line(f"smtp+plain://me:s3cret@127.0.0.1:{mail_server.port}") as out:
        outcome = out.send(FROM, ADA, RAW)
    assert "takes no user and password" in outcome.message
    assert "s3cret" not in outcome.message


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_server_of_its_own_keeps_a_message_before_it_says_so(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.smtp_server", str(port), str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        try:
            wait_for(port)
            with line(f"smtp+plain://127.0.0.1:{port}") as out:
                assert out.send(FROM, ADA, RAW).status == "sent"
            (kept,) = tmp_path.glob("*.eml")
        finally:
            process.terminate()
    assert kept.read_bytes().endswith(RAW)
    assert b"Delivered-To: ada@example.org" in kept.read_bytes()
