"""A real mail server on loopback whose answers a test writes down; it keeps what it was sent.

As a process of its own, `python -m tests.smtp_server PORT DIR`, it writes each message into a file of
DIR before it answers 250, so that whoever kills a sender can see what had arrived.
"""

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

Stage = Literal["MAIL", "RCPT", "DATA"]
DROP = "drop"
"""Instead of an answer: the connection is cut. After DATA the message is kept all the same."""
LOSE = "lose"
"""As DROP, but the message is not kept."""


@dataclass(frozen=True)
class Received:
    """A message as it arrived."""

    sender: str
    recipient: str
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        """Parsed."""
        found = BytesParser(policy=default).parsebytes(self.raw)
        assert isinstance(found, EmailMessage)
        return found


class MailServer:
    """Answers 250 unless told otherwise by `answer`. `received` holds what it took, in order."""

    def __init__(
        self,
        *,
        tls: Literal["", "starttls", "implicit"] = "",
        certificate: "Certificate | None" = None,
        login: tuple[str, str] | None = None,
        size: int = 33_554_432,
        folder: Path | None = None,
        port: int = 0,
    ) -> None:
        self.port = port or free_port()
        self.received: list[Received] = []
        self._peers: set[Any] = set()
        self._answers: dict[tuple[Stage, str], list[str | Callable[[], str]]] = {}
        self._folder = folder
        self._numbers = count()
        self._lock = threading.Lock()
        context = certificate.server_context() if certificate else None
        options: dict[str, Any] = {"data_size_limit": size, "server_hostname": "mail.test"}
        if login:
            # aiosmtpd takes only STARTTLS for TLS, and warns of a log-in that must be without it.
            by_starttls = tls == "starttls"
            options |= {"auth_required": by_starttls, "auth_require_tls": by_starttls}
            options["authenticator"] = _authenticator(login)
        if tls == "starttls":
            options["tls_context"] = context
        elif tls == "implicit":
            options["ssl_context"] = context
        self._controller = Controller(_Handler(self), "127.0.0.1", self.port, **options)

    def __enter__(self) -> "MailServer":
        self._controller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._controller.stop()

    @property
    def url(self) -> str:
        """For DAYPAPER_SMTP_URL, without TLS."""
        return f"smtp+plain://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """How many connections began a message."""
        return len(self._peers)

    def answer(self, stage: Stage, address: str, *replies: str | Callable[[], str]) -> None:
        """Answer so at this stage for this address (the sender's for MAIL), one after the other; the
        last one stays. A function is called for its answer, "" is the usual one."""
        self._answers[stage, address.lower()] = list(replies)

    def usual(self, stage: Stage, address: str) -> None:
        """Forget what `answer` said."""
        self._answers.pop((stage, address.lower()), None)

    def reply(self, stage: Stage, address: str) -> str:
        """The answer, "" for the usual one."""
        with self._lock:
            replies = self._answers.get((stage, address.lower()), [""])
            chosen = replies.pop(0) if len(replies) > 1 else replies[0]
        return chosen() if callable(chosen) else chosen

    def note(self, peer: Any) -> None:
        """A connection began a message."""
        self._peers.add(peer)

    def keep(self, sender: str, recipient: str, raw: bytes) -> None:
        """Take a message; in a folder it is whole or not there."""
        self.received.append(Received(sender, recipient, raw))
        if self._folder is not None:
            path = self._folder / f"{time.time_ns()}-{next(self._numbers)}.eml"
            envelope = f"Return-Path: <{sender}>\r\nDelivered-To: {recipient}\r\n".encode()
            path.with_suffix(".part").write_bytes(envelope + raw)
            path.with_suffix(".part").rename(path)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def _reply(self, smtp: SMTP, stage: Stage, address: str) -> str:
        said = await asyncio.to_thread(self._server.reply, stage, address)
        if said in (DROP, LOSE):
            cast(asyncio.WriteTransport, smtp.transport).abort()
        return said

    async def handle_MAIL(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._server.note(session.peer)
        envelope.mail_from = address
        return await self._reply(smtp, "MAIL", address) or "250 2.1.0 OK"

    async def handle_RCPT(
        self, smtp: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        said = await self._reply(smtp, "RCPT", address) or "250 2.1.5 OK"
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_DATA(self, smtp: SMTP, session: Session, envelope: Envelope) -> str:
        recipient, content = envelope.rcpt_tos[0], envelope.content
        assert isinstance(content, bytes)
        said = await self._reply(smtp, "DATA", recipient) or "250 2.0.0 OK: kept"
        if said == DROP or said.startswith("250"):
            self._server.keep(envelope.mail_from or "", recipient, content)
        return said


def _authenticator(login: tuple[str, str]) -> Callable[..., AuthResult]:
    def check(smtp: SMTP, session: Session, envelope: Envelope, kind: str, data: Any) -> AuthResult:
        given = isinstance(data, LoginPassword) and (data.login.decode(), data.password.decode())
        return AuthResult(success=given == login, handled=False)

    return check


@dataclass(frozen=True)
class Certificate:
    """A self-made certificate for localhost."""

    file: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For the server."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context

    def client_context(self) -> ssl.SSLContext:
        """For a client that trusts it and nothing else."""
        return ssl.create_default_context(cafile=str(self.file))


def make_certificate(folder: Path) -> Certificate | None:
    """With the openssl program; None without it."""
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {made.key} "
        f"-out {made.file} -addext subjectAltName=DNS:localhost"
    )
    try:
        subprocess.run(command.split(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return made


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main(port: int, folder: Path) -> None:
    """Serve until told to stop."""
    folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with MailServer(port=port, folder=folder):
        stop.wait()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
