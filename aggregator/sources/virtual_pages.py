"""Reads the lists of conferences' virtual sites: orals and posters, one draft for each paper (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from aggregator.models import Draft, Parsed
from aggregator.parse import jsonpage
from aggregator.parse.dates import iso8601
from aggregator.parse.links import resolve
from aggregator.parse.text import title_key

KIND = "virtual"
NAMES = {"neurips": "NeurIPS", "mlsys": "MLSys"}
"""How a conference writes itself, where it is not in capitals."""
USUAL_MONTHS = {
    "iclr": 4, "aistats": 5, "mlsys": 5, "cvpr": 6, "icml": 7, "eccv": 9, "iccv": 10, "neurips": 12,
    "wacv": 3,
}  # fmt: skip
"""For papers whose session has no time: the middle of the conference's usual month."""
PRESENTATIONS = ("oral", "spotlight", "poster")
"""From the rarest to the commonest; a paper with several is said to have the first."""
_PAPER_SITES = frozenset({"openreview", "pmlr", "cvf", "arxiv"})


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: its events, how many the site says there are, and where it goes on."""

    events: tuple[Any, ...]
    count: int | None
    next: str

    @property
    def mute(self) -> bool:
        """Do the abstracts stand elsewhere, as they do since 2026?"""
        return bool(self.events) and not any(jsonpage.text(e, "abstract") for e in self.events)

    @property
    def misdated(self) -> int:
        """How many events have a time that is no time."""
        said = (jsonpage.text(event, "starttime") for event in self.events)
        return sum(iso8601(text) is None for text in said if text)


def read_listing(body: bytes, content_type: str, url: str) -> Listing:
    """A page of a list. Raises ChallengedError for a bot wall, BrokenError for what is no list."""
    document = jsonpage.load(body, content_type, url)
    events = jsonpage.items(document, "results", url)
    following = jsonpage.web(document.get("next"), url)
    elsewhere = urlsplit(following).netloc != urlsplit(url).netloc
    count = jsonpage.number(document, "count")
    return Listing(tuple(events), count, "" if elsewhere else following)


def read_abstracts(body: bytes, content_type: str, url: str) -> dict[str, str]:
    """The list of abstracts alone: number of the event -> abstract. Raises as `read_listing`."""
    document = jsonpage.load(body, content_type, url)
    found = document if isinstance(document, dict) else {}
    return {str(key): text for key in found if (text := jsonpage.text(found, key))}


def list_drafts(
    listing: Listing,
    conference: str,
    site: str,
    fetched_at: datetime,
    abstracts: Mapping[str, str],
) -> Parsed:
    """A draft for each paper of a page; an oral and a poster of one paper are one.

    What was not accepted, or is hidden, is left out and not counted.
    """
    papers: dict[str, list[Mapping[str, Any]]] = {}
    skipped: list[str] = []
    for place, event in enumerate(listing.events, 1):
        if not isinstance(event, Mapping) or not jsonpage.text(event, "name"):
            skipped.append(f"{conference}: event {place} has no title.")
        elif _is_shown(event):
            papers.setdefault(_same(event), []).append(event)
    drafts = []
    for events in papers.values():
        draft = _draft(sorted(events, key=_rank), conference, site, fetched_at, abstracts)
        if draft is None:
            title = jsonpage.text(events[0], "name")[:80]
            skipped.append(f"{conference}: no number by which to know it: {title}.")
        else:
            drafts.append(draft)
    return Parsed(tuple(drafts), tuple(skipped))


def _is_shown(event: Mapping[str, Any]) -> bool:
    decision = jsonpage.text(event, "decision").lower()
    return (
        event.get("visible") is not False and "reject" not in decision and "withdr" not in decision
    )


def _same(event: Mapping[str, Any]) -> str:
    """What the events of one paper share: the site's own mark, else the title."""
    return jsonpage.mark(event, "uid") or title_key(jsonpage.text(event, "name"))


def _rank(event: Mapping[str, Any]) -> tuple[bool, int]:
    """Posters first, since every paper has one: its page and number stay the paper's."""
    poster = "poster" in jsonpage.text(event, "eventtype").lower()
    return (not poster, jsonpage.number(event, "id") or 0)


def _presentation(event: Mapping[str, Any]) -> str:
    said = f"{jsonpage.text(event, 'eventtype')} {jsonpage.text(event, 'decision')}".lower()
    return next((name for name in PRESENTATIONS if name in said), "poster")


def _draft(
    events: list[Mapping[str, Any]],
    conference: str,
    site: str,
    fetched_at: datetime,
    abstracts: Mapping[str, str],
) -> Draft | None:
    """One paper of its events, the poster's first; None without anything to know it by."""
    first = events[0]
    mark = jsonpage.mark(first, "uid") or str(jsonpage.number(first, "id") or "")
    if not mark:
        return None
    name, _, year = conference.partition("-")
    start = _first_start(events, int(year))
    usual = datetime(int(year), USUAL_MONTHS.get(name, 6), 15, tzinfo=UTC)
    apart = (abstracts.get(str(jsonpage.number(event, "id"))) for event in events)
    given = (jsonpage.text(event, "abstract") for event in events)
    native_id = f"{conference}/{mark[:100]}"
    return Draft(
        kind=KIND,
        native_id=native_id,
        role="proceedings",
        title=jsonpage.text(first, "name"),
        url=_link(events, "virtualsite_url", site) or _link(events, "paper_url", site),
        published=min(start or usual, fetched_at),
        abstract=next((text for text in (*given, *apart) if text), ""),
        authors=_authors(events),
        year=int(year),
        identifiers={KIND: native_id, **_identifiers(events)},
        dated=start is not None,
        extra=_extra(events, f"{NAMES.get(name, name.upper())} {year}", site),
    )


def _extra(events: list[Mapping[str, Any]], venue: str, site: str) -> dict[str, Any]:
    shown = min((_presentation(event) for event in events), key=PRESENTATIONS.index)
    extra = {
        "venue": venue,
        "decision": "accepted",
        "decision_text": _text(events, "decision"),
        "presentation": shown,
        "keywords": next(
            (found for e in events if (found := jsonpage.words(e.get("keywords")))), []
        ),
        "topic": _text(events, "topic"),
        "pdf": _link(events, "paper_pdf_url", site),
    }
    return {key: value for key, value in extra.items() if value}


def _text(events: Iterable[Mapping[str, Any]], key: str) -> str:
    return next((found for event in events if (found := jsonpage.text(event, key))), "")


def _link(events: Iterable[Mapping[str, Any]], key: str, site: str) -> str:
    return next((found for event in events if (found := jsonpage.web(event.get(key), site))), "")


def _authors(events: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    for event in events:
        people = event.get("authors")
        names = [jsonpage.text(p, "fullname") for p in people] if isinstance(people, list) else []
        if any(names):
            return tuple(name for name in names if name)
    return ()


def _identifiers(events: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """What the links to the paper itself say; links to talks and slides are not asked."""
    found: dict[str, str] = {}
    for event in events:
        for key in ("paper_url", "paper_pdf_url", "sourceurl", "url"):
            kind, _, value = (resolve(jsonpage.web(event.get(key), "")) or "").partition(":")
            if kind in _PAPER_SITES:
                found.setdefault(kind, value)
    return found


def _first_start(events: Iterable[Mapping[str, Any]], year: int) -> datetime | None:
    starts = [iso8601(jsonpage.text(event, "starttime")) for event in events]
    return min((s for s in starts if s and abs(s.year - year) <= 1), default=None)
