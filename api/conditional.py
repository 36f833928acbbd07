"""Conditional requests (RFC 9110): a client that has the present body already gets a 304."""

import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Annotated

from fastapi import Depends, Request, Response

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_SECOND = timedelta(seconds=1)


class Versions:
    """When each address first answered with its present body, as far as this process saw.

    No date of ours would do as Last-Modified: papers of one announcement share a date and come in
    one after the other, so that a body may change while the newest date in it stays. Of the
    addresses only the `most` asked last are kept; one that was forgotten begins anew, which costs
    its readers one answer that is not new.
    """

    def __init__(self, most: int = 1_000) -> None:
        self._most = most
        self._seen: OrderedDict[str, tuple[str, datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def since(self, address: str, etag: str, now: datetime) -> datetime:
        """The whole second since which `address` has the body of this ETag; each body has another."""
        now = now.replace(microsecond=0)
        with self._lock:
            known, since = self._seen.get(address, ("", now - _SECOND))
            if known != etag:
                since = max(now, since + _SECOND)
            self._seen[address] = (etag, since)
            self._seen.move_to_end(address)
            while len(self._seen) > self._most:
                self._seen.popitem(last=False)
        return since


async def _versions(request: Request) -> Versions:
    state = request.app.state
    if not hasattr(state, "versions"):
        state.versions = Versions()
    return state.versions


VersionsDep = Annotated[Versions, Depends(_versions)]


def answer(
    request: Request, body: bytes, media_type: str, since: datetime, headers: Mapping[str, str]
) -> Response:
    """The body, or 304 if the request says that its sender has it; `since` is when it last changed.

    GET and HEAD alike: the server leaves the body of an answer to HEAD away.
    """
    tag = etag(body)
    sent = {**headers, "ETag": tag, "Last-Modified": format_datetime(since, usegmt=True)}
    if _has(request, tag, since):
        return Response(status_code=304, headers=sent)
    return Response(body, headers=sent | {"Content-Type": f"{media_type}; charset=utf-8"})


def etag(body: bytes) -> str:
    """The strong ETag of a body, in its quotes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _has(request: Request, tag: str, since: datetime) -> bool:
    """If-None-Match goes before If-Modified-Since; a date that is none counts for nothing."""
    asked = request.headers.get("if-none-match")
    if asked is not None:
        return asked.strip() == "*" or tag in _TAG.findall(asked)
    try:
        known = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return since <= known.replace(tzinfo=known.tzinfo or UTC)
    except (ValueError, OverflowError):
        return False
