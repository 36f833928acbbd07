"""Reads feeds of every form into drafts of posts, and finds the feed that a web page names (pure)."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from selectolax.lexbor import LexborHTMLParser

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse import addresses
from aggregator.parse.feed import Feed, parse_feed
from aggregator.parse.jsonfeed import parse_json_feed
from aggregator.parse.jsonpage import web
from aggregator.parse.page import decode, is_html, is_wall
from aggregator.parse.plainfeed import read_plain
from aggregator.parse.text import is_damaged
from aggregator.sources.base import Raw
from aggregator.sources.feed_items import Manner, draft_of, marker, native_ids, published

MOST_BYTES = 6 * 2**20
"""Feeds of 600 long items have 4 MB; hostile ones keep the parser busy for 9 seconds per MB."""
MOST_ITEMS = 5000
_FEED_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml",
               "application/feed+json", "application/json")  # fmt: skip
_OTHER_FEEDS = re.compile(r"comments|oembed|wp-json", re.IGNORECASE)
_HIDDEN = re.compile(rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)", re.DOTALL)
_ITEM = re.compile(rb"<(?:item|entry)(?=[\s>/])")
_END = re.compile(rb"</\s*(?:\w+:)?(?:rss|feed|channel)\s*>", re.IGNORECASE)
_END_RDF = re.compile(rb"</\s*(?:\w+:)?rdf\s*>", re.IGNORECASE)  # its channel ends before the items


@dataclass(frozen=True, slots=True)
class Reading:
    """A feed: `parsed` are the items that are wanted, `dates` those of all its items that have one,
    `items` how many it shows, `whole` whether it is there to its end, `sound` whether its titles are
    text, `marks` by which the items are known again."""

    parsed: Parsed
    dates: tuple[datetime, ...]
    items: int
    whole: bool
    sound: bool
    marks: frozenset[str] = frozenset()


def read(raw: Raw, manner: Manner, known: Collection[str] = frozenset()) -> Reading:
    """RSS, RDF, Atom or JSON Feed -> drafts; items whose marks are `known` are counted only.

    Raises ChallengedError for a bot wall, BrokenError for what is no feed or too large for one.
    """
    feed, declared, whole = _open(raw, manner)
    entries = feed.entries if whole else feed.entries[:-1]
    skipped: list[str] = []
    if len(entries) < len(feed.entries):
        skipped.append(f"{raw.stream}: the feed ends in the middle of its last item.")
    drafts: dict[str, Draft] = {}
    marks: dict[str, str] = {}  # by the id of their item
    dates: list[datetime] = []
    repeats = 0
    mark_of = marker(replace(feed, updated=None, entries=()), raw, manner)
    for place, (entry, name) in enumerate(
        zip(entries, native_ids(entries, raw.url, manner), strict=True), 1
    ):
        mark = mark_of(entry, name)
        draft = None if mark in known else draft_of(entry, name, feed, raw, manner)
        if isinstance(draft, str):
            skipped.append(f"{raw.stream}: item {place}: {draft}.")
            continue
        if name in marks:
            repeats += 1
            continue
        marks[name] = mark
        at, dated = published(entry, raw.fetched_at)
        dates += [at] if dated else []
        if draft is not None:
            drafts[name] = draft
    wanted = [d for d in drafts.values() if not manner.papers_only or d.about or d.mentions]
    declared -= repeats + len(drafts) - len(wanted)
    return Reading(
        Parsed(tuple(wanted), tuple(skipped), max(0, declared), known=len(marks) - len(drafts)),
        tuple(dates),
        len(feed.entries),
        whole,
        not any(is_damaged(draft.title) for draft in drafts.values()),
        frozenset(marks.values()),
    )


def discover(body: bytes, content_type: str, url: str) -> str:
    """The address of the first feed that a web page names, not one of comments; "" if none."""
    tree = LexborHTMLParser(decode(body, content_type))
    base = tree.css_first("base[href]")
    root = web(base.attributes.get("href"), url) if base else ""
    for link in tree.css("link[rel~=alternate]"):
        said = {name: value or "" for name, value in link.attributes.items()}
        kind = said.get("type", "").partition(";")[0].strip().lower()
        href = said.get("href", "")
        if kind in _FEED_TYPES and not _OTHER_FEEDS.search(said.get("title", "") + href):
            address = web(href, root or url)
            if address:
                return address
    return ""


def no_feed(body: bytes, content_type: str, url: str) -> BrokenError | ChallengedError:
    """What to raise for a web page that came instead of a feed and names none."""
    host = addresses.host(url)
    if is_wall(decode(body, content_type)):
        return ChallengedError(
            f"{host} shows a page that only people get past (a bot wall) instead of its feed.",
            url=url,
        )
    return BrokenError(f"{host} answered with a web page that names no feed.", url=url)


def _open(raw: Raw, manner: Manner) -> tuple[Feed, int, bool]:
    """(the feed, how many items its bytes show, whether it is there to its end)."""
    body = raw.body if 0 in raw.body[:4] else raw.body.strip()
    host = addresses.host(raw.url)
    if len(body) > MOST_BYTES:
        raise BrokenError(
            f"{host} sent a feed of more than {MOST_BYTES >> 20} MB; given up.", url=raw.url
        )
    if is_html(body):
        raise no_feed(body, raw.content_type, raw.url)
    if body.removeprefix(b"\xef\xbb\xbf")[:1] in (b"{", b"["):
        shown = addresses.shown(raw.url)
        feed = parse_json_feed(body, raw.content_type, shown, zone=manner.zone, most=MOST_ITEMS)
        return feed, len(feed.entries), True
    # UTF-16 and UTF-32 write ASCII with NULs between
    seen = _HIDDEN.sub(b"", body.replace(b"\0", b""))
    declared = len(_ITEM.findall(seen))
    if declared > MOST_ITEMS:
        raise BrokenError(f"{host} sent a feed of {declared} items; given up.", url=raw.url)
    try:
        feed = read_plain(body, manner.zone) or parse_feed(
            body, raw.content_type, zone=manner.zone, sanitized=False
        )
    except BrokenError as error:
        said = f"{host} answered with what is no feed (neither RSS, Atom, RDF nor JSON Feed)."
        raise BrokenError(said, url=raw.url) from error
    end = _END_RDF if feed.version in ("rss090", "rss10") else _END
    return feed, declared, bool(end.search(seen)) or not feed.entries
