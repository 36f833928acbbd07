"""What a server's answer means: status, headers and body -> an Answer or the error that fits (pure but
for the clock that dates a Retry-After of a server that does not tell its own)."""

import hashlib
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from aggregator import clock
from aggregator.errors import (
    ChallengedError,
    RefusedError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from aggregator.parse import addresses
from aggregator.parse.page import decode, is_html, is_wall
from aggregator.sources.base import Answer, Validator

SLEPT = timedelta(seconds=60)  # a Retry-After up to this is slept, a longer one kept in the ledger
MOST_RETRY = timedelta(days=7)
MOST_PAGE = 20_000  # bytes kept of what came with a refusal
RETRY_FLOOR = timedelta(seconds=1)  # arXiv answers "Retry-After: 0" and means it least


class TransientError(Exception):
    """Worth another try soon; carries what to raise if no try helps."""

    def __init__(self, error: SourceError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait


def judge(
    url: str, code: int, headers: Mapping[str, str], body: bytes, known: Validator | None
) -> Answer:
    """A good answer; `known` is what was stored of the last one. Header names are lower case.

    Raises TransientError where another try may help, else the SourceError that fits.
    """
    digest = hashlib.sha256(body).hexdigest()
    mark = Validator(url, headers.get("etag"), headers.get("last-modified"), digest)
    kind = headers.get("content-type", "")
    if code == 304 and known:
        return Answer(url, b"", kind, headers, True, known)
    if code == 200:
        return Answer(url, body, kind, headers, bool(known and known.digest == digest), mark)
    refused = _refusal(url, code, headers, body)
    error = refused.error if isinstance(refused, TransientError) else refused
    error.page = body[:MOST_PAGE]
    raise refused


def discreet(error: SourceError, given: Collection[str]) -> SourceError:
    """The error without the path of an address that a person gave, where a key may stand, or of one that
    such an address leads to. What a source itself put behind a given one stays."""
    asked = addresses.shown(error.url)
    bases = [addresses.shown(url).rstrip("/") for url in given]
    own = max((one for one in bases if f"{asked}/".startswith(f"{one}/")), key=len, default=asked)
    path, first = addresses.path(asked), addresses.path(own)
    error.args = (str(error).replace(path, addresses.masked(first) + path.removeprefix(first)),)
    return error


def _refusal(
    url: str, code: int, headers: Mapping[str, str], body: bytes
) -> SourceError | TransientError:
    host = addresses.host(url)
    wait = retry_after(headers)
    asked = f", asking to wait {_spoken(wait)}" if wait else ""
    if code == 429 or (code == 503 and "retry-after" in headers):
        error = ThrottledError(
            f"{host} answered {code}: too many requests{asked}.", url=url, retry_after=wait
        )
        if code == 503 or (wait and wait <= SLEPT):
            return _later(error, wait)
        return error
    if is_html(body) and is_wall(decode(body[:20_000], headers.get("content-type"))):
        return _challenged(url, code)
    if code >= 500:
        trouble = f"{host} answered {code}; it is in trouble{asked}."
        if "retry-after" in headers:
            return _later(ThrottledError(trouble, url=url, retry_after=wait), wait)
        return TransientError(UnreachableError(trouble, url=url))
    return RefusedError(
        f"{host} answered {code} for {urlsplit(url).path}{asked}.",
        url=url,
        http_status=code,
        retry_after=wait,
    )


def _later(error: SourceError, wait: timedelta | None) -> SourceError | TransientError:
    """Worth another try after a wait that is short enough to be slept."""
    pause = max(wait or RETRY_FLOOR, RETRY_FLOOR)
    return TransientError(error, pause.total_seconds()) if pause <= SLEPT else error


def _challenged(url: str, code: int) -> ChallengedError:
    host = addresses.host(url)
    return ChallengedError(
        f"{host} shows a page that only people get past (a bot wall). "
        f"Open {addresses.shown(url)} in a browser; if it works there, ask the site to let this address in.",
        url=url,
        http_status=code,
    )


def retry_after(headers: Mapping[str, str]) -> timedelta | None:
    """Retry-After in seconds or as a date, else None; never negative, a week at most. A date is one on
    the server's clock, which the header Date tells: its distance counts, whatever our clock says."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), MOST_RETRY)
    until = _moment(text)
    if until is None:
        return None
    now = _moment(headers.get("date", "")) or clock.wall()
    return min(max(until - now, timedelta()), MOST_RETRY)


def _moment(text: str) -> datetime | None:
    """A date of a header; one ending in -0000 is of UTC, too."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _spoken(wait: timedelta) -> str:
    seconds = int(wait.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
