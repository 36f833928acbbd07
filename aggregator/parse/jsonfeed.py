"""JSON Feed bytes -> the same plain entries as those of RSS and Atom."""

import html
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from aggregator.errors import BrokenError
from aggregator.parse import jsonpage
from aggregator.parse.dates import moment
from aggregator.parse.feed import Feed, FeedEntry
from aggregator.parse.text import storable

_VERSION = "https://jsonfeed.org/version/"


def parse_json_feed(
    body: bytes, content_type: str, url: str, *, zone: tzinfo = UTC, most: int = 5000
) -> Feed:
    """Read a JSON Feed of any version; `zone` is that of dates which name none.

    What is of another type than it should be is absent; an item that is no object is an empty entry.
    Raises BrokenError for other JSON or none, or for more items than `most`.
    """
    document = jsonpage.load(body, content_type, url)
    version = _text(document, "version")
    # some write the number alone, or http
    known = version.replace("http://", "https://").startswith(_VERSION) or version in (
        "1",
        "1.0",
        "1.1",
    )
    if not known:
        raise BrokenError(f"{url} answered with JSON that is no feed.", url=url)
    items = jsonpage.items(document, "items", url)
    if len(items) > most:
        raise BrokenError(f"{url} answered with a feed of {len(items)} items; given up.", url=url)
    return Feed(
        version=f"json{version.rpartition('/')[2]}",
        title=_text(document, "title"),
        link=_text(document, "home_page_url"),
        updated=None,
        entries=tuple(_entry(item, zone, _authors(document)) for item in items),
        language=_text(document, "language"),
    )


def _entry(item: Any, zone: tzinfo, makers: tuple[str, ...]) -> FeedEntry:
    written = _text(item, "content_text") or _text(item, "summary")
    link = _text(item, "url")
    outward = _text(item, "external_url")
    return FeedEntry(
        id=_identifier(item) or link or outward,
        title=_text(item, "title"),
        link=link or outward,
        authors=_authors(item) or makers,
        content=_text(item, "content_html") or html.escape(written).replace("\n", "<br>"),
        published=_date(item, "date_published", zone),
        updated=_date(item, "date_modified", zone),
        categories=tuple(tag for tag in _list(item, "tags") if isinstance(tag, str)),
        related=(outward,) if outward else (),
    )


def _identifier(item: Any) -> str:
    """An id is a text, but many write a number."""
    value = item.get("id") if isinstance(item, Mapping) else None
    return str(value) if type(value) in (int, float) else _text(item, "id")


def _authors(item: Any) -> tuple[str, ...]:
    people = _list(item, "authors")
    if not people and isinstance(item, Mapping):  # version 1 had one
        people = [item.get("author")]
    return tuple(name for person in people if (name := _text(person, "name")))


def _list(item: Any, key: str) -> list[Any]:
    value = item.get(key) if isinstance(item, Mapping) else None
    return value if isinstance(value, list) else []


def _date(item: Any, key: str, zone: tzinfo) -> datetime | None:
    return moment(_text(item, key), zone)


def _text(item: Any, key: str) -> str:
    value = item.get(key) if isinstance(item, Mapping) else None
    # JSON can escape halves of characters and NULs, which no database takes
    return storable(value).strip() if isinstance(value, str) else ""
