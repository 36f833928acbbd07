"""The channel e-mail: a letter or a notice as a message, handed to the mail server."""

import base64
import binascii
import hashlib
import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from aggregator import clock
from aggregator.deliver import smtp
from aggregator.deliver.base import Letter, Outcome
from aggregator.deliver.dkim import Signer
from aggregator.deliver.rendering import Renderer
from aggregator.digest.letter import Rendered
from aggregator.digest.show import clean, web_url
from aggregator.errors import UsageError
from aggregator.settings import Settings

log = logging.getLogger(__name__)

MOST_SUBJECT = 200
_WIDE = SMTP.clone(max_line_length=998)
"""The longest line of RFC 5322, 2.1.1. Folded at 78 columns, a long address or identifier becomes an
encoded word, which nothing finds in a List-Unsubscribe."""
MOST_COLUMNS = 75
"""The longest encoded word of RFC 2047, 2."""
_NO_ID = re.compile(r"[^A-Za-z0-9_.-]")


class _Policy(EmailPolicy):
    """Folds the subject, and nothing else."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name != "Subject":
            return _WIDE.fold_binary(name, value)
        if value.isascii():
            return SMTP.fold_binary(name, value)
        # Encoded whole: where it encodes single words, the library folds one blank into two.
        encoded = Header(str(value), "utf-8", MOST_COLUMNS, name).encode(linesep="\r\n")
        return f"{name}: {encoded}\r\n".encode("ascii")


_POLICY = _Policy(linesep="\r\n")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message about a subscription itself, such as the request to confirm it. `key` is unique and
    the same on every try."""

    to: str
    subject: str
    text: str
    html: str
    key: str
    lang: str = "en"


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mail comes from."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        """What Message-ID and List-Id are made with."""
        return self.address.rpartition("@")[2]


def parse_sender(text: str) -> Sender:
    """ "Daypaper <daypaper@example.org>" or the address alone. Raises ValueError."""
    try:
        if not text.isprintable():
            raise ValueError
        (one,) = SMTP.header_factory("From", text).addresses
        return Sender(one.display_name or "Daypaper", _normal(one.addr_spec, anywhere=True))
    except (ValueError, EmailNotValidError):
        raise ValueError("expected an address such as Daypaper <daypaper@example.org>") from None


class Email:
    """Sends through one mail server. Nothing goes without TLS unless its URL says smtp+plain."""

    name = "email"
    connections = 4

    def __init__(
        self,
        smtp_url: str,
        mail_from: str = "",
        *,
        contact: str = "",
        signer: Signer | None = None,
        render: Callable[[Letter], Rendered] | None = None,
        wall: Callable[[], datetime] = clock.wall,
        ssl_context: ssl.SSLContext | None = None,
        timeout: float = smtp.TIMEOUT,
        patience: float = smtp.PATIENCE,
    ) -> None:
        """Without `mail_from` mail comes from `contact`, and on a server nearby from
        daypaper@localhost. Raises ValueError as `smtp.parse_url` and `parse_sender` do."""
        self._server = smtp.parse_url(smtp_url) if smtp_url else None
        self._near = self._server is not None and self._server.near
        given = mail_from or contact or ("daypaper@localhost" if self._near else "")
        self._sender = parse_sender(given) if given else None
        self._signer = signer
        self._render = render or Renderer()
        self._wall = wall
        self._context = ssl_context
        self._waits = (timeout, patience)

    @classmethod
    def of(cls, settings: Settings) -> "Email":
        """As the settings say, which have been checked when they were read."""
        key = settings.dkim_key.get_secret_value()
        return cls(
            settings.smtp_url.get_secret_value(),
            settings.mail_from,
            contact=settings.contact,
            signer=Signer(settings.dkim_domain, settings.dkim_selector, key) if key else None,
        )

    def normal(self, target: str, *, stranger: bool = False) -> str:
        """One bare address in lower case, an international domain in its ASCII form. What is before
        the @ must be ASCII, since many servers take no other (RFC 6531). What a `stranger` gives must be
        an address on the internet: a server nearby has mailboxes, such as root's, that are nobody's to try.

        Raises UsageError.
        """
        try:
            return _normal(target.strip(" "), anywhere=self._near and not stranger)
        except EmailNotValidError as error:
            shown = clean(target, 80)
            raise UsageError(f"{shown!r} is no e-mail address: {clean(str(error))}") from None

    def redacted(self, target: str) -> str:
        """The address: it holds no secret."""
        return target

    def advice(self, target: str) -> str:
        """Nothing: an address needs no preparation."""
        return ""

    def trouble(self) -> str:
        """Why nothing can be sent; "" if all is there."""
        if self._server is None:
            return "No mail server is set (DAYPAPER_SMTP_URL)."
        if self._sender is None:
            return "Nobody is set whom mail comes from (DAYPAPER_MAIL_FROM or DAYPAPER_CONTACT)."
        return ""

    @contextmanager
    def session(self) -> Iterator["MailSession"]:
        """A connection to the server, made when the first message goes."""
        if self._server is None or self._sender is None:
            yield MailSession(self, None)
            return
        timeout, patience = self._waits
        line = smtp.Line(
            self._server, self._sender.domain, self._context, timeout=timeout, patience=patience
        )
        try:
            yield MailSession(self, line)
        finally:
            line.close()

    def letter_message(self, letter: Letter) -> tuple[str, bytes]:
        """The recipient and the message, signed if there is a key."""
        assert self._sender
        made = self._render(letter)
        notice = Notice(letter.target, made.subject, made.text, made.html, letter.key, letter.lang)
        headers = {"List-Id": _list_id(letter.watches, self._sender.domain)}
        if url := web_url(letter.links.unsubscribe):
            headers["List-Unsubscribe"] = f"<{url}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        return letter.target, self._message(notice, headers)

    def notice_message(self, notice: Notice) -> tuple[str, bytes]:
        """The recipient and the message, signed if there is a key."""
        return notice.to, self._message(notice, {})

    def sent_from(self) -> str:
        """The address to which a server returns what it cannot deliver."""
        assert self._sender
        return self._sender.address

    def _message(self, notice: Notice, headers: Mapping[str, str]) -> bytes:
        assert self._sender
        message = EmailMessage(policy=_POLICY)
        name, address = self._sender.name, self._sender.address
        message["From"] = Address(name, addr_spec=address)
        message["To"] = Address(addr_spec=notice.to)
        message["Subject"] = clean(notice.subject, MOST_SUBJECT)
        message["Date"] = format_datetime(self._wall())
        message["Message-ID"] = f"<{_NO_ID.sub('-', notice.key)}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "All"
        message["Content-Language"] = notice.lang
        for header, value in headers.items():
            message[header] = value
        message["MIME-Version"] = "1.0"
        # "=_" occurs neither in quoted-printable nor in base64, so the boundary needs no search.
        boundary = "=_" + hashlib.sha256(notice.key.encode()).hexdigest()[:24]
        message["Content-Type"] = f'multipart/alternative; boundary="{boundary}"'
        message.attach(_part("plain", notice.text))
        message.attach(_part("html", notice.html))
        raw = message.as_bytes()
        return self._signer.sign(raw) if self._signer else raw


class MailSession:
    """Sends letters and notices over one connection."""

    def __init__(self, channel: Email, line: smtp.Line | None) -> None:
        self._channel = channel
        self._line = line

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        """Hand the letter over. Whether an earlier try got through cannot be asked: the Message-ID
        is the same."""
        return self._send(lambda: self._channel.letter_message(letter), letter.key)

    def send_notice(self, notice: Notice) -> Outcome:
        """Hand the notice over. Raises nothing."""
        return self._send(lambda: self._channel.notice_message(notice), notice.key)

    def _send(self, make: Callable[[], tuple[str, bytes]], key: str) -> Outcome:
        if self._line is None:
            return Outcome("deferred", self._channel.trouble(), blames_target=False)
        try:
            recipient, raw = make()
        except Exception as error:
            # The edge of one message: whatever it holds, the others go.
            log.exception("mail %s cannot be written", key)
            said = f"The message could not be written ({type(error).__name__}); see the log."
            return Outcome("deferred", said, blames_target=False)
        return self._line.send(self._channel.sent_from(), recipient, raw)


def _normal(address: str, *, anywhere: bool) -> str:
    """Raises EmailNotValidError. `anywhere`: also localhost, and hosts without a domain."""
    local, _, host = address.rpartition("@")
    here = anywhere and host.lower() == "localhost"
    found = validate_email(
        f"{local}@example.org" if here else address,
        check_deliverability=False,
        globally_deliverable=not anywhere,
        allow_smtputf8=False,
        strict=True,
    )
    # Servers may tell capitals apart before the @ (RFC 5321, 2.4); none that people use does.
    return f"{found.local_part.lower()}@{'localhost' if here else found.ascii_domain.lower()}"


def _list_id(watches: tuple[str, ...], domain: str) -> str:
    """RFC 2919: the same for the same watches, so that a mail program can sort by it."""
    names = [re.sub(r"[^a-z0-9_-]", "-", name) for name in sorted(set(watches))]
    label = "+".join(names)
    if not label or len(label) > 64:
        label = hashlib.sha256(label.encode()).hexdigest()[:16]
    return f"Daypaper <{label}.digest.{domain}>"


def _part(kind: str, text: str) -> EmailMessage:
    """A part that passes any server: 7 bits, short lines; whichever of both encodings is shorter."""
    data = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    part = EmailMessage(policy=_POLICY)
    part["Content-Type"] = f'text/{kind}; charset="utf-8"'
    foreign = len(data) - len(data.decode("utf-8").encode("ascii", "ignore"))
    if foreign * 2 > len(data) * 0.37:  # three signs for each such byte, or four for every three
        part["Content-Transfer-Encoding"] = "base64"
        part.set_payload(base64.encodebytes(data.replace(b"\n", b"\r\n")).decode("ascii"))
    else:
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(binascii.b2a_qp(data).decode("ascii"))
    return part
