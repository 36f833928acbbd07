"""Signed links: what a mail may ask for later, with a secret that only this installation knows."""

import contextlib
import hmac
import os
import secrets
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from itsdangerous import BadData, URLSafeSerializer

from aggregator import clock
from aggregator.errors import DaypaperError, UsageError
from aggregator.settings import Settings

CONFIRM_FOR = timedelta(days=3)
"""How long a confirmation link can be used."""
AGAIN_FOR = timedelta(hours=1)
"""How long whoever unsubscribed can take it back by a button: not for ever, or an old mail in other
hands could subscribe somebody again."""
SIGN_IN_FOR = timedelta(minutes=15)
"""How long a link to sign in can be used: a mail has come by then, and nobody finds it later."""
LEAST_SECRET = 16
"""Signs of the shortest secret: a shorter one can be found by trying."""
MOST_TOKEN = 2_000
"""Signs of the longest token that is looked at; ours of a hundred subscriptions is shorter."""
LETTER = "letter:"
"""Begins a name that stands for a letter's subscriptions, where there are too many for an address."""
SECRET_FILE = "secret.key"


class LinkError(DaypaperError):
    """A link that does not open anything; `reason` says whether it once did."""

    def __init__(self, message: str, reason: Literal["expired", "invalid"]) -> None:
        super().__init__(message)
        self.reason: Literal["expired", "invalid"] = reason


class Signer:
    """Makes and reads the tokens in links. One made for a purpose is worthless for any other.

    The `read_…` methods raise LinkError. What is inside is only looked at once the signature holds:
    then it is what the method of the same purpose wrote.
    """

    def __init__(self, secret: str, now: Callable[[], datetime] = clock.wall) -> None:
        self._secret = secret
        self._now = now
        self._made: dict[str, URLSafeSerializer] = {}

    @classmethod
    def of(cls, settings: Settings, now: Callable[[], datetime] = clock.wall) -> "Signer":
        """With the installation's secret; raises as `secret_of`."""
        return cls(secret_of(settings), now)

    def confirm_token(self, subscription_id: str) -> str:
        """For the link that confirms an address; it can be used for `CONFIRM_FOR`."""
        return self._timed("confirm", [subscription_id])

    def read_confirm(self, token: str) -> str:
        """The id of the subscription that waits for its owner's word."""
        (subscription_id,) = self._read_timed("confirm", token, CONFIRM_FOR)
        return subscription_id

    def sign_in_token(self, link_id: str) -> str:
        """For the link that signs somebody in, for `SIGN_IN_FOR`; that it does so once, and only in the
        browser that asked, is for the store to see to."""
        return self._timed("sign in", [link_id])

    def read_sign_in(self, token: str) -> str:
        """The link's id."""
        (link_id,) = self._read_timed("sign in", token, SIGN_IN_FOR)
        return link_id

    def again_token(self, subscription_ids: Sequence[str]) -> str:
        """For the button that takes an unsubscription back, for `AGAIN_FOR`."""
        return self._timed("again", subscription_ids)

    def read_again(self, token: str) -> tuple[str, ...]:
        """The ids of the subscriptions."""
        return self._read_timed("again", token, AGAIN_FOR)

    def unsubscribe_token(self, *subscription_ids: str) -> str:
        """For the link that ends these subscriptions (all that one mail was for); `LETTER` and the
        key of a letter stands for all that it was for."""
        return self._signed("unsubscribe", list(subscription_ids))

    def read_unsubscribe(self, token: str) -> tuple[str, ...]:
        """The ids of the subscriptions."""
        return tuple(self._read("unsubscribe", token))

    def preferences_token(self, person_id: str) -> str:
        """For the page where a person sees and changes what they get."""
        return self._signed("preferences", person_id)

    def read_preferences(self, token: str) -> str:
        """The person's opaque id."""
        return str(self._read("preferences", token))

    def feedback_token(self, person_id: str, paper_id: str) -> str:
        """For the page where a person says what a paper is about and what not."""
        return self._signed("feedback", [person_id, paper_id])

    def read_feedback(self, token: str) -> tuple[str, str]:
        """(the person's opaque id, the paper's id)"""
        person_id, paper_id = self._read("feedback", token)
        return person_id, paper_id

    def feed_token(self, person_id: str, watch: str) -> str:
        """For the addresses of the feed and the page of a person's own watch, to read it and nothing
        else: neither feed readers nor all whom its letters go to sign in."""
        return self._signed("feed", [person_id, watch])

    def read_feed(self, token: str) -> tuple[str, str]:
        """(the person's opaque id, the name of the watch)"""
        person_id, watch = self._read("feed", token)
        return person_id, watch

    def reader_token(self, reader_id: str) -> str:
        """For the cookie by which a browser is known again."""
        return self._signed("reader", reader_id)

    def read_reader(self, token: str) -> str:
        """The reader's opaque id."""
        return str(self._read("reader", token))

    def form_token(self, reader_id: str) -> str:
        """For the forms of a page: only the reader whom it was shown to can send them. Never the
        same twice, so that nobody learns it from how well pages compress."""
        return self._signed("form", [reader_id, secrets.token_urlsafe(6)])

    def read_form(self, token: str) -> str:
        """The id of the reader to whom the form was shown."""
        return str(self._read("form", token)[0])

    def erased(self, address: str) -> str:
        """What an erased address is known again by: the same for the same address, and of no use to
        who has not the secret, not even for trying addresses."""
        return hmac.new(
            self._secret.encode(), f"daypaper erased {address}".encode(), sha256
        ).hexdigest()

    def _serializer(self, purpose: str) -> URLSafeSerializer:
        if purpose not in self._made:
            self._made[purpose] = URLSafeSerializer(
                self._secret,
                salt=f"daypaper {purpose}",
                signer_kwargs={"key_derivation": "hmac", "digest_method": sha256},
            )
        return self._made[purpose]

    def _signed(self, purpose: str, value: Any) -> str:
        return str(self._serializer(purpose).dumps(value))

    def _timed(self, purpose: str, ids: Sequence[str]) -> str:
        return self._signed(purpose, [int(self._now().timestamp()), *ids])

    def _read_timed(self, purpose: str, token: str, use: timedelta) -> tuple[str, ...]:
        made, *ids = self._read(purpose, token)
        if self._now().timestamp() - made > use.total_seconds():
            raise LinkError("The link is too old.", "expired")
        return tuple(ids)

    def _read(self, purpose: str, token: str) -> Any:
        if len(token) > MOST_TOKEN:
            raise _invalid()
        try:
            return self._serializer(purpose).loads(token)
        except BadData:
            raise _invalid() from None


def secret_of(settings: Settings) -> str:
    """The installation's secret: the setting, else made once and kept in the data directory.

    Machines that share a database need the setting, since each has a data directory of its own.
    Raises UsageError if the setting is too short or the file cannot be used.
    """
    given = settings.secret_key.get_secret_value()
    if given:
        if len(given) < LEAST_SECRET:
            raise UsageError(
                f"DAYPAPER_SECRET_KEY: {len(given)} signs; expected at least {LEAST_SECRET}, "
                "for example what `openssl rand -base64 32` prints."
            )
        return given
    path = settings.data_dir / SECRET_FILE
    try:
        kept = _kept(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a file of our own.") from None
    if len(kept) < LEAST_SECRET:
        raise UsageError(f"{path}: no secret is in it; expected one: delete the file to get it.")
    return kept


def _kept(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written whole under another name (mkstemp makes it 0600), then linked: a link that is there
        # already is left alone, so of two processes that begin together both use the first one's.
        handle, made = tempfile.mkstemp(dir=path.parent, prefix=f".{SECRET_FILE}.")
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
        finally:
            os.unlink(made)
    return path.read_text().strip()


def _invalid() -> LinkError:
    return LinkError("The link is not one of ours, or was cut short.", "invalid")
