"""Reads the pages of the European Computer Vision Association, in both their markups (pure)."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse.links import resolve
from aggregator.parse.page import is_wall
from aggregator.parse.text import plain, split_authors
from aggregator.sources.base import Raw
from aggregator.sources.proceedings import public_since, text_of, web_address

KIND = "ecva"
# First days, workshops included, as the conferences announced them; from memory, so perhaps a day
# off. A year that is not here counts from the middle of September.
FIRST_DAYS = "2018-09-08 2020-08-23 2022-10-23 2024-09-29 2026-09-08"
ALSO_AT_CVF = 2018
"""The one year that both sites have, with the same names of files."""
_PAPER = re.compile(
    r"papers/eccv_(\d{4})/papers_ECCV/html/"
    r"([^/?#\s<>\"\\\x00-\x1f\x7f]{1,200}?)_ECCV_\d{4}_paper\.(?:php|html)$",
    re.ASCII,
)
_NATIVE = re.compile(r"ECCV(\d{4})/.+")
_YEAR = re.compile(r"\bECCV\s+(\d{4})\b")
_BIBTEX_AUTHORS = re.compile(r"author\s*=\s*\{(.*?)\}\s*,\s*title", re.IGNORECASE | re.DOTALL)
_CHAPTER = re.compile(r"doi:10\.1007/[\d-]+_\d+")
"""The DOI of a paper; that of the book would make one paper of all that are in it."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The page of all years before its items are read.

    `headed` are the years that have a heading, `years` those that have papers, `whole` is whether
    the page is there to its end.
    """

    titles: Sequence[LexborNode]
    headed: frozenset[int]
    years: frozenset[int]
    whole: bool


def first_day(year: int) -> datetime:
    """The first day of ECCV in a year: aware UTC midnight."""
    known = (day for day in FIRST_DAYS.split() if day.startswith(str(year)))
    return datetime.fromisoformat(next(known, f"{year}-09-15")).replace(tzinfo=UTC)


def paper_id(url: str) -> str | None:
    """The id of a paper from the address of its page: "ECCV2020/2201"; else None."""
    match = _PAPER.search(url)
    return f"ECCV{match[1]}/{match[2]}" if match else None


def read_listing(body: bytes, content_type: str, url: str) -> Listing:
    """The page papers.php.

    Raises ChallengedError for a bot wall, BrokenError if it is no such page.
    """
    text = text_of(body, content_type)
    tree = LexborHTMLParser(text)
    titles = tree.css("dt.ptitle")
    headings = (_YEAR.search(node.text()) for node in tree.css("button.accordion"))
    if not titles:
        raise _unreadable(text, url, "no papers on it")
    return Listing(
        titles,
        frozenset(int(match[1]) for match in headings if match),
        frozenset(int(match[1]) for title in titles if (match := _PAPER.search(_link(title)))),
        text.rfind("</dl>") > text.rfind("ptitle"),
    )


def list_drafts(listing: Listing, raw: Raw, years: Collection[int], base_url: str) -> Parsed:
    """A draft for each paper of these years; what cannot be read is told with its reason."""
    drafts: dict[str, Draft] = {}
    skipped: list[str] = []
    titles, others = listing.titles, 0
    if not listing.whole:
        titles = titles[:-1]
        skipped.append(f"{raw.stream}: the page ends in the middle of its last paper.")
    for place, title in enumerate(titles, 1):
        match = _PAPER.search(_link(title))
        if match and int(match[1]) not in years:
            others += 1
            continue
        draft = _item(title, match, raw, base_url)
        if isinstance(draft, str):
            skipped.append(f"{raw.stream}: paper {place} {draft}.")
        elif draft.native_id in drafts:
            others += 1
        else:
            drafts[draft.native_id] = draft
    return Parsed(_own_dois(drafts), tuple(skipped), len(listing.titles) - others)


def detail_draft(raw: Raw, native_id: str) -> Draft:
    """A paper's own page -> the draft of the same key as in the list, with its abstract.

    Raises ChallengedError for a bot wall, BrokenError if there is no paper on it, or not all of it.
    """
    text = text_of(raw.body, raw.content_type)
    tree = LexborHTMLParser(text)
    title, match = plain(_inner(tree, "#papertitle")), _NATIVE.fullmatch(native_id)
    if not title or match is None:
        raise _unreadable(text, raw.url, "no paper on it")
    after = text.partition('id="abstract"')[2]
    if "</div" not in after if after else "</html" not in text.lower():
        raise BrokenError(f"{raw.url} ends in the middle.", url=raw.url)
    abstract = plain(_inner(tree, "#abstract"))
    if len(abstract) > 1 and abstract[0] == abstract[-1] == '"':
        abstract = abstract[1:-1].strip()
    return _draft(
        native_id,
        int(match[1]),
        title,
        raw,
        url=raw.url,
        authors=split_authors(_inner(tree, "#authors i")),
        abstract=abstract,
        fidelity=1,
    )


def _item(title: LexborNode, match: re.Match[str] | None, raw: Raw, base_url: str) -> Draft | str:
    """One paper of the list, or the reason why it cannot be read."""
    text = plain(title.text())
    if not text:
        return "has no title"
    if match is None:
        return f"has no address by which to know it: {text[:80]}"
    parts = _following(title)
    url = f"{base_url}/{match[0]}"
    draft = _draft(
        f"ECCV{match[1]}/{match[2]}",
        int(match[1]),
        text,
        raw,
        url=url,
        authors=_authors(parts),
    )
    extra, identifiers = dict(draft.extra), dict(draft.identifiers)
    for link in (link for part in parts for link in part.css("a[href]")):
        word, href = link.text(strip=True).casefold(), link.attributes.get("href") or ""
        whole = web_address(href, f"{base_url}/")
        if word == "pdf" and whole:
            extra.setdefault("pdf", whole)
        elif word.startswith("supp") and whole:
            extra.setdefault("supp", whole)
        elif word == "doi" and _CHAPTER.fullmatch(found := resolve(href) or ""):
            identifiers.setdefault("doi", found.removeprefix("doi:"))
    return replace(draft, extra=extra, identifiers=identifiers)


def _draft(
    native_id: str,
    year: int,
    title: str,
    raw: Raw,
    *,
    url: str,
    authors: tuple[str, ...],
    abstract: str = "",
    fidelity: int = 0,
) -> Draft:
    identifiers = {KIND: native_id}
    if year == ALSO_AT_CVF:
        identifiers["cvf"] = native_id
    extra: dict[str, Any] = {"venue": f"ECCV {year}"}
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=title,
        url=url,
        published=public_since(first_day(year), raw, f"absent:{year}"),
        abstract=abstract,
        authors=authors,
        year=year,
        identifiers=identifiers,
        fidelity=fidelity,
        extra=extra,
    )


def _own_dois(drafts: dict[str, Draft]) -> tuple[Draft, ...]:
    """Without DOIs that several papers show: one of them is wrong, and would hide the other."""
    shown = Counter(draft.identifiers.get("doi") for draft in drafts.values())
    return tuple(
        replace(draft, identifiers={k: v for k, v in draft.identifiers.items() if k != "doi"})
        if shown[draft.identifiers.get("doi")] > 1
        else draft
        for draft in drafts.values()
    )


def _authors(parts: list[LexborNode]) -> tuple[str, ...]:
    """Names: until 2018 "Last, First and Last, First", as the BibTeX beside it; then in plain order."""
    bibtex = " ".join(node.text() for part in parts for node in part.css("div.bibref"))
    if match := _BIBTEX_AUTHORS.search(bibtex):
        turned = (" ".join(reversed(who.split(",", 1))) for who in match[1].split(" and "))
        return tuple(name for who in turned if (name := plain(who)))
    return split_authors(parts[0].text()) if parts else ()


def _following(title: LexborNode) -> list[LexborNode]:
    """The <dd> of a paper: all up to the next title, since their number varies."""
    parts: list[LexborNode] = []
    node = title.next
    while node is not None and node.tag != "dt":
        parts += [node] if node.tag == "dd" else []
        node = node.next
    return parts


def _link(title: LexborNode) -> str:
    link = title.css_first("a[href]")
    return ((link.attributes.get("href") if link else "") or "").strip()


def _inner(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    return node.text() if node else ""


def _unreadable(text: str, url: str, what: str) -> BrokenError | ChallengedError:
    if is_wall(text):
        return ChallengedError(f"{url} shows a bot wall instead of the proceedings.", url=url)
    return BrokenError(f"{url} is not a page of proceedings: {what}.", url=url)
