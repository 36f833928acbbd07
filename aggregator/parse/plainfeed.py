"""RSS 2.0 as most sites write it -> a feed, by lxml: what feedparser makes of it, in a fifth of its time."""

import re
from collections.abc import Iterator
from datetime import UTC, tzinfo
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator.parse.dates import moment
from aggregator.parse.feed import Feed, FeedEntry

_DC = "{http://purl.org/dc/elements/1.1/}"
_ATOM = "{http://www.w3.org/2005/Atom}"
_CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
_SLASH = "{http://purl.org/rss/1.0/modules/slash/}comments"
_UPDATES = "{http://purl.org/rss/1.0/modules/syndication/}"
_ONCE = frozenset(("title", "link", "guid", "pubDate", "description", _CONTENT, _SLASH))
_IN_ITEM = _ONCE | {"author", f"{_DC}creator", "category", "comments", "enclosure"}
_ONCE_IN_HEAD = frozenset(("title", "link", "description", "language", "lastBuildDate", "pubDate"))
_IN_HEAD = _ONCE_IN_HEAD | {
    "item", "image", "generator", "copyright", "ttl", "docs", "managingEditor", "webMaster", "category",
    f"{_ATOM}link", f"{_UPDATES}updatePeriod", f"{_UPDATES}updateFrequency",
}  # fmt: skip
_IN_IMAGE = frozenset(("url", "title", "link", "width", "height", "description"))
_BARE = frozenset(("title", "link", "pubDate", "description", "author", f"{_DC}creator", _CONTENT))
_SPECIAL = (b"<!doctype", b"xml:base", b"xml:lang")
_TYPES = (b"xhtml", b"base64")
_TYPE = re.compile(rb"type\s*=\s*[\"']?(?:xhtml|base64)")
_OTHER_ENCODING = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"'](?!utf-?8[\"'])", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^\s/&;][^\s&;]*(?:&[^\s;]*)?", re.ASCII)
_WINDOWS = re.compile("[\x80-\x9f]")
_NO_NAME = re.compile(r"[@<>\n]")


class _UnlikeMost(Exception):
    """Something that feedparser knows better."""


def read_plain(body: bytes, zone: tzinfo = UTC) -> Feed | None:
    """The feed, or None if anything in it is not as most sites write it: then feedparser is to read
    it. `zone` is that of dates which name none. Never raises."""
    if not body[:200].lstrip(b"\xef\xbb\xbf\r\n\t ").startswith((b"<rss", b"<?xml")):
        return None
    if _is_special(body) or _OTHER_ENCODING.match(body[:200]):
        return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        body.decode()
        root = etree.fromstring(body, parser)
        return _feed(root, zone)
    except (etree.XMLSyntaxError, ValueError, _UnlikeMost):
        return None


def _is_special(body: bytes) -> bool:
    low = body.lower()  # much quicker to look through than with an expression that folds case
    return any(word in low for word in _SPECIAL) or (
        any(word in low for word in _TYPES) and _TYPE.search(low) is not None
    )


def _feed(root: Any, zone: tzinfo) -> Feed:
    if root.tag != "rss" or not root.get("version", "").startswith("2.") or len(root) != 1:
        raise _UnlikeMost
    head: dict[str, str] = {}
    entries = []
    for child in _children(root[0], "channel", _IN_HEAD, _ONCE_IN_HEAD):
        if child.tag == "item":
            entries.append(_entry(child, zone))
        elif child.tag in _ONCE_IN_HEAD:
            head[child.tag] = _text(child)
        elif not _is_flat(child) or _leads_on(child):
            raise _UnlikeMost
    built = moment(head.get("lastBuildDate", ""), zone) or moment(head.get("pubDate", ""), zone)
    link = head.get("link", "")
    if link and not _ADDRESS.fullmatch(link):
        raise _UnlikeMost
    return Feed(
        "rss20", head.get("title", ""), link, built, tuple(entries), head.get("language", "")
    )


def _leads_on(child: Any) -> bool:
    return bool(child.tag == f"{_ATOM}link" and child.get("rel") not in ("self", "hub"))


def _is_flat(child: Any) -> bool:
    """Is what nobody asks for without elements of its own? feedparser reads an item wherever it stands."""
    image = child.tag == "image"
    return not len(child) or (image and all(p.tag in _IN_IMAGE and not len(p) for p in child))


def _children(parent: Any, tag: str, known: frozenset[str], once: frozenset[str]) -> Iterator[Any]:
    """The children, if all are known and those of `once` there at most once."""
    if parent.tag != tag or parent.attrib:
        raise _UnlikeMost
    seen: set[str] = set()
    for child in parent:
        if child.tag not in known or child.tag in seen:
            raise _UnlikeMost
        if child.tag in once:
            seen.add(child.tag)
        yield child


def _entry(item: Any, zone: tzinfo) -> FeedEntry:
    fields: dict[str, str] = {}
    categories: list[str] = []
    author = ""
    for child in _children(item, "item", _IN_ITEM, _ONCE):
        if child.tag in _BARE and child.attrib:
            raise _UnlikeMost
        text = _text(child)
        if child.tag == "category":
            categories += [text] if text else []
        elif child.tag in ("author", f"{_DC}creator"):
            if author or not text or _NO_NAME.search(text):
                raise _UnlikeMost
            author = text
        else:
            fields[child.tag] = text
    guid, link = fields.get("guid", ""), fields.get("link", "")
    if not _ADDRESS.fullmatch(link) or (not _ADDRESS.fullmatch(guid) and _is_link(item)):
        raise _UnlikeMost
    return FeedEntry(
        id=guid or link,
        title=fields.get("title", ""),
        link=link,
        authors=(author,) if author else (),
        content=fields.get(_CONTENT) or fields.get("description", ""),
        published=moment(fields.get("pubDate", ""), zone),
        categories=tuple(categories),
        comments=fields.get(_SLASH, ""),
    )


def _is_link(item: Any) -> bool:
    """Is the guid an address, as RSS has it if nobody says otherwise?"""
    guid = item.find("guid")
    return guid is not None and guid.get("isPermaLink", "true") == "true"


def _text(element: Any) -> str:
    if len(element):
        if element.tag == "image":
            return ""
        raise _UnlikeMost
    text = (element.text or "").strip()
    if text.isascii():
        return text
    if _WINDOWS.search(text):
        raise _UnlikeMost
    try:  # UTF-8 that was taken for Latin-1 and made UTF-8 again
        return text.encode("latin-1").decode()
    except (UnicodeEncodeError, UnicodeDecodeError):
        return text
