"""Webhooks over real HTTP: the signed document, what each answer means, where nothing is sent."""

import base64
import hashlib
import hmac
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.deliver.base import Letter, Outcome
from aggregator.deliver.webhook import Webhook
from aggregator.errors import RefusedError
from aggregator.fetch.client import Sender
from aggregator.settings import Settings
from tests.deliver.conftest import AT, letter, paper
from tests.server import Asked, Reply, Server
from tests.smtp_server import Certificate, free_port

WALL = datetime(2026, 11, 23, 16, 0, 1, tzinfo=UTC)
DOCS = Path(__file__).parents[2] / "docs"


def webhook(allow_private: bool = True, **more: Any) -> Webhook:
    given: dict[str, Any] = {"contact": "me@example.org", "wall": lambda: WALL}
    return Webhook(lambda: "the installation's", allow_private=allow_private, **(given | more))


def send(one: Letter, channel: Webhook | None = None) -> Outcome:
    with (channel or webhook()).session() as session:
        return session.send(one, again=False)


def test_document_and_headers(server: Server) -> None:
    server.routes["/hook"] = Reply(b"thanks")
    late = AT - timedelta(days=3)
    one = letter(
        target=server.url + "/hook?token=1",
        papers=[paper(1, "扩散 <b>")],
        late_since=late,
        withdrawn=({"id": "p9", "title": "Gone"},),
        lang="zh",
    )
    assert send(one) == Outcome("sent", f"{server.url[7:]} answered 200.")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/hook", {"token": "1"})
    headers = asked.headers
    assert headers["content-type"] == "application/json"
    assert headers["host"] == server.url[7:]
    assert "me@example.org" in headers["user-agent"]
    assert headers["webhook-id"] == headers["idempotency-key"] == "k1"
    assert headers["webhook-timestamp"] == str(int(WALL.timestamp()))
    document = json.loads(asked.body)
    (topic,) = document.pop("digest")["topics"]
    (item,) = topic["items"]
    assert (item["title"], item["marks"]) == ("扩散 <b>", ["new"])
    assert item["url"] == "https://papers.example.org/papers/p1"
    assert document == {
        "id": "k1",
        "type": "digest",
        "at": "2017-11-13T08:00:00Z",
        "lang": "zh",
        "watches": ["gan"],
        "late_since": "2017-11-10T08:00:00Z",
        "paused_since": None,
        "paused_until": None,
        "test": False,
        "withdrawn": [{"id": "p9", "title": "Gone"}],
    }


def receiver() -> Callable[..., bool]:
    """The check that docs/webhooks.md shows."""
    text = (DOCS / "webhooks.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert len(blocks) == 1
    space: dict[str, Any] = {}
    exec(compile(blocks[0], "docs/webhooks.md", "exec"), space)
    return space["genuine"]


def test_signature_is_what_the_receiver_is_told_to_check(server: Server) -> None:
    server.routes["/hook"] = Reply()
    target = server.url + "/hook"
    channel = webhook(wall=lambda: datetime.fromtimestamp(time.time(), UTC))
    send(letter(target=target), channel)
    (asked,) = server.asked
    secret = channel.secret_of(target)
    assert receiver()(secret, asked.headers, asked.body)
    assert not receiver()(secret, asked.headers, asked.body + b" ")
    assert not receiver()(secret, asked.headers | {"webhook-id": "k2"}, asked.body)
    assert not receiver()(channel.secret_of(target + "2"), asked.headers, asked.body)
    stale = str(int(asked.headers["webhook-timestamp"]) - 1_000)
    assert not receiver()(secret, asked.headers | {"webhook-timestamp": stale}, asked.body)
    # By the letter of Standard Webhooks: the key is what follows "whsec_", in base64.
    key = base64.b64decode(secret.removeprefix("whsec_"))
    assert len(key) == 32
    signed = f"k1.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert asked.headers["webhook-signature"] == f"v1,{mac}"


def test_another_try_is_known_by_its_id(server: Server) -> None:
    server.routes["/hook"] = Reply()
    one = letter("a.b/c", target=server.url + "/hook")
    send(one)
    send(one, webhook(wall=lambda: WALL + timedelta(hours=1)))
    first, again = server.asked
    assert first.body == again.body
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == "a-b-c"
    assert first.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]


def test_each_target_has_a_secret_of_its_own() -> None:
    one, other = webhook(), Webhook(lambda: "another one's")
    target = "https://example.org/a"
    assert one.secret_of(target) == webhook().secret_of(target)
    assert len({one.secret_of(target), one.secret_of(target + "b"), other.secret_of(target)}) == 3


def test_channel_of_settings(tmp_path: Path) -> None:
    chosen = Settings(data_dir=tmp_path)
    channel = Webhook.of(chosen)
    assert (channel.name, channel.trouble()) == ("webhook", "")
    assert not list(tmp_path.iterdir())  # no secret is made before it is needed
    again = Webhook.of(chosen)
    assert channel.secret_of("https://example.org/") == again.secret_of("https://example.org/")


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "headers", "outcome", "wait"),
    [
        (200, {}, "sent", None),
        (202, {}, "sent", None),
        (204, {}, "sent", None),
        (301, {"Location": "http://127.0.0.1/elsewhere"}, "refused", None),
        (307, {"Location": "http://127.0.0.1/elsewhere"}, "refused", None),
        (400, {}, "refused", None),
        (401, {}, "refused", None),
        (404, {}, "refused", None),
        (410, {}, "refused", None),
        (408, {}, "deferred", None),
        (425, {}, "deferred", None),
        (429, {"Retry-After": "120"}, "deferred", timedelta(minutes=2)),
        (500, {}, "deferred", None),
        (503, {"Retry-After": "Wed, 01 Jan 1997 00:00:00 GMT"}, "deferred", timedelta()),
        (503, {"Retry-After": "soon"}, "deferred", None),
    ],
)
def test_what_an_answer_means(
    server: Server, status: int, headers: dict[str, str], outcome: str, wait: timedelta | None
) -> None:
    server.routes["/hook"] = Reply(b"token=s3cret", status, headers)
    said = send(letter(target=server.url + "/hook?token=s3cret"))
    assert (said.status, said.retry_after, said.unsure) == (outcome, wait, False)
    assert str(status) in said.message
    assert "s3cret" not in said.message
    assert server.paths() == ["/hook"]  # no redirect was followed


def test_nobody_there() -> None:
    said = send(letter(target=f"http://127.0.0.1:{free_port()}/hook?token=s3cret"))
    assert (said.status, said.unsure) == ("deferred", False)
    assert "127.0.0.1 cannot be reached" in said.message
    assert "s3cret" not in said.message


def test_a_name_that_is_not_found_may_be_found_tomorrow() -> None:
    said = send(letter(target="https://nowhere.invalid/hook/s3cret"), webhook(False))
    assert said.status == "deferred"
    assert said.message.startswith("nowhere.invalid cannot be found")


@contextmanager
def talker(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does with its one connection what it is told to."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with closing(connection):
                talk(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        thread.join(5)


def drip(connection: socket.socket) -> None:
    for _ in range(200):
        try:
            connection.sendall(b"x")
        except OSError:
            return
        time.sleep(0.05)


def test_an_answer_that_drips_is_cut_off() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        drip(connection)

    started = time.monotonic()
    with talker(talk) as target:
        said = send(letter(target=target), webhook(seconds=1))
    assert time.monotonic() - started < 5
    assert (said.status, said.unsure) == ("deferred", True)
    assert "did not answer in time" in said.message


def test_a_body_that_drips_takes_nothing_back() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        drip(connection)

    started = time.monotonic()
    with talker(talk) as target:
        assert send(letter(target=target), webhook(seconds=1)).status == "sent"
    assert time.monotonic() - started < 5


def test_a_connection_cut_before_the_answer_leaves_it_open() -> None:
    with talker(lambda connection: connection.recv(65_536)) as target:
        said = send(letter(target=target))
    assert (said.status, said.unsure) == ("deferred", True)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    def talk(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                connection.sendall(bytes(65_536))
        except OSError:
            return

    with talker(talk) as target:
        assert send(letter(target=target)).status == "sent"


# --- TLS ----------------------------------------------------------------------------------------


@contextmanager
def https(certificate: Certificate) -> Iterator[tuple[str, list[bytes]]]:
    heard: list[bytes] = []

    def talk(connection: socket.socket) -> None:
        try:
            with certificate.server_context().wrap_socket(connection, server_side=True) as secure:
                heard.append(b"")
                while not heard[0].endswith(b"{}"):
                    heard[0] += secure.recv(65_536)
                secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        except ssl.SSLError:
            return

    with talker(talk) as url:
        yield url.replace("http:", "https:"), heard


@pytest.mark.parametrize(
    ("host", "trusting", "status"),
    [("localhost", True, 204), ("localhost", False, 0), ("127.0.0.1", True, 0)],
)
def test_certificates_are_checked_against_the_name(
    certificate: Certificate, host: str, trusting: bool, status: int
) -> None:
    context = certificate.client_context() if trusting else None
    with (
        https(certificate) as (url, heard),
        closing(Sender("", allow_private=True, ssl_context=context)) as sender,
    ):
        posted = sender.post_json(url.replace("127.0.0.1", host), b"{}", {})
    assert (posted.status, bool(heard), posted.maybe) == (status, bool(status), False)
    if heard:
        assert f"Host: {host}:".encode() in heard[0]
    else:
        assert "certificate verify failed" in posted.problem


def test_a_sender_refuses_what_is_no_web_address() -> None:
    with closing(Sender("")) as sender, pytest.raises(RefusedError):
        sender.post_json("gopher://example.org/", b"", {})


def test_server_keeps_what_it_was_asked(server: Server) -> None:
    seen: list[Asked] = []
    server.routes["/hook"] = lambda asked: seen.append(asked) or Reply(status=500)
    assert send(letter(target=server.url + "/hook")).status == "deferred"
    assert len(seen) == 1  # one try; the ledger says when the next one is
