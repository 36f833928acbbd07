"""JSON bytes -> values, taken out with care: whatever is of another type than expected is absent."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

from aggregator.errors import BrokenError, ChallengedError
from aggregator.parse.dates import EARLIEST, LATEST
from aggregator.parse.page import decode, is_html, is_wall
from aggregator.parse.text import plain, storable

MOST_WORDS = 50
"""Keywords kept of one item; more are no keywords."""
_BETWEEN = re.compile(r"[;,，；、]")
_WHOLE = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*/[\w.~/%+@:,=&-]*(?:\?[\w.~/%+@:,=&-]+)?", re.ASCII
)
"""Addresses as most are written, which joining and taking apart leave as they are."""


def load(body: bytes, content_type: str, url: str) -> Any:
    """The document. Raises ChallengedError for a bot wall, BrokenError for what is no JSON.

    JSON is UTF-8 (RFC 8259): bytes that are not were damaged, and would be stored as wrong names.
    """
    if is_html(body):
        if is_wall(decode(body, content_type)):
            raise ChallengedError(f"{url} shows a bot wall instead of JSON.", url=url)
        raise BrokenError(f"{url} answered with an HTML page instead of JSON.", url=url)
    try:
        return json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise BrokenError(f"{url} answered with broken JSON.", url=url) from error


def items(document: Any, key: str, url: str) -> list[Any]:
    """The list that stands under `key`. Raises BrokenError if there is none."""
    found = document.get(key) if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise BrokenError(f'{url} answered with JSON that has no list "{key}".', url=url)
    return found


def text(item: Any, key: str) -> str:
    """A text as people read it, on one line; "" if it is none."""
    value = item.get(key) if isinstance(item, Mapping) else None
    return plain(value) if isinstance(value, str) else ""


def mark(item: Any, key: str) -> str:
    """An identifier exactly as it is written ("--" and all); "" if it is none."""
    value = item.get(key) if isinstance(item, Mapping) else None
    return storable(value).strip() if isinstance(value, str) else ""


def number(item: Any, key: str) -> int | None:
    """A whole number that a database can hold; None if it is none."""
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if type(value) is int and abs(value) < 2**53 else None


def words(value: Any) -> list[str]:
    """Keywords, given as a list or as one text with commas or semicolons between them."""
    parts = value if isinstance(value, list) else [value]
    found = (part for text in parts if isinstance(text, str) for part in _BETWEEN.split(text))
    return list(dict.fromkeys(word for part in found if (word := plain(part))))[:MOST_WORDS]


def web(href: Any, base: str) -> str:
    """A link, relative to `base` or whole; "" if it leads to no web page (`javascript:` …)."""
    if isinstance(href, str) and _WHOLE.fullmatch(href):
        return href
    return _web(href, base) if isinstance(href, str) and href.strip() else ""


@lru_cache(maxsize=2048)  # a feed's reader asks several times about each item's link
def _web(href: str, base: str) -> str:
    try:
        url = urljoin(base, storable(href).strip())
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def milliseconds(value: Any) -> datetime | None:
    """Milliseconds since 1970 -> aware UTC; None if it is no date between 1990 and 2100."""
    if type(value) is not int or not 0 < value < 5e12:
        return None
    found = datetime.fromtimestamp(value / 1000, UTC)
    return found if EARLIEST <= found.year <= LATEST else None
