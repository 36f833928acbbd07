"""Reads arXiv's RSS feed: the day's announcement of one category (pure)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from aggregator import calendar
from aggregator.errors import BrokenError
from aggregator.models import Draft, Parsed
from aggregator.parse import dates, ids, text
from aggregator.sources.arxiv import months
from aggregator.sources.arxiv.records import build, parse_xml

MOST_ITEMS = 2000
"""Where arXiv cuts a feed; it is the new papers that are lost then (arXiv/arxiv-feed, database.py)."""

Part = Literal["all", "new", "rest"]
"""Which items of a feed: `new` are announced for the first time anywhere and say so; the `rest`,
cross-listed or revised, do not say since when the public knows them."""

_ARXIV = "{http://arxiv.org/schemas/atom}"
_DC = "{http://purl.org/dc/elements/1.1/}"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A feed before its items are read: `listing` is the day it declares, `new_ids` the papers it
    announces as new or cross-listed, `digest` tells two batches apart whatever their date says."""

    listing: date | None
    items: Sequence[Any]
    new_ids: frozenset[str]
    digest: str


def read(body: bytes, where: str) -> Announcement:
    """Read a feed. Raises BrokenError if it is none, or arXiv's own error feed."""
    root = parse_xml(body, where)
    channel = root.find("channel")
    if root.tag != "rss" or channel is None:
        raise BrokenError(f"{where} answered with <{root.tag}>, not an RSS feed.")
    title = channel.findtext("title") or ""
    if title.startswith("Feed error"):
        raise BrokenError(f"arXiv: {(channel.findtext('description') or title).strip()}")
    built = dates.rfc822(channel.findtext("pubDate") or channel.findtext("lastBuildDate") or "")
    items = channel.findall("item")
    guids = sorted(item.findtext("guid") or "" for item in items)
    announced = (_native(item) for item in items if _type(item) in ("new", "cross"))
    return Announcement(
        listing=built.astimezone(calendar.NEW_YORK).date() if built else None,
        items=items,
        new_ids=frozenset(native for native, _ in filter(None, announced)),
        digest=hashlib.sha256("\n".join(guids).encode()).hexdigest()[:32] if guids else "",
    )


def to_drafts(body: bytes, where: str, part: Part = "all") -> Parsed:
    """The items of a feed, or of a part of it -> drafts, published with the listing that the feed
    declares."""
    feed = read(body, where)
    if feed.listing is None:
        raise BrokenError(f"{where} does not say of which day its listing is.")
    at = calendar.announced_at(feed.listing)
    drafts, skipped = [], []
    items = [i for i in feed.items if part == "all" or (_type(i) == "new") == (part == "new")]
    for item in items:
        try:
            drafts.append(_draft(item, at))
        except ValueError as error:
            skipped.append(f"{item.findtext('guid') or 'an item without guid'}: {error}")
    return Parsed(tuple(drafts), tuple(skipped), len(items))


def _type(item: Any) -> str:
    return (item.findtext(f"{_ARXIV}announce_type") or "").strip()


def _native(item: Any) -> tuple[str, int | None] | None:
    return ids.arxiv_id(item.findtext("guid") or item.findtext("link") or "")


def _draft(item: Any, at: datetime) -> Draft:
    found = _native(item)
    if found is None:
        raise ValueError("no arXiv id in it")
    native, version = found
    title = (item.findtext("title") or "").strip()
    if not title:
        raise ValueError("no title")
    kind = _type(item)
    first = kind == "new"
    # A feed tells of a revised or cross-listed paper only that it is not new: of those of earlier months
    # the id tells that, too.
    before = None if first else months.latest(native)
    return build(
        native,
        [(version or 1, at)],
        first_public=at if first else before if before and before < at else None,
        published=at,
        # A cross-list tells neither when the paper nor when its version came out.
        dated=first or kind == "replace",
        title=title,
        abstract=_abstract(item.findtext("description") or ""),
        authors=text.split_authors(item.findtext(f"{_DC}creator") or ""),
        categories=[(c.text or "").strip() for c in item.findall("category") if c.text],
        journal_ref=item.findtext(f"{_ARXIV}journal_reference") or "",
        doi=item.findtext(f"{_ARXIV}DOI") or "",
    )


def _abstract(description: str) -> str:
    """After "arXiv:1711.03678v1 Announce Type: new \\nAbstract: "."""
    head, mark, abstract = description.partition("Abstract:")
    return abstract.strip() if mark and "Announce Type" in head else description.strip()
