"""Reads the pages of the CVF open access site, in every layout since 2013 (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

from aggregator.errors import BrokenError, ChallengedError, SourceError
from aggregator.models import Draft, Parsed
from aggregator.parse.ids import arxiv_id, cvf_id, dois
from aggregator.parse.page import decode, is_wall
from aggregator.parse.text import plain
from aggregator.sources.cvf_venues import first_day

KIND = "cvf"
_REPEAT = re.compile(r"\[From Oral \w+\]")
"""ICCV 2015 lists its orals a second time among the posters, by title alone."""
_NATIVE = re.compile(r"([A-Z]+)(\d{4})/.+")
_BIBTEX_AUTHORS = re.compile(r"author\s*=\s*\{(.*?)\}\s*,\s*title", re.IGNORECASE | re.DOTALL)
_AUTHOR_FIELDS = "form.authsearch input[name=query_author], form.authsearch input[name=query]"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list page before its items are read: papers, or the days that a menu leads to.

    `whole` is whether the page is there to its end.
    """

    titles: Sequence[LexborNode]
    days: tuple[str, ...]
    whole: bool


def read_listing(body: bytes, content_type: str, url: str, base_url: str) -> Listing:
    """A page such as /CVPR2017 or /CVPR2018?day=2018-06-19.

    Raises ChallengedError for a bot wall, BrokenError if it has neither papers nor days.
    """
    text = decode(body, content_type)
    tree = LexborHTMLParser(text)
    titles = tree.css("dt.ptitle")
    days = () if titles else _days(tree, base_url)
    if not titles and not days:
        raise _unreadable(text, url, "neither papers nor days on it")
    return Listing(titles, days, text.rfind("</dl>") > text.rfind("ptitle"))


def list_drafts(listing: Listing, stream: str, base_url: str) -> Parsed:
    """A draft for each paper of the page; what cannot be read is told with its reason."""
    drafts: dict[str, Draft] = {}
    skipped: list[str] = []
    titles, repeats = listing.titles, 0
    if not listing.whole:
        titles = titles[:-1]
        skipped.append(f"{stream}: the page ends in the middle of its last paper.")
    for place, item in enumerate(titles, 1):
        draft = _item(item, base_url)
        if _REPEAT.match(item.text(strip=True)) or _native_id(draft) in drafts:
            repeats += 1
        elif isinstance(draft, str):
            skipped.append(f"{stream}: paper {place} {draft}.")
        else:
            drafts[draft.native_id] = draft
    return Parsed(tuple(drafts.values()), tuple(skipped), len(listing.titles) - repeats)


def detail_draft(body: bytes, content_type: str, url: str, native_id: str) -> Draft:
    """A paper's own page -> the draft of the same key as in the list, with its abstract.

    Raises ChallengedError for a bot wall, BrokenError if there is no paper on it, or not all of it.
    """
    text = decode(body, content_type)
    tree = LexborHTMLParser(text)
    title = plain(_inner(tree, "#papertitle"))
    if not title or not _NATIVE.fullmatch(native_id):
        raise _unreadable(text, url, "no paper on it")
    after = text.partition('id="abstract"')[2]
    if "</div" not in after if after else "</html" not in text.lower():
        raise BrokenError(f"{url} ends in the middle.", url=url)
    content = [tree.body] if tree.body else []
    names = (plain(name) for name in re.split("[,;]", _inner(tree, "#authors i")))
    return _draft(
        native_id,
        title,
        url,
        authors=tuple(name for name in names if name),
        links={word: urljoin(url, href) for word, href in _links(content).items()},
        bibtex=_bibtex(content),
        abstract=plain(_inner(tree, "#abstract")),
        fidelity=1,
    )


def absolute(href: str, base_url: str) -> str:
    """A link as the lists write it (until 2020 relative, then from the root, or whole) -> whole."""
    href = href.strip()
    if not href or "://" in href[:12]:
        return href
    # not urljoin: links from the root would drop the path of a base address that has one
    return f"{base_url}/{href.removeprefix('./').lstrip('/')}"


def _item(title: LexborNode, base_url: str) -> Draft | str:
    """One paper of a list, or the reason why it cannot be read."""
    parts = _following(title)
    links = {word: absolute(href, base_url) for word, href in _links(parts).items()}
    link = title.css_first("a[href]")
    url = absolute(_attribute(link, "href"), base_url) if link else links.get("pdf", "")
    text = plain(title.text())
    native_id = cvf_id(url) or cvf_id(links.get("pdf", ""))
    if not text:
        return "has no title"
    if native_id is None:
        return f"has no address by which to know it: {text[:80]}"
    names = (plain(_attribute(f, "value")) for part in parts for f in part.css(_AUTHOR_FIELDS))
    return _draft(
        native_id,
        text,
        url,
        authors=tuple(name for name in names if name),
        links=links,
        bibtex=_bibtex(parts),
    )


def _native_id(draft: Draft | str) -> str:
    return "" if isinstance(draft, str) else draft.native_id


def _draft(
    native_id: str,
    title: str,
    url: str,
    *,
    authors: tuple[str, ...],
    links: dict[str, str],
    bibtex: str,
    abstract: str = "",
    fidelity: int = 0,
) -> Draft:
    venue, year = native_id.partition("/")[0][:-4], int(native_id.partition("/")[0][-4:])
    identifiers = {KIND: native_id}
    if found := arxiv_id(links.get("arxiv", "")):
        identifiers["arxiv"] = found[0]
    if printed := dois(bibtex):
        identifiers["doi"] = printed[0]
    extra: dict[str, Any] = {"venue": f"{venue} {year}"}
    extra |= {word: links[word] for word in ("pdf", "supp") if word in links}
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=title,
        url=url,
        published=first_day(venue, year),
        abstract=abstract,
        authors=authors or _bibtex_authors(bibtex),
        year=year,
        identifiers=identifiers,
        fidelity=fidelity,
        extra=extra,
    )


def _days(tree: LexborHTMLParser, base_url: str) -> tuple[str, ...]:
    """Where a menu of days leads: to the page of all papers alone, if there is one."""
    links = (_attribute(link, "href") for link in tree.css("a[href]"))
    days = tuple(dict.fromkeys(absolute(href, base_url) for href in links if "day=" in href))
    return tuple(day for day in days if day.endswith("day=all"))[:1] or days


def _following(title: LexborNode) -> list[LexborNode]:
    """The <dd> of a paper: all up to the next title, since their number varies."""
    parts: list[LexborNode] = []
    node = title.next
    while node is not None and node.tag != "dt":
        if node.tag == "dd":
            parts.append(node)
        node = node.next
    return parts


def _links(parts: list[LexborNode]) -> dict[str, str]:
    """The bracketed links by their words in lower case: pdf, supp, arxiv, bibtex."""
    found: dict[str, str] = {}
    for part in parts:
        for link in part.css("a[href]"):
            href = _attribute(link, "href")
            if href and not href.startswith("#"):
                found.setdefault(link.text().strip().lower(), href)
    return found


def _bibtex(parts: list[LexborNode]) -> str:
    return " ".join(node.text() for part in parts for node in part.css("div.bibref"))


def _bibtex_authors(bibtex: str) -> tuple[str, ...]:
    """ "Last, First and Last, First" -> names; for papers whose author forms are absent."""
    match = _BIBTEX_AUTHORS.search(bibtex)
    people = match[1].split(" and ") if match else []
    turned = (" ".join(reversed([part.strip() for part in who.split(",")])) for who in people)
    return tuple(name for who in turned if (name := plain(who)))


def _inner(tree: LexborHTMLParser, selector: str) -> str:
    node = tree.css_first(selector)
    return node.text() if node else ""


def _attribute(node: LexborNode | None, name: str) -> str:
    return ((node.attributes.get(name) if node else "") or "").strip()


def _unreadable(text: str, url: str, what: str) -> SourceError:
    if is_wall(text):
        return ChallengedError(f"{url} shows a bot wall instead of the proceedings.", url=url)
    return BrokenError(f"{url} is not a page of proceedings: {what}.", url=url)
