"""One item of a feed -> the draft of a post: its stable id, date, text and the papers it names (pure)."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from aggregator.models import Draft
from aggregator.parse.addresses import harmless
from aggregator.parse.feed import Feed, FeedEntry
from aggregator.parse.jsonpage import web
from aggregator.parse.links import find_identifiers, resolve
from aggregator.parse.text import clean_html, plain, shortened, storable
from aggregator.sources.base import Raw

MOST_TEXT = 4000
"""Characters kept of an item's text: enough to tag and to read what it is about."""
MOST_MARKUP = 50_000
"""Characters of an item that are made text: what nests deeply costs the square of its length."""
MOST_TITLE = 300
MOST_MENTIONS = 100
MOST_TAGS = 20
MOST_PEOPLE = 100
_READER = 4
"""Goes up with every change of what is made of an item: those that are known are read again."""
SHORT = 500
"""Characters up to which a text is a note, as on Weibo: one that names one paper is about it."""
_LONGEST_ID = 200
_LONGEST_LINK = 2000

_TAG = re.compile(r"<[^<>]*>")
_FULL_NAME = re.compile(r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){1,4}")
_TURNED_NAMES = re.compile(r"(?:^|(?<=, ))[^,]+, (?:\w\.[ -]?)+(?=, |$)")  # "Doe, J. A., Roe, R."
_HAN = re.compile("[\u4e00-\u9fff]")
_KANA = re.compile("[\u3040-\u30ff]")
_LANGUAGE = re.compile(r"\s*([a-z]{2,3}(?:[-_]\w{2,8}){0,3})\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Manner:
    """How a feed is to be read.

    An item's id that is an address is unique by itself where its host is one of `hosts` (None: on
    every host); other ids count within `scope`, since many feeds number their items from 1. `zone`
    is that of dates which name none. `language` is what the items are in; None: what the feed
    declares, if `declares` and its text does not speak against it.
    """

    kind: str
    scope: str
    zone: tzinfo
    hosts: frozenset[str] | None = None
    language: str | None = None
    declares: bool = True
    papers_only: bool = False


def native_ids(entries: Sequence[FeedEntry], base: str, manner: Manner) -> list[str]:
    """The id of each item: its own, else its link, else a hash of what it says.

    What different items share is no id: some feeds give all of theirs the address of the site.
    """
    links = [web(entry.link, base) for entry in entries]
    given = [entry.id if entry.id != entry.link else "" for entry in entries]
    bearers: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for entry, own, link in zip(entries, given, links, strict=True):
        for name in {own, link}:
            bearers[name].add((link, entry.title))
    names = []
    for entry, *known in zip(entries, given, links, strict=True):
        own = next((one for one in known if one and len(bearers[one]) == 1), "")
        names.append(_native_id(own or f"#{_hash(entry.title + entry.content)}", manner))
    return names


def draft_of(entry: FeedEntry, name: str, feed: Feed, raw: Raw, manner: Manner) -> Draft | str:
    """The draft of an item, or the reason why it cannot be read."""
    text = clean_html(entry.content[:MOST_MARKUP])
    link = web(entry.link, raw.url)
    # pictures alone have neither title nor text
    title = plain(entry.title) or " ".join(text.split()) or link.partition("://")[2]
    if not title:
        return "neither title nor text nor link"
    related = [found for one in entry.related if (found := web(one, "")) and found != link]
    about, mentions = _papers(entry, link, text)
    public, dated = published(entry, raw.fetched_at)
    return Draft(
        kind=manner.kind,
        native_id=name,
        role="post",
        title=shortened(title, MOST_TITLE),
        url=_page(link, entry.id, web(feed.link, raw.url)) or harmless(raw.url),
        published=public,
        abstract=shortened(text, MOST_TEXT),
        authors=_people(entry.authors, of_paper=about is not None),
        about=about,
        mentions=mentions,
        dated=dated,
        extra=_extra(entry, feed, related, _language(title + text, feed.language, manner)),
    )


def marker(head: Feed, raw: Raw, manner: Manner) -> Callable[[FeedEntry, str], str]:
    """What gives an item of that name the mark by which it is known again: equal marks make equal
    drafts, but for the time at which an item without a date is seen. `head` is the feed without what
    changes by itself."""
    feed = f"{head!r}, {raw.url!r}, {manner!r})"  # the same for all its items

    def mark_of(entry: FeedEntry, name: str) -> str:
        said = f"({_READER}, {name!r}, {entry!r}, {feed}"
        return hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=6).hexdigest()

    return mark_of


def _page(*links: str) -> str:
    return next((one for one in links if web(one, "") and len(one) <= _LONGEST_LINK), "")


def _native_id(given: str, manner: Manner) -> str:
    name = storable(given)
    own = web(name, "") and (manner.hosts is None or urlsplit(name).netloc in manner.hosts)
    name = name if own else f"{manner.scope}/{name}"
    return name if len(name) <= _LONGEST_ID else f"{manner.scope}/#{_hash(given)}"


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def published(entry: FeedEntry, fetched_at: datetime) -> tuple[datetime, bool]:
    """(when it was public, whether the item says so): what is dated later than now was seen now."""
    said = entry.published or entry.updated
    return (said, True) if said and said <= fetched_at else (fetched_at, False)


def _papers(entry: FeedEntry, link: str, text: str) -> tuple[str | None, tuple[str, ...]]:
    """(the paper it is about, other papers it names): its link or id leads to that paper, or its
    title or short text names no other."""
    named = find_identifiers(f"{entry.title} {entry.content}")
    about = next(filter(None, map(resolve, dict.fromkeys((link, entry.id, *entry.related)))), None)
    if about is None and named:
        titled = find_identifiers(entry.title)
        short = len(text) <= SHORT and len(entry.content) <= MOST_MARKUP
        only = titled if len(titled) == 1 else named if short else ()
        about = only[0] if len(only) == 1 else None
    return about, tuple(name for name in named if name != about)[:MOST_MENTIONS]


def _people(authors: Iterable[str], *, of_paper: bool) -> tuple[str, ...]:
    names = (one for said in authors for one in _names(plain(_TAG.sub("", said)), of_paper))
    # an address is nobody's name, and nothing to show
    found = (shortened(name, MOST_TITLE) for name in names if name and "@" not in name)
    return tuple(dict.fromkeys(found))[:MOST_PEOPLE]


def _names(said: str, of_paper: bool) -> list[str]:
    """The names in a text that may join several. "Jane Doe, Utrecht" is one: two parts are two people
    only where the item is about a paper, and only there may some be of one word."""
    turned = _TURNED_NAMES.findall(said)
    if len(turned) > 1 and sum(map(len, turned)) + 2 * (len(turned) - 1) == len(said):
        return turned
    parts = said.split(", ")
    full = sum(_FULL_NAME.fullmatch(part) is not None for part in parts)
    joined = full * 2 > len(parts) if of_paper else len(parts) > 2 and full == len(parts)
    return [part for part in parts if any(map(str.isalpha, part))] if joined else [said]


def _extra(entry: FeedEntry, feed: Feed, related: Sequence[str], language: str) -> dict[str, Any]:
    count = entry.comments
    tags = dict.fromkeys(shortened(tag, 100) for one in entry.categories if (tag := plain(one)))
    extra = {
        "feed": shortened(plain(feed.title), MOST_TITLE),
        "language": language,
        "link": _page(*related),
        "tags": list(tags)[:MOST_TAGS],
        "num_comments": int(count) if count.isdecimal() and len(count) < 9 else "",
    }
    return {key: value for key, value in extra.items() if value not in ("", [])}


def _language(text: str, declared: str, manner: Manner) -> str:
    if manner.language is not None:
        return manner.language
    if _HAN.search(text) and not _KANA.search(text):
        return "zh"
    match = _LANGUAGE.fullmatch(declared) if manner.declares else None
    return match[1].lower().replace("_", "-") if match else ""
