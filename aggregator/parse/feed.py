"""RSS, Atom and RDF bytes -> plain entries."""

import contextlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any

import feedparser
from charset_normalizer import from_bytes

from aggregator.errors import BrokenError, ChallengedError
from aggregator.parse.dates import moment
from aggregator.parse.page import is_html

_REFERENCE = re.compile(rb"&#(x[0-9a-f]{1,16}|[0-9]{1,16});?", re.IGNORECASE)
_DECLARED = re.compile(
    rb"""(?:\xef\xbb\xbf)?\s*<\?xml[^>]*?encoding\s*=\s*["']([\w-]{2,30})""", re.ASCII
)
_SAMPLE = 50_000
"""Bytes by which an encoding that nobody names is guessed: a few hundred do, beyond ASCII."""
_BEYOND_LATIN = "\u0250"
_CHARSET = re.compile(r"""charset\s*=\s*["']?([\w-]{2,30})""", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One item; texts as the feed has them.

    `authors` are the names given, one string each: some feeds join several people in one.
    `related` are what the item says it is about beside its link: the page that a link blog points
    to, a DOI. A date that cannot be believed is None.
    """

    id: str
    title: str
    link: str
    authors: tuple[str, ...] = ()
    content: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    categories: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    comments: str = ""  # their number, as the feed writes it


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: `version` is feedparser's name of the format ("atom10", "rss20" …), never empty."""

    version: str
    title: str
    link: str
    updated: datetime | None
    entries: tuple[FeedEntry, ...]
    language: str = ""


def parse_feed(
    body: bytes, content_type: str | None, *, zone: tzinfo = UTC, sanitized: bool = True
) -> Feed:
    """Read a feed of any flavour; a feed that is not well-formed gives what can be read of it.

    `zone` is that of dates which name none. Without `sanitized` scripts stay in `content`: it is
    three times as fast, for those who make plain text of it anyway.
    Raises ChallengedError if an HTML page came instead, BrokenError if it is no feed at all.
    """
    body = _REFERENCE.sub(_character, _mended(body, content_type or ""))
    try:
        # never pass the bytes themselves: feedparser opens a file of that name
        read = feedparser.parse(
            io.BytesIO(body if 0 in body[:4] else body.lstrip()),
            response_headers={"content-type": _kind(body, content_type or "")},
            sanitize_html=sanitized,
            resolve_relative_uris=sanitized,
        )
    except (ValueError, LookupError, OverflowError) as error:  # a label or a number that is none
        raise BrokenError("The answer is no feed that can be read.") from error
    version = dict.get(read, "version")  # absent where the body is empty
    if not version:
        if is_html(body):
            raise ChallengedError("An HTML page came instead of a feed.")
        raise BrokenError("The answer is no feed (neither RSS, Atom nor RDF).")
    head = read.feed
    # In Atom, an entry without an author has that of the feed (RFC 4287, 4.2.1).
    makers = _people(head) if str(version).startswith("atom") else ()
    return Feed(
        version=str(version),
        title=_text(head, "title"),
        link=_text(head, "link"),
        updated=_date(head, "updated", zone) or _date(head, "published", zone),
        entries=tuple(_entry(item, zone, makers) for item in read.entries),
        language=_text(head, "language"),
    )


def _character(reference: re.Match[bytes]) -> bytes:
    """The reference, if it names a character; feedparser gives up a whole feed for one that does not."""
    digits = reference[1].lower()
    number = int(digits[1:], 16) if digits[:1] == b"x" else int(digits)
    names = 0 < number < 0xD800 or 0xDFFF < number <= 0x10FFFF
    return reference[0] if names else b"&#xFFFD;"


def _mended(body: bytes, content_type: str) -> bytes:
    """The body, without the bytes that are not UTF-8 where the rest is and says so.

    One broken byte, or a character cut in two, would have feedparser read the whole feed in another
    encoding. What is wrong becomes U+FFFD. Where more is wrong than right beyond ASCII the label is
    taken for wrong, as it is so often.
    """
    if body.isascii() or 0 in body[:4] or _label(body, content_type) not in ("", "utf8"):
        return body
    text = body.decode("utf-8", "replace")
    wrong = text.count("\ufffd")
    beyond = sum(not part.isascii() for part in text) if wrong else 0
    return text.encode() if 0 < wrong < beyond - wrong else body


def _label(body: bytes, content_type: str) -> str:
    """The encoding that the document, else its server, names: small letters, no hyphens."""
    declared = _DECLARED.match(body[:200])
    named = _CHARSET.search(content_type)
    label = declared[1].decode() if declared else named[1] if named else ""
    return label.lower().replace("-", "")


def _kind(body: bytes, content_type: str) -> str:
    """The content type by which feedparser finds the encoding: it takes text/xml for ASCII.

    A text that is valid UTF-8 by chance does not occur, and labels are often wrong.
    """
    if body[:4] in (b"<\0r\0", b"<\0f\0"):
        return "application/xml; charset=utf-16le"
    if body[:4] in (b"\0<\0r", b"\0<\0f"):
        return "application/xml; charset=utf-16be"
    if not body.isascii():
        with contextlib.suppress(UnicodeDecodeError):
            body.decode()
            return "application/xml; charset=utf-8"
    if not body.isascii() and _label(body, content_type) in ("", "utf8"):
        label = _guessed(body)
    else:
        declared = _CHARSET.search(content_type)
        label = declared[1] if declared else ""
    return f"application/xml; charset={label}" if label else "application/xml"


def _guessed(body: bytes) -> str:
    """The encoding of a text that is not UTF-8 and names no other; windows-1252 if nothing speaks
    for another, "" if it names itself otherwise."""
    if 0 in body[:16]:
        return ""  # UTF-16 or UTF-32, as its first bytes tell
    end = body.rfind(b">", 0, _SAMPLE) + 1
    found = from_bytes(body[:end]).best() if end else None
    letters = [letter for letter in str(found or "") if letter > "\x7f" and letter.isalpha()]
    # Latin scripts look alike in several encodings: the common one is likelier than any found.
    latin = sum(letter < _BEYOND_LATIN for letter in letters)
    return found.encoding if found and latin * 2 < len(letters) else "windows-1252"


def _entry(item: Any, zone: tzinfo, makers: tuple[str, ...]) -> FeedEntry:
    contents = [part.get("value", "") for part in dict.get(item, "content") or ()]
    link = _text(item, "link")
    # Atom's id counts as a guid, too, but its link is one, however short.
    if dict.get(item, "guidislink") and "://" not in link and link == _text(item, "id"):
        link = ""  # a bare number as guid, which RSS takes for an address if nobody says otherwise
    return FeedEntry(
        id=_text(item, "id") or link,
        title=_text(item, "title"),
        link=link,
        authors=_people(item) or makers,
        content=next((text for text in contents if text), "") or _text(item, "summary"),
        published=_date(item, "published", zone),
        updated=_date(item, "updated", zone),
        categories=tuple(
            term for tag in dict.get(item, "tags") or () if (term := _text(tag, "term"))
        ),
        related=tuple(_related(item)),
        comments=_text(item, "slash_comments"),
    )


def _people(item: Any) -> tuple[str, ...]:
    people = [_text(person, "name") for person in dict.get(item, "authors") or ()]
    author = _text(item, "author")
    if "@" in author and len(author.split()) == 1:
        people = []  # feedparser takes the end of a long address for a name
    return tuple(name for name in people or [author] if name)


def _related(item: Any) -> Iterator[str]:
    for key in ("feedburner_origlink", "prism_doi", "dc_identifier", "prism_url"):
        if found := _text(item, key):
            yield found
    for link in dict.get(item, "links") or ():
        if _text(link, "rel") in ("related", "via") and (found := _text(link, "href")):
            yield found


def _text(item: Any, key: str) -> str:
    # dict.get: feedparser's own falls back from one key to another, and warns
    value = dict.get(item, key)
    return value.strip() if isinstance(value, str) else ""


def _date(item: Any, key: str, zone: tzinfo) -> datetime | None:
    return moment(_text(item, key), zone)
