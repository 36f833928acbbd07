"""The Slack bot by Socket Mode: the same commands over a connection that it opens itself."""

import base64
import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
from pydantic import SecretStr

from aggregator.errors import UsageError
from api.deps import Services
from api.slack.app import start_socket_mode
from tests.api.slack.ways import ADA, PAPERS
from tests.slack_server import Fault, SlackServer, check

TOKEN = "xapp-stand-in"
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """Slack's end of one connection at a time (RFC 6455, as much as is needed)."""

    def __init__(self) -> None:
        self.received: Queue[dict[str, Any]] = Queue()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listening.getsockname()[1]}/link/?ticket=1"
        self._open = threading.Event()
        self._connection: socket.socket | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def send(self, said: dict[str, Any]) -> None:
        assert self._open.wait(20), "the bot did not connect"
        data = json.dumps(said).encode()
        assert self._connection
        self._connection.sendall(b"\x81\x7e" + struct.pack(">H", len(data)) + data)

    def close(self) -> None:
        self._listening.close()
        if self._connection:
            self._connection.close()

    def _serve(self) -> None:
        try:
            connection, _ = self._listening.accept()
            with connection.makefile("rb") as lines:
                key = b""
                while line := lines.readline().strip():
                    if line.lower().startswith(b"sec-websocket-key:"):
                        key = line.split(b":")[1].strip()
                accept = base64.b64encode(hashlib.sha1(key + _MAGIC).digest())
                connection.sendall(
                    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                    b"Connection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n"
                )
                self._connection = connection
                self._open.set()
                self._read(lines)
        except (OSError, ValueError, struct.error):
            return  # closed

    def _read(self, lines: Any) -> None:
        while True:
            first, second = lines.read(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", lines.read(2))
            mask, data = lines.read(4), lines.read(size)
            plain = bytes(sign ^ mask[n % 4] for n, sign in enumerate(data))
            if first & 0x0F == 1:
                self.received.put(json.loads(plain))


@pytest.fixture
def link(slack: SlackServer) -> Iterator[WebSocket]:
    """Where the bot connects to."""
    made = WebSocket()
    slack.socket_url = made.url
    yield made
    made.close()


def with_app_token(services: Services, **changes: Any) -> Services:
    settings = services.settings.model_copy(update={"slack_app_token": SecretStr(TOKEN), **changes})
    return Services(services.store, settings, services.config, services.sources, services.now)


def test_a_command_over_the_bots_own_connection(services: Services, link: WebSocket) -> None:
    running = start_socket_mode(with_app_token(services))
    assert running
    try:
        payload = {
            "command": "/daypaper",
            "text": "topics",
            "user_id": ADA,
            "team_id": "T0000000ONE",
            "channel_id": PAPERS,
        }
        link.send({"type": "slash_commands", "envelope_id": "e1", "payload": payload})
        answer = link.received.get(timeout=20)
    finally:
        running.close()
    assert answer["envelope_id"] == "e1"
    check(answer["payload"])
    assert "`gan`" in json.dumps(answer["payload"])


def test_a_slack_that_is_away_is_asked_again(
    services: Services, slack: SlackServer, link: WebSocket, caplog: pytest.LogCaptureFixture
) -> None:
    slack.faults = [Fault("500", method="apps.connections.open")]
    running = start_socket_mode(with_app_token(services))
    assert running
    try:
        for _ in range(200):
            if len(slack.calls("apps.connections.open")) > 1:
                break
            time.sleep(0.1)
    finally:
        running.close()
    assert len(slack.calls("apps.connections.open")) == 2
    assert "no connection" in caplog.text
    for _ in range(100):  # also one that was being made when it was told to end
        if not [one for one in threading.enumerate() if "IntervalRunner" in repr(vars(one))]:
            return
        time.sleep(0.1)
    raise AssertionError("the connection lives on")


def test_it_needs_the_bots_token_too(services: Services) -> None:
    with pytest.raises(UsageError, match="DAYPAPER_SLACK_BOT_TOKEN"):
        start_socket_mode(with_app_token(services, slack_bot_token=SecretStr("")))
