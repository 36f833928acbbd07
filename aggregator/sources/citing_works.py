"""Citing works as Semantic Scholar and OpenAlex write them -> drafts; pure."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from aggregator.models import Draft
from aggregator.parse import jsonpage
from aggregator.parse.dates import EARLIEST, LATEST, iso8601
from aggregator.parse.ids import arxiv_id, doi
from aggregator.parse.links import resolve
from aggregator.parse.text import plain

ARXIV_DOI = "10.48550/arxiv."
"""DataCite's DOIs of arXiv papers: an arXiv id in other words."""
MOST_AUTHORS = 200
MOST_ABSTRACT = 5_000  # words; a longer inverted index is no abstract

_S2_ID = re.compile(r"[0-9a-f]{40}")
_OPENALEX_ID = re.compile(r"(?:https?://openalex\.org/)?(W\d{1,15})", re.IGNORECASE)
_ARXIV_MONTH = re.compile(r"(\d\d)(0[1-9]|1[0-2])\.\d")
_ARXIV_VENUE = re.compile(r"arxiv", re.IGNORECASE)


def openalex_id(text: str) -> str:
    """ "https://openalex.org/W2964121744" -> "W2964121744"; "" if it is none."""
    match = _OPENALEX_ID.fullmatch(text)
    return match[1].upper() if match else ""


def s2_draft(item: Any, cites: tuple[str, ...], seen: datetime, fidelity: int) -> Draft | str:
    """A paper of Semantic Scholar as an entry; "" where it is one without id or title, else the
    reason why it cannot be read."""
    if not isinstance(item, Mapping):
        return "is no paper"
    if item.get("paperId") is None or item.get("title") is None:
        return ""  # known there by a mention only
    native, title = jsonpage.mark(item, "paperId"), jsonpage.text(item, "title")
    if not _S2_ID.fullmatch(native) or not title:
        return f"has no {'title' if title == '' else 'id'}"
    outside = item.get("externalIds")
    identifiers = _identifiers(jsonpage.mark(outside, "ArXiv"), jsonpage.mark(outside, "DOI"))
    arxiv = identifiers.get("arxiv", "")
    published, dated, year = _public(item, "publicationDate", "year", arxiv, seen)
    people = item.get("authors")
    names = (jsonpage.text(one, "name") for one in people) if isinstance(people, list) else ()
    return Draft(
        kind="s2",
        native_id=native,
        role="citing",
        title=title,
        url=f"https://www.semanticscholar.org/paper/{native}",
        published=published,
        abstract=jsonpage.text(item, "abstract"),
        authors=tuple(name for name in names if name)[:MOST_AUTHORS],
        year=year,
        identifiers=identifiers,
        fidelity=fidelity,
        dated=dated,
        extra=_venue(jsonpage.text(item, "venue")),
        cites=cites,
    )


def openalex_draft(item: Any, cites: tuple[str, ...], seen: datetime) -> Draft | str:
    """A work of OpenAlex as an entry; as `s2_draft`."""
    if not isinstance(item, Mapping):
        return "is no work"
    if item.get("title") is None and item.get("display_name") is None:
        return ""
    title = jsonpage.text(item, "title") or jsonpage.text(item, "display_name")
    native = openalex_id(jsonpage.mark(item, "id"))
    if not native or not title:
        return f"has no {'title' if native else 'id'}"
    named = doi(jsonpage.mark(item, "doi")) or ""
    page = named and f"https://doi.org/{named}"
    identifiers = _identifiers(_arxiv_place(item), named)
    arxiv, day = identifiers.get("arxiv", ""), "publication_date"
    published, dated, year = _public(item, day, "publication_year", arxiv, seen)
    return Draft(
        kind="openalex",
        native_id=native,
        role="citing",
        title=title,
        url=page or f"https://openalex.org/{native}",
        published=published,
        abstract=_unfolded(item.get("abstract_inverted_index")),
        authors=tuple(_openalex_authors(item))[:MOST_AUTHORS],
        year=year,
        identifiers=identifiers,
        fidelity=1,
        dated=dated,
        extra=_openalex_venue(item),
        cites=cites,
    )


def _identifiers(arxiv: str, named: str) -> dict[str, str]:
    """What the work is called elsewhere; a DOI that stands for an arXiv id counts as that id."""
    found = {}
    bare = doi(named) if named else None
    if bare and bare.startswith(ARXIV_DOI):
        arxiv, bare = arxiv or bare.removeprefix(ARXIV_DOI), None
    if arxiv and (known := arxiv_id(arxiv)):
        found["arxiv"] = known[0]
    if bare:
        found["doi"] = bare
    return found


def _public(
    item: Mapping[str, Any], date: str, year: str, arxiv: str, seen: datetime
) -> tuple[datetime, bool, int | None]:
    """(when it could first be seen, is that known to the day, its year).

    Both services write 1 January where they know the year alone, also of arXiv papers, whose ids
    tell the month; and days to come for issues that are online already.
    """
    day, number = iso8601(jsonpage.text(item, date)), jsonpage.number(item, year)
    if number is None or not EARLIEST <= number <= LATEST:
        number = day.year if day else None
    if day and (day.month, day.day) != (1, 1):
        return min(day, seen), day <= seen, number
    if month := _ARXIV_MONTH.match(arxiv):
        first = datetime(2000 + int(month[1]), int(month[2]), 1, tzinfo=UTC)
        return min(first, seen), False, number or first.year
    if number is None:
        return seen, False, None
    return min(datetime(number, 1, 1, tzinfo=UTC), seen), False, number


def _venue(name: str) -> dict[str, Any]:
    return {"venue": name} if name and not _ARXIV_VENUE.match(name) else {}


def _openalex_venue(item: Mapping[str, Any]) -> dict[str, Any]:
    place = item.get("primary_location")
    source = place.get("source") if isinstance(place, Mapping) else None
    if jsonpage.text(source, "type") == "repository":
        return {}
    return _venue(jsonpage.text(source, "display_name"))


def _openalex_authors(item: Mapping[str, Any]) -> Iterator[str]:
    people = item.get("authorships")
    for one in people if isinstance(people, list) else ():
        person = one.get("author") if isinstance(one, Mapping) else None
        name = jsonpage.text(person, "display_name") or jsonpage.text(one, "raw_author_name")
        if name:
            yield name


def _arxiv_place(item: Mapping[str, Any]) -> str:
    """The arXiv id among the places where the work can be read."""
    places = item.get("locations")
    for place in [item.get("primary_location"), *(places if isinstance(places, list) else ())]:
        named = resolve(jsonpage.mark(place, "landing_page_url"))
        if named and named.startswith("arxiv:"):
            return named.removeprefix("arxiv:")
    return ""


def _unfolded(index: Any) -> str:
    """{"word": [places]} -> the abstract; "" if it is none."""
    if not isinstance(index, Mapping):
        return ""
    words: dict[int, str] = {}
    for word, places in index.items():
        for place in places if isinstance(places, list) else ():
            if type(place) is int and 0 <= place < MOST_ABSTRACT:
                words[place] = str(word)
    return plain(" ".join(words[place] for place in sorted(words)))
