"""Slack's Web API: one message a second in each channel, and every failure as one kind of trouble."""

import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from aggregator.settings import Settings

GAP = 1.1
"""Seconds between two messages in a channel. Slack allows one a second (docs.slack.dev, rate limits),
and the way there is not always equally long."""
TRIES = 3
MOST_WAIT = 60.0
"""A longer `Retry-After` is not waited for: the letter is tried again later."""
_UNSAID_WAIT = 30.0
_CODE = re.compile(r"[a-z][a-z0-9_]{0,79}")


class Pace:
    """When the next message may go to a channel; shared by all sessions of this process."""

    def __init__(self, gap: float = GAP) -> None:
        self._gap = gap
        self._free: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, channel: str) -> None:
        """Take the next place in the channel's queue, and sleep until it is there."""
        with self._lock:
            now = time.monotonic()
            if len(self._free) > 1_000:
                self._free = {name: free for name, free in self._free.items() if free > now}
            start = max(now, self._free.get(channel, now))
            self._free[channel] = start + self._gap
        time.sleep(start - now)

    def hold(self, channel: str, seconds: float) -> None:
        """Nothing to this channel for so long, as Slack asked for."""
        with self._lock:
            until = time.monotonic() + seconds
            self._free[channel] = max(until, self._free.get(channel, until))


PACE = Pace()
"""That of this process."""


class SlackTrouble(Exception):
    """A request that failed. `code` is Slack's word for it, "unreachable", "silent" (no answer, or
    one that breaks off) or "broken" (Slack's own trouble); `needed` the scope that is missing;
    `unsure`: what was asked for may have been done all the same."""

    def __init__(
        self,
        code: str,
        *,
        needed: str = "",
        retry_after: float | None = None,
        unsure: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.needed = needed
        self.retry_after = timedelta(seconds=retry_after) if retry_after is not None else None
        self.unsure = unsure


def client_of(settings: Settings, timeout: int) -> WebClient:
    """A client with the bot's token. It repeats nothing by itself: what got no answer may have been
    posted."""
    return WebClient(
        settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=timeout,
        retry_handlers=[],
    )


def ask(method: Callable[..., SlackResponse], **arguments: Any) -> dict[str, Any]:
    """One request, e.g. `ask(client.auth_test)`. Raises SlackTrouble."""
    try:
        data = method(**arguments).data
    except SlackApiError as error:
        raise _trouble(error.response) from None
    except URLError:
        # What urllib wraps went wrong before the request was out; the rest comes as it is.
        raise SlackTrouble("unreachable") from None
    except OSError:
        raise SlackTrouble("silent", unsure=True) from None
    if not isinstance(data, dict):
        raise SlackTrouble("broken", unsure=True)
    return data


def patiently(
    pace: Pace, channel: str, method: Callable[..., SlackResponse], **arguments: Any
) -> dict[str, Any]:
    """As `ask`, for what posts to a channel: at its pace, and again after a short `Retry-After`."""
    for tries_left in reversed(range(TRIES)):
        pace.wait(channel)
        try:
            return ask(method, channel=channel, **arguments)
        except SlackTrouble as trouble:
            if trouble.retry_after is None:
                raise
            seconds = trouble.retry_after.total_seconds()
            pace.hold(channel, seconds)
            if seconds > MOST_WAIT or not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _trouble(response: Any) -> SlackTrouble:
    said = response.get("error") or ""
    code = said if _CODE.fullmatch(said) else "broken"
    if response.status_code == 429 or code in ("ratelimited", "rate_limited"):
        return SlackTrouble("ratelimited", retry_after=_seconds(response.headers))
    if response.status_code >= 500 or code in ("broken", "internal_error", "fatal_error"):
        # of these two Slack says itself that something may have been done
        return SlackTrouble("broken", unsure=True)
    if code in ("service_unavailable", "request_timeout"):
        return SlackTrouble("broken", unsure=True)
    return SlackTrouble(code, needed=str(response.get("needed") or ""))


def _seconds(headers: Any) -> float:
    """What Retry-After says, in seconds."""
    found = {name.lower(): value for name, value in headers.items()}
    text = str(found.get("retry-after", ""))
    return float(text) if text.isdecimal() and len(text) < 8 else _UNSAID_WAIT
