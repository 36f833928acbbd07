"""The channel webhook: a letter as a signed JSON document, in the form of Standard Webhooks 1.0."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from aggregator import clock
from aggregator.clock import iso
from aggregator.deliver.base import Letter, Outcome
from aggregator.digest import render
from aggregator.digest.show import clean
from aggregator.errors import RefusedError, UsageError
from aggregator.fetch import answers
from aggregator.fetch.client import POST_SECONDS, Sender
from aggregator.parse import addresses
from aggregator.people import signing
from aggregator.settings import Settings

MOST_TARGET = 2_000
SHOWN = 8
"""Signs of a part of a path that `redacted` shows: a longer one is likely a secret."""
_LATER = {408, 425, 429}
"""Answers of 4xx that ask for another try: time-out, too early, too many."""
_NO_ID = re.compile(r"[^A-Za-z0-9_-]")


class Webhook:
    """POSTs to an address that a person gave; each has a secret of its own to check the signature."""

    name = "webhook"
    connections = 4

    def __init__(
        self,
        secret: Callable[[], str],
        *,
        contact: str = "",
        allow_private: bool = False,
        wall: Callable[[], datetime] = clock.wall,
        seconds: float = POST_SECONDS,
    ) -> None:
        """`secret` gives the installation's secret when the first document is signed."""
        self._secret = secret
        self._contact = contact
        self._allow_private = allow_private
        self._wall = wall
        self._seconds = seconds

    @classmethod
    def of(cls, settings: Settings) -> "Webhook":
        """As the settings say."""
        return cls(
            lambda: signing.secret_of(settings),
            contact=settings.contact,
            allow_private=settings.allow_private_upstreams,
        )

    def normal(self, target: str) -> str:
        """https://host/path?query: scheme and host in lower case and in ASCII. http only if private
        addresses are allowed, since it is for them. Raises UsageError."""
        text = target.strip(" ")
        shown = repr(clean(self.redacted(text), 80))
        if len(text) > MOST_TARGET or not text.isprintable() or " " in text:
            raise UsageError(f"{shown} is no web address of at most {MOST_TARGET} signs.")
        try:
            parts = addresses.split(text)
            host = (parts.hostname or "").encode("idna").decode("ascii").lower()
        except (RefusedError, UnicodeError):
            raise UsageError(f"{shown} is no web address; expected https://HOST/PATH.") from None
        beyond = parts.username or parts.password or parts.fragment
        if beyond or not (parts.path + parts.query).isascii():
            raise UsageError(
                f"{shown}: expected neither user, password nor #fragment, and %XX for what is not "
                "ASCII; a secret may stand in the path or after ?."
            )
        if parts.scheme == "http" and not self._allow_private:
            raise UsageError(f"{shown}: expected https://.")
        if not self._allow_private and not addresses.may_be_public(host):
            raise UsageError(
                f"{shown} is a private address (DAYPAPER_ALLOW_PRIVATE_UPSTREAMS allows it)."
            )
        usual = {"http": 80, "https": 443}[parts.scheme]
        port = f":{parts.port}" if parts.port and parts.port != usual else ""
        netloc = (f"[{host}]" if ":" in host else host) + port
        return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))

    def redacted(self, target: str) -> str:
        """The address without its query, and with long parts of its path cut."""
        try:
            parts = urlsplit(target)
        except ValueError:
            return "…"
        path = re.sub(rf"([^/]{{{SHOWN}}})[^/]+", r"\1…", parts.path)
        netloc = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{netloc}{path}" + ("?…" if parts.query else "")

    def advice(self, target: str) -> str:
        """The secret that the receiver checks signatures with."""
        return f"Signatures are made with {self.secret_of(target)}; docs/webhooks.md tells how to check."

    def trouble(self) -> str:
        """Nothing needs to be set."""
        return ""

    def secret_of(self, target: str) -> str:
        """What the receiver checks signatures with, "whsec_…"; the same as long as the installation's
        secret and the target are."""
        return "whsec_" + base64.b64encode(self._key(target)).decode("ascii")

    @contextmanager
    def session(self) -> Iterator["WebhookSession"]:
        """Each letter has a connection of its own."""
        sender = Sender(self._contact, allow_private=self._allow_private, seconds=self._seconds)
        try:
            yield WebhookSession(self, sender)
        finally:
            sender.close()

    def signed(self, letter: Letter) -> tuple[bytes, dict[str, str]]:
        """The document and its headers. The document is the same on every try, the time of the try
        is a header."""
        body = json.dumps(_document(letter), ensure_ascii=False, separators=(",", ":"))
        content = body.encode("utf-8", "replace")
        # What is signed is joined by full stops, so that neither part may hold one.
        name, at = _NO_ID.sub("-", letter.key), str(int(self._wall().timestamp()))
        mac = hmac.digest(self._key(letter.target), f"{name}.{at}.".encode() + content, "sha256")
        return content, {
            "Webhook-Id": name,
            "Webhook-Timestamp": at,
            "Webhook-Signature": "v1," + base64.b64encode(mac).decode("ascii"),
            "Idempotency-Key": name,
        }

    def _key(self, target: str) -> bytes:
        return hmac.digest(self._secret().encode(), f"webhook:{target}".encode(), "sha256")


class WebhookSession:
    """Sends letters one after the other."""

    def __init__(self, channel: Webhook, sender: Sender) -> None:
        self._channel = channel
        self._sender = sender

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        """POST it once. The receiver knows a repeated one by its Webhook-Id."""
        body, headers = self._channel.signed(letter)
        try:
            posted = self._sender.post_json(letter.target, body, headers)
        except RefusedError as error:
            shown = self._channel.redacted(letter.target)
            return Outcome("refused", str(error).replace(letter.target, shown))
        if not posted.status:
            return Outcome("deferred", posted.problem, unsure=posted.maybe)
        return _judge(urlsplit(letter.target).netloc, posted.status, posted.headers)


def _judge(host: str, status: int, headers: Any) -> Outcome:
    said = f"{host} answered {status}"
    if 200 <= status < 300:
        return Outcome("sent", f"{said}.")
    if 300 <= status < 400:
        return Outcome("refused", f"{said}; redirects are not followed: give the final address.")
    if 400 <= status < 500 and status not in _LATER:
        return Outcome("refused", f"{said}.")
    return Outcome("deferred", f"{said}.", retry_after=answers.retry_after(headers))


def _document(letter: Letter) -> dict[str, Any]:
    def moment(at: datetime | None) -> str | None:
        return iso(at) if at else None

    return {
        "id": letter.key,
        "type": "digest",
        "at": iso(letter.at),
        "lang": letter.lang,
        "watches": list(letter.watches),
        "late_since": moment(letter.late_since),
        "paused_since": moment(letter.paused_since),
        "paused_until": moment(letter.paused_until),
        "test": letter.test,
        "withdrawn": [dict(paper) for paper in letter.withdrawn],
        "digest": render.data(letter.digest, letter.sources, letter.links.base_url),
    }
