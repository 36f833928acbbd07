"""A stand-in for Slack's Web API on loopback: keeps what is posted, and refuses what Slack refuses.

`python -m tests.slack_server PORT FILE` runs it as a process of its own that appends each message to
FILE, as a line of JSON, before it answers.
"""

import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "xoxb-stand-in"
GAP = 1.0  # seconds between two messages in a channel
MOST_CHARACTERS = 13_200


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request: "429", "500", "hang", "drop" (does it, and then closes the
    connection without an answer), or a word of Slack's such as "token_revoked"."""

    kind: str
    method: str = "chat.postMessage"
    retry_after: int = 1


@dataclass
class Channel:
    """One conversation."""

    name: str
    is_member: bool = True
    is_archived: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    last: float = -1e9


class Refused(Exception):
    """An answer that says no."""


class SlackServer:
    """`faults` happen in their order, each when its method is asked next, after `skip` messages that
    go well; `asked` are all requests as (method, arguments). `strict_pace`: a second message within a
    second gets 429."""

    def __init__(
        self, port: int = 0, *, strict_pace: bool = True, kept: Path | None = None
    ) -> None:
        self.channels = {"C0000PAPERS": Channel("papers"), "C0000OTHERS": Channel("others")}
        self.members = {"U0000000ADA": "en-GB", "U0000000BAI": "zh-CN"}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.responses: list[dict[str, Any]] = []  # to response_url
        self.faults: list[Fault] = []
        self.skip = 0
        self.socket_url = ""  # where Socket Mode is told to connect
        self.strict_pace = strict_pace
        self._kept = kept
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._count = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.root = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.root}/api/"
        self.response_url = f"{self.root}/response"

    def __enter__(self) -> "SlackServer":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._server.shutdown()
        self._server.server_close()

    def serve(self) -> None:
        """Answer until the process ends."""
        self._server.serve_forever()

    def posted(self, channel: str = "C0000PAPERS") -> list[dict[str, Any]]:
        """The messages of a channel, oldest first."""
        return list(self.channels[channel].messages)

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The arguments of each request for a method."""
        return [arguments for name, arguments in self.asked if name == method]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("content-length") or 0))
        path = urlsplit(handler.path).path
        if path == "/response":
            self.responses.append(json.loads(body))
            _reply(handler, b"ok", {}, 200)
            return
        method = path.removeprefix("/api/")
        arguments = _arguments(handler, body)
        with self._lock:
            self.asked.append((method, arguments))
            fault = self._fault(method)
        if fault and fault.kind == "hang":
            self._stop.wait(30)
        if fault and fault.kind == "500":
            _reply(handler, b"<html>upstream is down</html>", {}, 500)
        elif fault and fault.kind == "429":
            _too_many(handler, fault.retry_after)
        else:
            self._carry_out(handler, method, arguments, fault)

    def _carry_out(
        self, handler: BaseHTTPRequestHandler, method: str, arguments: Any, fault: Fault | None
    ) -> None:
        try:
            if handler.headers.get("authorization") not in (
                f"Bearer {TOKEN}",
                "Bearer xapp-stand-in",
            ):
                raise Refused("invalid_auth")
            pointless = (
                fault and fault.kind == "msg_blocks_too_long" and not arguments.get("blocks")
            )
            if fault and fault.kind not in ("hang", "drop") and not pointless:
                raise Refused(fault.kind)
            run: Callable[[dict[str, Any]], dict[str, Any]] | None
            run = getattr(self, "_" + method.replace(".", "_").lower(), None)
            if run is None:
                raise Refused("unknown_method")
            with self._lock:
                answer = {"ok": True, **run(arguments)}
        except Refused as no:
            if str(no) == "429":
                _too_many(handler, 1)
                return
            answer = {"ok": False, "error": str(no), "needed": "channels:history"}
        if fault and fault.kind in ("hang", "drop"):
            handler.close_connection = True
            return
        _reply(handler, json.dumps(answer).encode(), {"Content-Type": "application/json"}, 200)

    def _fault(self, method: str) -> Fault | None:
        if method == "chat.postMessage" and self.skip:
            self.skip -= 1
            return None
        return self.faults.pop(0) if self.faults and self.faults[0].method == method else None

    def _auth_test(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"user_id": "U0000000BOT", "bot_id": "B0000000BOT", "team_id": "T0000000ONE"}

    def _chat_postmessage(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = self._channel(asked["channel"])
        channel = self.channels[name]
        if channel.is_archived:
            raise Refused("is_archived")
        if not channel.is_member:
            raise Refused("not_in_channel")
        check(asked)
        now = time.monotonic()
        if self.strict_pace and now - channel.last < GAP:
            raise Refused("429")
        channel.last = now
        self._count += 1
        message = {"ts": f"{int(time.time())}.{self._count:06}", **asked, "channel": name}
        channel.messages.append(message)
        if self._kept:
            with self._kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(message, ensure_ascii=False) + "\n")
        return {"channel": name, "ts": message["ts"], "message": message}

    def _apps_connections_open(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"url": self.socket_url}

    def _chat_postephemeral(self, asked: dict[str, Any]) -> dict[str, Any]:
        check(asked)
        return {"message_ts": "1.0"}

    def _chat_unfurl(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {}

    def _views_publish(self, asked: dict[str, Any]) -> dict[str, Any]:
        view = asked["view"]
        check(
            {
                "text": "home",
                "blocks": (view if isinstance(view, dict) else json.loads(view))["blocks"],
            }
        )
        return {"view": {"id": "V1"}}

    def _conversations_open(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["users"] not in self.members:
            raise Refused("user_not_found")
        name = "D" + asked["users"][1:]
        self.channels.setdefault(name, Channel(""))
        return {"channel": {"id": name}}

    def _conversations_list(self, asked: dict[str, Any]) -> dict[str, Any]:
        rows = [{"id": key, "name": one.name} for key, one in self.channels.items() if one.name]
        return _page(rows, asked, "channels", 1)

    def _conversations_info(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = self._channel(asked["channel"])
        return {"channel": {"id": name, "is_member": self.channels[name].is_member}}

    def _conversations_history(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self._readable(asked) if not m.get("thread_ts")]
        return _page(found[::-1], asked, "messages", 3)

    def _conversations_replies(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = [m for m in self._readable(asked) if asked["ts"] in (m["ts"], m.get("thread_ts"))]
        return _page(found, asked, "messages", 3)

    def _users_info(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["user"] not in self.members:
            raise Refused("user_not_found")
        locale = self.members[asked["user"]]
        zone = "Asia/Shanghai" if locale == "zh-CN" else "Europe/London"
        return {"user": {"id": asked["user"], "locale": locale, "tz": zone}}

    def _readable(self, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """The messages of a channel as the bot may read them; metadata only where asked for."""
        if not asked["channel"].startswith(("C", "D", "G")):
            raise Refused("channel_not_found")  # history knows no names
        channel = self.channels[self._channel(asked["channel"])]
        if not channel.is_member:
            raise Refused("not_in_channel")
        wanted = str(asked.get("include_all_metadata")).lower() in ("1", "true")
        return [m if wanted else {**m, "metadata": None} for m in channel.messages]

    def _channel(self, given: str) -> str:
        """The id of the channel of that id or name; a member's id means the bot's talk with them."""
        if given in self.members:
            return self._conversations_open({"users": given})["channel"]["id"]
        for key, one in self.channels.items():
            if given in (key, f"#{one.name}"):
                return key
        raise Refused("channel_not_found")


def check(asked: dict[str, Any]) -> None:
    """Raises Refused for what Slack refuses in a message (docs.slack.dev, Block Kit)."""
    if not asked.get("text"):
        raise Refused("no_text")
    blocks = asked.get("blocks") or []
    if isinstance(blocks, str):
        blocks = json.loads(blocks)
    payload = (asked.get("metadata") or {}).get("event_payload") or {}
    if not all(isinstance(value, str | int | float | dict) for value in payload.values()):
        raise Refused("invalid_metadata_format")
    if len(blocks) > 50:
        raise Refused("invalid_blocks")
    for block in blocks:
        _check_block(block)
    if len(json.dumps(blocks, ensure_ascii=False)) > MOST_CHARACTERS:
        raise Refused("msg_blocks_too_long")


def _check_block(block: dict[str, Any]) -> None:
    kind = block["type"]
    elements = block.get("elements") or []
    options = (block.get("accessory") or {}).get("options") or []
    good = {
        "section": lambda: 1 <= _units(block["text"]["text"]) <= 3_000,
        "header": lambda: 1 <= _units(block["text"]["text"]) <= 150,
        "context": lambda: (
            1 <= len(elements) <= 10 and all(1 <= _units(e["text"]) <= 3_000 for e in elements)
        ),
        "actions": lambda: (
            1 <= len(elements) <= 25
            and all(len(e["value"]) <= 2_000 and len(e["text"]["text"]) <= 75 for e in elements)
            and len({e["action_id"] for e in elements}) == len(elements)
        ),
        "divider": lambda: True,
    }.get(kind)
    if good is None or not good():
        raise Refused("invalid_blocks")
    if len(options) > 5 or any(
        len(o["value"]) > 150 or len(o["text"]["text"]) > 75 for o in options
    ):
        raise Refused("invalid_blocks")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _page(rows: list[Any], asked: dict[str, Any], key: str, size: int) -> dict[str, Any]:
    """A page of so few rows that every list has several."""
    start = int(asked.get("cursor") or 0)
    end = start + size
    cursor = str(end) if end < len(rows) else ""
    return {key: rows[start:end], "response_metadata": {"next_cursor": cursor}}


def _arguments(handler: BaseHTTPRequestHandler, body: bytes) -> dict[str, Any]:
    if handler.headers.get("content-type", "").startswith("application/json"):
        return json.loads(body or b"{}")
    return {key: values[-1] for key, values in parse_qs(body.decode()).items()}


def _too_many(handler: BaseHTTPRequestHandler, seconds: int) -> None:
    body = json.dumps({"ok": False, "error": "ratelimited"}).encode()
    _reply(handler, body, {"Retry-After": str(seconds)}, 429)


def _reply(
    handler: BaseHTTPRequestHandler, body: bytes, headers: dict[str, str], status: int
) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


if __name__ == "__main__":
    SlackServer(int(sys.argv[1]), kept=Path(sys.argv[2])).serve()
