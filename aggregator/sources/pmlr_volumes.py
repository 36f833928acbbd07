"""Reads what proceedings.mlr.press says of its volumes and their papers (pure)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from selectolax.lexbor import LexborHTMLParser

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse.dates import EARLIEST, LATEST
from aggregator.parse.ids import arxiv_id, doi
from aggregator.parse.page import decode, is_wall
from aggregator.parse.text import plain, storable
from aggregator.sources.base import Raw
from aggregator.sources.proceedings import public_since, web_address

KIND = "pmlr"
MOST_SIGNS = 100_000
"""Of one item; the longest abstracts have some 5,000."""
DEEPEST = 8
"""Levels of lists and mappings in one item; there are five. libyaml's loader recurses without limit."""

# Year -> volume of conferences that the list of volumes has always had, so that it need not be asked.
VOLUMES = {
    "ICML": {
        2013: 28, 2014: 32, 2015: 37, 2016: 48, 2017: 70, 2018: 80, 2019: 97, 2020: 119, 2021: 139,
        2022: 162, 2023: 202, 2024: 235, 2025: 267,
    },
    "AISTATS": {
        2013: 31, 2014: 33, 2015: 38, 2016: 51, 2017: 54, 2018: 84, 2019: 89, 2020: 108, 2021: 130,
        2022: 151, 2023: 206, 2024: 238, 2025: 258,
    },
    "CoRL": {
        2017: 78, 2018: 87, 2019: 100, 2020: 155, 2021: 164, 2022: 205, 2023: 229, 2024: 270,
    },
}  # fmt: skip
# What the title of a volume says, and the name that people use.
_CONFERENCES = {
    "International Conference on Machine Learning": "ICML",
    "Artificial Intelligence and Statistics": "AISTATS",
    "Conference on Robot Learning": "CoRL",
    "Conference on Learning Theory": "COLT",
    "Uncertainty in Artificial Intelligence": "UAI",
    "Asian Conference on Machine Learning": "ACML",
    "Algorithmic Learning Theory": "ALT",
    "Learning for Dynamics and Control": "L4DC",
    "Lifelong Learning Agents": "CoLLAs",
    "Causal Learning and Reasoning": "CLeaR",
    "Learning on Graphs": "LoG",
}
_LEAD = re.compile(
    r"proceedings of (?:the )?(?:(?:\d+|(?:[a-z]+ )?[a-z-]+)(?:st|nd|rd|th) )?(?:annual )?",
    re.IGNORECASE,
)
_BESIDE = re.compile(r"workshop|competition|challenge|track", re.IGNORECASE)
_ITEM = re.compile(r"^- title:", re.MULTILINE)
_KEY = re.compile(r"^  ([A-Za-z-]+):", re.MULTILINE)
_ID = re.compile(r"\w[\w.-]{0,99}")
_HREF = re.compile(r"(?:^|/)v(\d{1,4})/?$")
_PROCEEDINGS = re.compile(r"\b(?:proceedings(?: of)?|the|volume \d+)\b|[^\w &-]", re.IGNORECASE)


def volume_of(conference: str, body: bytes, content_type: str, url: str) -> int | None:
    """The number of the volume of "AISTATS 2026" on the page of all volumes; None if it has none.

    Raises ChallengedError for a bot wall, BrokenError if the page lists no volumes.
    """
    text = decode(body, content_type)
    listed: dict[str, int] = {}
    for item in LexborHTMLParser(text).css(".proceedings-list li"):
        link = item.css_first("a[href]")
        number = _HREF.search((link.attributes.get("href") or "").strip()) if link else None
        if number:
            name = " ".join(_PROCEEDINGS.sub(" ", item.text()).split()).casefold()
            listed.setdefault(name, int(number[1]))
    if not listed:
        raise _unreadable(text, url, "no list of volumes")
    return listed.get(conference.casefold())


def is_whole(body: bytes) -> bool:
    """Is a volume's file there to its end: does the last paper have all that every other one has?"""
    items = _items(body.decode("utf-8", "replace"))
    keys = [set(_KEY.findall(item)) for item in items]
    return len(keys) < 2 or keys[-1] >= set.intersection(*keys[:-1])


def volume_drafts(raw: Raw, number: int, conference: str, base_url: str) -> Parsed:
    """A volume's citeproc.yaml -> a draft for each paper; what cannot be read is told with its reason.

    `conference` is "ICML 2017" where it is known, else the volume's title tells it. Raises
    BrokenError if it is no such file (or not in UTF-8, as all are), ChallengedError for a bot wall.
    """
    try:
        items = _items(raw.body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise BrokenError(f"{raw.url} is not in UTF-8, as it should be.", url=raw.url) from error
    if not items:
        raise _unreadable(decode(raw.body, raw.content_type), raw.url, "no papers in it")
    drafts: dict[str, Draft] = {}
    skipped: list[str] = []
    repeats = 0
    for place, text in enumerate(items, 1):
        try:
            draft = _draft(_fields(text), raw, number, conference, base_url)
        except ValueError as error:
            skipped.append(f"{raw.stream}: paper {place} {error}.")
            continue
        first = drafts.setdefault(draft.native_id, draft)
        if first is not draft and first.title == draft.title:
            repeats += 1
        elif first is not draft:
            skipped.append(f"{raw.stream}: paper {place} has the id of another: {draft.native_id}.")
    return Parsed(tuple(drafts.values()), tuple(skipped), len(items) - repeats)


def _items(text: str) -> list[str]:
    """The papers one by one: a broken one must not take the others with it."""
    starts = [match.start() for match in _ITEM.finditer(text)]
    return [text[a:b] for a, b in pairwise([*starts, len(text)])]


def _fields(text: str) -> Mapping[str, Any]:
    """One item of the YAML list; raises ValueError with the reason why it cannot be read."""
    import yaml  # few commands read any

    if len(text) > MOST_SIGNS:
        raise ValueError(f"is longer than {MOST_SIGNS} signs")
    text = storable(text)
    depth = 0
    # Texts stay texts ("No" is a family name), and nothing is ever made but texts, lists and mappings.
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST or isinstance(event, yaml.AliasEvent):
                raise ValueError("is nested as no paper is")
        return yaml.load(text, Loader=loader)[0]
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or type(error).__name__
        raise ValueError(f"is no YAML ({problem})") from error


def _draft(item: Mapping[str, Any], raw: Raw, number: int, conference: str, base_url: str) -> Draft:
    title, name = plain(_text(item, "title")), _text(item, "id").strip()
    if not title:
        raise ValueError("has no title")
    if not _ID.fullmatch(name):
        raise ValueError(f"has no id by which to know it: {title[:80]}")
    year, day = _issued(item)
    book = plain(_text(item, "container-title"))
    native_id = f"v{number}/{name}"
    url = f"{base_url}/v{number}/{quote(name)}.html"
    identifiers = {KIND: native_id}
    if printed := doi(_text(item, "DOI")):
        identifiers["doi"] = printed
    if note := arxiv_id(_text(item, "note")):
        identifiers["arxiv"] = note[0]
    pages = plain(_text(item, "page"))
    extra: dict[str, Any] = {"venue": conference or _venue(book, year), "volume": number}
    extra |= {"proceedings": book} if book else {}
    extra |= {"pdf": pdf} if (pdf := web_address(_text(item, "PDF"), url)) else {}
    extra |= {"pages": pages} if re.fullmatch(r"[\w:.-]{1,20}\d", pages) else {}
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=title,
        url=url,
        published=public_since(day, raw) if day else raw.fetched_at,
        abstract=plain(_text(item, "abstract")),
        authors=_authors(item),
        year=year,
        identifiers=identifiers,
        fidelity=1,
        dated=day is not None,
        extra=extra,
    )


def _text(item: Mapping[str, Any], key: str) -> str:
    value = item.get(key)
    return value if isinstance(value, str) else ""


def _authors(item: Mapping[str, Any]) -> tuple[str, ...]:
    people = item.get("author")
    parts = ("given", "prefix", "family", "suffix")
    names = (
        plain(" ".join(_text(person, part) for part in parts))
        for person in (people if isinstance(people, list) else ())
        if isinstance(person, dict)
    )
    return tuple(name for name in names if name)


def _issued(item: Mapping[str, Any]) -> tuple[int | None, datetime | None]:
    """(year, day) of issued.date-parts; each None where it cannot be believed."""
    issued = item.get("issued")
    parts = issued.get("date-parts") if isinstance(issued, dict) else None
    if not isinstance(parts, list):
        return None, None
    numbers = [int(p) for p in parts if isinstance(p, str) and re.fullmatch(r"[0-9]{1,4}", p)]
    year = numbers[0] if numbers and EARLIEST <= numbers[0] <= LATEST else None
    if year is None or len(numbers) != 3 or len(parts) != 3:
        return year, None
    try:
        return year, datetime(*numbers, tzinfo=UTC)
    except ValueError:
        return year, None


def _venue(book: str, year: int | None) -> str:
    """ "Proceedings of the 34th International Conference on Machine Learning" -> "ICML 2017"."""
    known = (short for words, short in _CONFERENCES.items() if words in book)
    name = _LEAD.sub("", book, count=1)
    if not _BESIDE.search(book):
        name = next(known, name)
    return f"{name} {year}" if year and not re.search(r"\b(?:19|20)\d\d\b", name) else name


def _unreadable(text: str, url: str, what: str) -> BrokenError | ChallengedError:
    if is_wall(text):
        return ChallengedError(f"{url} shows a bot wall instead of the proceedings.", url=url)
    return BrokenError(f"{url} is not a page of proceedings: {what}.", url=url)
