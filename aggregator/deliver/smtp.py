"""One mail server: its address, a connection that carries many messages, what each answer means."""

import contextlib
import ipaddress
import re
import smtplib
import ssl
import time
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import unquote, urlsplit

from aggregator.deliver.base import Outcome
from aggregator.digest.show import clean

EXPECTED = (
    "expected smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://USER:PASSWORD@HOST:465 (TLS) or "
    "smtp+plain://HOST:1025 (no TLS); in user and password all but letters and digits as %XX"
)
TIMEOUT = 30.0
"""Seconds for connecting and for each answer but the last."""
PATIENCE = 300.0
"""Seconds for the answer to the whole message, which many servers scan first. RFC 5321, 4.5.3.2.6
asks for ten minutes: whoever gives up too early sends the same mail again."""
MOST_MESSAGES = 100
"""Over one connection; many servers close it after as many."""
REST = 60.0
"""Seconds without another attempt after the server could not be reached or did not let us in."""

_SCHEMES: dict[str, tuple["Security", int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+plain": ("plain", 25),
}
_OURS = {500, 502, 503, 504, 530, 534, 535, 538}
"""Refusals of the conversation or of who we are (RFC 5321, 4.2; RFC 4954, 6), not of a recipient."""
_OURS_TOO = re.compile(r"\b5\.7\.2\d\b|relay", re.IGNORECASE)
"""Failed SPF, DKIM or PTR of ours (RFC 7372), and a server that does not relay for us."""
_MOST_SAID = 300

Security = Literal["starttls", "tls", "plain"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over, how the way there is protected, and who we are there."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def near(self) -> bool:
        """Is it this machine or a neighbour, reached without TLS, as for a first try?"""
        return self.security == "plain" and ("." not in self.host or _is_loopback(self.host))


def parse_url(url: str) -> Server:
    """DAYPAPER_SMTP_URL -> server. Raises ValueError; the sentence holds no part of the URL."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname, parts.port
        security, usual = _SCHEMES[parts.scheme]
    except (ValueError, KeyError):
        raise ValueError(EXPECTED) from None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    beyond = parts.path.strip("/") or parts.query or parts.fragment
    if not host or not host.isascii() or port == 0 or beyond:
        raise ValueError(EXPECTED)
    if bool(user) != bool(password):
        raise ValueError("expected both user and password, or none")
    if not (user + password).isascii() or not (user + password + "x").isprintable():
        raise ValueError("expected user and password in printable ASCII")
    return Server(host, port or usual, security, user, password)


class Line:
    """A connection, made when the first message goes and again when it broke."""

    def __init__(
        self,
        server: Server,
        hello: str,
        context: ssl.SSLContext | None = None,
        *,
        timeout: float = TIMEOUT,
        patience: float = PATIENCE,
    ) -> None:
        """`hello` is the name we give ourselves. Without `context` the system's certificates are
        trusted."""
        self._server = server
        self._hello = hello
        self._context = context
        self._timeout = timeout
        self._patience = patience
        self._smtp: smtplib.SMTP | None = None
        self._carried = 0
        self._begun = self._handed = False
        self._shut: tuple[float, Outcome] | None = None

    def close(self) -> None:
        """Say goodbye."""
        if self._smtp is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._drop()

    def send(self, sender: str, recipient: str, raw: bytes) -> Outcome:
        """Hand one message over; `raw` has CRLF line ends and ASCII only. Raises nothing."""
        if self._shut and time.monotonic() < self._shut[0]:
            return self._shut[1]
        used = self._smtp is not None
        outcome = self._attempt(sender, recipient, raw)
        if used and self._smtp is None and not self._begun:
            # The server had closed the connection while it was idle, or counted its messages.
            return self._attempt(sender, recipient, raw)
        return outcome

    def _attempt(self, sender: str, recipient: str, raw: bytes) -> Outcome:
        self._begun = self._handed = False
        try:
            smtp = self._smtp or self._connect()
        except (smtplib.SMTPException, OSError) as error:
            shut = Outcome("deferred", self._why_not(error), blames_target=False)
            self._drop()
            self._shut = (time.monotonic() + REST, shut)
            return shut
        try:
            outcome = self._converse(smtp, sender, recipient, raw)
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            return self._broken(error)
        self._carried += 1
        if self._carried >= MOST_MESSAGES:
            self.close()
        return outcome

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.security != "plain" and self._context is None:
            self._context = ssl.create_default_context()
        at = (server.host, server.port)
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                *at, local_hostname=self._hello, timeout=self._timeout, context=self._context
            )
        else:
            smtp = smtplib.SMTP(*at, local_hostname=self._hello, timeout=self._timeout)
        self._smtp, self._carried = smtp, 0
        if server.security == "starttls":
            smtp.starttls(context=self._context)
        smtp.ehlo_or_helo_if_needed()
        if server.user:
            smtp.login(server.user, server.password)
        return smtp

    def _converse(self, smtp: smtplib.SMTP, sender: str, recipient: str, raw: bytes) -> Outcome:
        most = smtp.esmtp_features.get("size", "")
        if most.isdigit() and 0 < int(most) < len(raw):
            return Outcome(
                "refused",
                f"The message has {len(raw)} bytes, {self._server.host} takes {most}.",
                blames_target=False,
            )
        code, text = smtp.mail(sender, [f"SIZE={len(raw)}"] if smtp.has_extn("size") else [])
        if code // 100 != 2:
            return self._answered("MAIL FROM", code, text)
        self._begun = True
        code, text = smtp.rcpt(recipient)
        if code // 100 != 2:
            return self._answered("RCPT TO", code, text)
        code, text = smtp.docmd("DATA")
        if code != 354:
            return self._answered("DATA", code, text)
        # A server that has not got the last line does not have the message: failing here is sure.
        smtp.send(re.sub(rb"(?m)^\.", b"..", raw) + b".\r\n")
        self._handed = True
        self._wait_up_to(self._patience)
        code, text = smtp.getreply()
        if code // 100 == 2:
            self._wait_up_to(self._timeout)
            return Outcome("sent", self._said("the message", code, text))
        return self._answered("the message", code, text)

    def _wait_up_to(self, seconds: float) -> None:
        if self._smtp is not None and self._smtp.sock is not None:
            self._smtp.sock.settimeout(seconds)

    def _answered(self, stage: str, code: int, text: bytes) -> Outcome:
        """A refusal, and the connection in order for the next message."""
        self._wait_up_to(self._timeout)
        try:
            if code == 421 or code < 400 or not self._smtp or self._smtp.rset()[0] != 250:
                self._drop()
        except (smtplib.SMTPException, OSError):
            self._drop()
        message = self._said(stage, code, text)
        ours = stage == "MAIL FROM" or code in _OURS or _OURS_TOO.search(_plain(text))
        if 500 <= code < 600 and not ours:
            return Outcome("refused", message)
        # What is wrong with our own set-up must lose nothing: it is tried again once that is mended.
        return Outcome("deferred", message, blames_target=not ours and code != 421)

    def _said(self, stage: str, code: int, text: bytes) -> str:
        return f"{self._server.host} answered {code} to {stage}: {_plain(text)}".rstrip(": ")

    def _broken(self, error: Exception) -> Outcome:
        host, why = self._server.host, _plainly(error)
        if self._handed:
            message = f"{host} broke off before it said whether it has the message ({why})."
            return Outcome("deferred", message, unsure=True)
        return Outcome("deferred", f"{host} broke off ({why}).", blames_target=False)

    def _why_not(self, error: Exception) -> str:
        """What kept us from the server, in a sentence without its answer to user and password."""
        host, server = self._server.host, self._server
        secured = self._smtp is not None and isinstance(self._smtp.sock, ssl.SSLSocket)
        match error:
            case ssl.SSLCertVerificationError():
                return f"The certificate of {host} cannot be verified ({error.verify_message})."
            case ssl.SSLError():
                return f"{host}:{server.port} does not speak TLS as expected ({_plainly(error)})."
            case smtplib.SMTPAuthenticationError(smtp_code=code):
                return f"{host} does not accept user and password of DAYPAPER_SMTP_URL ({code})."
            case smtplib.SMTPNotSupportedError() if server.security == "starttls" and not secured:
                return (
                    f"{host} does not offer STARTTLS, and nothing is sent without TLS: in "
                    "DAYPAPER_SMTP_URL write smtps:// for TLS from the first byte, or smtp+plain:// "
                    "for a server nearby that has none."
                )
            case smtplib.SMTPNotSupportedError():
                return f"{host} takes no user and password, but DAYPAPER_SMTP_URL has them."
            case smtplib.SMTPResponseException(smtp_code=code, smtp_error=text):
                said = text if isinstance(text, bytes) else str(text).encode()
                return self._said("the connection", code, said)
        return f"{host}:{server.port} cannot be reached ({_plainly(error)})."

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _plain(text: bytes) -> str:
    return clean(text.decode("utf-8", "replace"), _MOST_SAID)


def _plainly(error: Exception) -> str:
    said = re.sub(r"^\[\w+[^\]]*\]\s*", "", clean(str(error), _MOST_SAID))
    return said.rstrip(".") or type(error).__name__


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
