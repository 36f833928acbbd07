"""Reads the pages of the NeurIPS proceedings site, in its layouts since 2020 (pure)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse.ids import doi, neurips_id
from aggregator.parse.page import is_wall
from aggregator.parse.text import plain, split_authors, title_key
from aggregator.sources.base import Raw
from aggregator.sources.proceedings import public_since, text_of, web_address

KIND = "neurips"
# First days, tutorials and workshops included, as the conferences announced them; from memory, so
# perhaps a day off. A year that is not here counts from the first of December.
FIRST_DAYS = (
    "2013-12-05 2014-12-08 2015-12-07 2016-12-05 2017-12-04 2018-12-02 2019-12-08 2020-12-06 "
    "2021-12-06 2022-11-28 2023-12-10 2024-12-10 2025-12-02"
)
LAST_NAMED = 2019
"""The last year whose papers had their title in their address, /paper/7181-attention-is-all-you-need:
posts of those years link to these, and the site still leads them on."""
_PAPER = re.compile(
    r"(/paper(?:_files/paper)?/(\d{4})/)hash/([0-9a-f]{32})-Abstract(?:-(\w{1,60}))?\.html",
    re.ASCII,
)
_VOLUME = re.compile(r"(/paper(?:_files/paper)?/(\d{4})/vol[\w-]{1,80})/?", re.ASCII)
_COUNT = re.compile(r"([\d,]{1,9})\s+papers?\b")
_NATIVE = re.compile(r"(\d{4})/[0-9a-f]{32}(?:-\w{1,60})?", re.ASCII)
_HEADINGS = "h2,h3,h4"
_NO_ABSTRACT = re.compile(r"abstract (?:unavailable|missing)\.?", re.IGNORECASE)
# What taking the text out of old PDFs left: 173 is a hyphen at the end of a line, others are lost.
_HYPHEN, _GLYPH = re.compile(r"\(cid:173\)\s*"), re.compile(r"\(cid:\d{1,5}\)")


@dataclass(frozen=True, slots=True)
class Listing:
    """A year's page, or a volume's, before its items are read.

    `volumes` are the paths of further pages of that year, `stated` how many papers the page says it
    has, `whole` whether it is there to its end.
    """

    titles: Sequence[LexborNode]
    volumes: tuple[str, ...]
    stated: int | None
    whole: bool


def first_day(year: int) -> datetime:
    """The first day of the conference: aware UTC midnight."""
    known = (day for day in FIRST_DAYS.split() if day.startswith(str(year)))
    return datetime.fromisoformat(next(known, f"{year}-12-01")).replace(tzinfo=UTC)


def read_listing(body: bytes, content_type: str, url: str, year: int) -> Listing:
    """A page such as /paper_files/paper/2017, with papers, links to volumes, or both.

    Raises ChallengedError for a bot wall, BrokenError if it is no such page.
    """
    text = text_of(body, content_type)
    tree = LexborHTMLParser(text)
    links = tree.css("a[href]")
    titles = [link for link in links if link.attributes.get("title") == "paper title"]
    titles = titles or [link for link in links if _PAPER.search(_href(link))]
    paths = (_VOLUME.fullmatch(_href(link)) for link in links)
    volumes = dict.fromkeys(match[1] for match in paths if match and int(match[2]) == year)
    if not titles and not volumes and not tree.css_first(".paper-list"):
        raise _unreadable(text, url, "no papers on it")
    count = tree.css_first(".paper-count")
    stated = _COUNT.search(count.text()) if count else None
    return Listing(
        titles,
        tuple(volumes),
        int(stated[1].replace(",", "") or 0) if stated else None,
        text.rfind("</ul>") > text.rfind("-Abstract"),
    )


def list_drafts(listing: Listing, raw: Raw, year: int, base_url: str) -> Parsed:
    """A draft for each paper of the page; what cannot be read is told with its reason."""
    drafts: dict[str, Draft] = {}
    skipped: list[str] = []
    titles, repeats = listing.titles, 0
    if not listing.whole:
        titles = titles[:-1]
        skipped.append(f"{raw.stream}: the page ends in the middle of its last paper.")
    for place, link in enumerate(titles, 1):
        draft = _item(link, raw, year, base_url)
        if isinstance(draft, str):
            skipped.append(f"{raw.stream}: paper {place} {draft}.")
        elif draft.native_id in drafts:
            repeats += 1
        else:
            drafts[draft.native_id] = draft
    declared = max(len(listing.titles) - repeats, listing.stated or 0)
    return Parsed(tuple(drafts.values()), tuple(skipped), declared)


def detail_draft(raw: Raw, native_id: str) -> Draft:
    """A paper's own page -> the draft of the same key as in the list, with its abstract.

    Raises ChallengedError for a bot wall, BrokenError if there is no paper on it, or not all of it.
    """
    text = text_of(raw.body, raw.content_type)
    tree = LexborHTMLParser(text)
    heading = tree.css_first("h1.paper-title, h4")
    title = plain(_meta(tree, "citation_title") or (heading.text() if heading else ""))
    match = _NATIVE.fullmatch(native_id)
    if not title or match is None:
        raise _unreadable(text, raw.url, "no paper on it")
    if "</html" not in text[-5000:].lower():
        raise BrokenError(f"{raw.url} ends in the middle.", url=raw.url)
    identifiers = _names(native_id, int(match[1]), title)
    if printed := doi(_meta(tree, "citation_doi")):
        identifiers["doi"] = printed
    extra: dict[str, Any] = {"venue": _venue(int(match[1]))}
    if pdf := web_address(_meta(tree, "citation_pdf_url"), raw.url):
        extra["pdf"] = pdf
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=title,
        url=raw.url,
        published=public_since(first_day(int(match[1])), raw),
        abstract=_abstract(tree),
        authors=tuple(name for who in _metas(tree, "citation_author") if (name := _turned(who))),
        year=int(match[1]),
        identifiers=identifiers,
        fidelity=1,
        extra=extra,
    )


def _item(link: LexborNode, raw: Raw, year: int, base_url: str) -> Draft | str:
    """One paper of a list, or the reason why it cannot be read."""
    title, match = plain(link.text()), _PAPER.search(_href(link))
    if not title:
        return "has no title"
    native_id = neurips_id(_href(link))
    if match is None or native_id is None or int(match[2]) != year:
        return f"has no address of {year} by which to know it: {title[:80]}"
    item = link
    while item.parent is not None and item.tag != "li":
        item = item.parent
    people = item.css_first(".paper-authors, i") if item.tag == "li" else None
    badge = item.css_first(".paper-track-badge") if item.tag == "li" else None
    track = plain(badge.text()) if badge else (match[4] or "").replace("_", " ")
    suffix = f"-{match[4]}" if match[4] else ""
    extra: dict[str, Any] = {"venue": _venue(year)}
    extra |= {"track": track} if track else {}
    extra["pdf"] = f"{base_url}{match[1]}file/{match[3]}-Paper{suffix}.pdf"
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=title,
        url=base_url + match[0],
        published=public_since(first_day(year), raw),
        authors=_people(people.text()) if people else (),
        year=year,
        identifiers=_names(native_id, year, title),
        extra=extra,
    )


def _names(native_id: str, year: int, title: str) -> dict[str, str]:
    key = title_key(title) if year <= LAST_NAMED else ""
    return {KIND: native_id} | ({"nips": key} if key else {})


def _people(text: str) -> tuple[str, ...]:
    """Names joined by commas; where the site fails to tell them it writes "Error"."""
    return tuple(name for name in split_authors(text) if name != "Error")


def _venue(year: int) -> str:
    """One name for all years, although it was NIPS until 2017: who filters by venue wants all."""
    return f"NeurIPS {year}"


def _href(link: LexborNode) -> str:
    return (link.attributes.get("href") or "").strip()


def _metas(tree: LexborHTMLParser, name: str) -> list[str]:
    found = (meta.attributes for meta in tree.css("meta[name]"))
    return [said.get("content") or "" for said in found if said.get("name") == name]


def _meta(tree: LexborHTMLParser, name: str) -> str:
    return next(iter(_metas(tree, name)), "").strip()


def _turned(name: str) -> str:
    """ "Last, First" -> "First Last"; names without a comma stay."""
    last, comma, first = plain(name).partition(",")
    return f"{first.strip()} {last}".strip() if comma else last


def _abstract(tree: LexborHTMLParser) -> str:
    """The paragraphs after the heading, however they are nested: a <p> in a <p> ends it."""
    for heading in tree.css(_HEADINGS):
        if heading.text(strip=True).casefold() == "abstract":
            text = plain(" ".join(_paragraphs(heading)))
            text = plain(_GLYPH.sub(" ", _HYPHEN.sub("", text)))
            return "" if _NO_ABSTRACT.fullmatch(text) else text
    return ""


def _paragraphs(heading: LexborNode) -> Iterator[str]:
    node = heading.next
    while node is not None and node.tag in ("p", "-text", "-comment"):
        if node.tag == "p":
            yield node.text()
        node = node.next


def _unreadable(text: str, url: str, what: str) -> BrokenError | ChallengedError:
    if is_wall(text):
        return ChallengedError(f"{url} shows a bot wall instead of the proceedings.", url=url)
    return BrokenError(f"{url} is not a page of proceedings: {what}.", url=url)
