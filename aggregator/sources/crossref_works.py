"""Reads what Crossref answers about works: one, or a list of them (pure)."""

import calendar
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from aggregator.errors import BrokenError
from aggregator.models import Draft, Parsed, Role
from aggregator.parse import jats, jsonpage
from aggregator.parse.dates import LATEST, iso8601
from aggregator.parse.ids import acl_id, arxiv_id, doi
from aggregator.parse.text import plain

KIND = "crossref"
EARLIEST = 1800
"""Years between which a date is believed: a journal's archive reaches back further than arXiv."""
MOST_AUTHORS = 3000
MOST_RELATED = 5
"""DOIs of the same work that are believed; a work with more is a collection."""
# What holds papers, or belongs to one, is none itself.
# https://api.crossref.org/types
_NO_PAPERS = frozenset(
    {
        "book-series", "book-set", "component", "grant", "journal", "journal-issue", "journal-volume",
        "peer-review", "proceedings", "proceedings-series", "report-series", "sa-component",
    }
)  # fmt: skip
_PREPRINT = "posted-content"
_DATES = ("posted", "published-online", "published-print", "issued")
# The same work before and after: what Crossref calls its relations, the publisher asserts them.
_SAME_WORK = ("has-preprint", "is-preprint-of")


def read_works(
    body: bytes, content_type: str, url: str, wanted: Collection[str], now: datetime
) -> Parsed:
    """The works of an answer whose DOIs (lower case) were asked for; others are ignored.

    Raises ChallengedError for a bot wall, BrokenError for what is no answer of Crossref's.
    """
    document = jsonpage.load(body, content_type, url)
    message = document.get("message") if isinstance(document, dict) else None
    kind = document.get("message-type") if isinstance(document, dict) else None
    if not isinstance(message, dict) or kind not in ("work", "work-list"):
        raise BrokenError(
            f"{url} answered with JSON that is no work and no list of works.", url=url
        )
    items = [message] if kind == "work" else jsonpage.items(message, "items", url)
    drafts: dict[str, Draft] = {}
    skipped: list[str] = []
    for item in items:
        name = doi(jsonpage.mark(item, "DOI"))
        if name is None or name not in wanted or name in drafts:
            continue
        read = _draft(item, name, now)
        if isinstance(read, Draft):
            drafts[name] = read
        elif read:
            skipped.append(f"{name}: {read}")
    return Parsed(tuple(drafts.values()), tuple(skipped))


def _draft(item: Mapping[str, Any], name: str, now: datetime) -> Draft | str:
    """The draft, or why there is none; "" where none is missed."""
    kind = jsonpage.text(item, "type")
    if kind in _NO_PAPERS:
        return ""
    title = _title(item)
    if not title:
        # Some were registered without one; another form than a list would be a change of theirs.
        return "" if isinstance(item.get("title"), list) else "has no title"
    published, exact = _published(item)
    if published is None:
        return "has no date"
    if published > now + timedelta(days=1):
        return ""  # a replay: it was not there yet
    role: Role = "preprint" if kind == _PREPRINT else "proceedings"
    arxiv, dois = _same_work(item, name)
    names = {"doi": name, "arxiv": arxiv, "acl": acl_id(name)}
    venue = "" if role == "preprint" else _first_text(item, "container-title")
    event = item.get("event")
    extra = {
        "venue": venue or jsonpage.text(event, "name"),
        "type": kind,
        "dois": dois,
    }
    return Draft(
        kind=KIND,
        native_id=name,
        role=role,
        title=title,
        url=f"https://doi.org/{name}",
        published=min(published, now),
        abstract=jats.readable(_raw_text(item, "abstract")),
        authors=_authors(item),
        year=published.year,
        identifiers={key: value for key, value in names.items() if value},
        dated=exact,
        extra={key: value for key, value in extra.items() if value},
    )


def _title(item: Mapping[str, Any]) -> str:
    """Title and subtitle, as other places have them in one."""
    title, subtitle = _first_title(item, "title"), _first_title(item, "subtitle")
    if not title or not subtitle or subtitle.lower() in title.lower():
        return title
    return f"{title}{'' if title[-1] in ':?!' else ':'} {subtitle}"


def _first_title(item: Mapping[str, Any], key: str) -> str:
    texts = (jats.title(text) for text in _texts(item, key))
    return next((text for text in texts if text), "")


def _first_text(item: Mapping[str, Any], key: str) -> str:
    texts = (plain(text) for text in _texts(item, key))
    return next((text for text in texts if text), "")


def _texts(item: Mapping[str, Any], key: str) -> Sequence[str]:
    found = item.get(key)
    listed = found if isinstance(found, list) else [found]
    return [text for text in listed if isinstance(text, str)]


def _raw_text(item: Mapping[str, Any], key: str) -> str:
    found = item.get(key)
    return found if isinstance(found, str) else ""


def _authors(item: Mapping[str, Any]) -> tuple[str, ...]:
    """ "Given Family Suffix"; groups by their name; given names are missing where they are unknown."""
    found = item.get("author")
    people = found[:MOST_AUTHORS] if isinstance(found, list) else []
    parts = (
        [jsonpage.text(one, key) for key in ("given", "family", "suffix")]
        if jsonpage.text(one, "family")
        else [jsonpage.text(one, "name") or jsonpage.text(one, "given")]
        for one in people
    )
    names = (" ".join(filter(None, words)) for words in parts)
    return tuple(dict.fromkeys(name for name in names if name))


def _published(item: Mapping[str, Any]) -> tuple[datetime | None, bool]:
    """(when the public could first see the work, whether the day is told).

    Dates have one to three parts. The day of a month or year alone is that of the DOI's making, if it
    falls in it, else the first; a date after the DOI's making is that of an issue to come.
    """
    made = item.get("created")
    created = iso8601(jsonpage.text(made, "date-time"))
    spans = [span for key in _DATES if (span := _span(item.get(key)))]
    days = [first for first, last in spans if first == last]
    if not spans:
        return created, False
    first, last = (min(days), min(days)) if days else min(spans)
    start = datetime(first.year, first.month, first.day, tzinfo=UTC)
    if created and (start > created or (not days and created.date() <= last)):
        return created, False
    return start, bool(days)


def _span(value: Any) -> tuple[date, date] | None:
    """First and last day of a date as Crossref has it: {"date-parts": [[2018, 5]]}."""
    parts = value.get("date-parts") if isinstance(value, dict) else None
    numbers = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    known = [n for n in numbers[:3] if type(n) is int]
    if not known or not EARLIEST <= known[0] <= LATEST:
        return None
    try:
        if len(known) == 1:
            return date(known[0], 1, 1), date(known[0], 12, 31)
        if len(known) == 2:
            length = calendar.monthrange(known[0], known[1])[1]
            return date(known[0], known[1], 1), date(known[0], known[1], length)
        return (day := date(*known)), day
    except ValueError:  # calendar.IllegalMonthError is one, too
        return None


def _same_work(item: Mapping[str, Any], name: str) -> tuple[str, list[str]]:
    """(arXiv id, other DOIs) of the same work before or after publication, as its publisher says.

    Two arXiv ids are no identity, and a long list is no single work: then neither is believed.
    """
    relation = item.get("relation")
    arxiv: set[str] = set()
    dois: set[str] = set()
    for key in _SAME_WORK:
        found = relation.get(key) if isinstance(relation, dict) else None
        for one in found if isinstance(found, list) else []:
            written = jsonpage.mark(one, "id")
            labelled = f"arxiv:{written}" if jsonpage.text(one, "id-type") == "arxiv" else written
            if preprint := arxiv_id(labelled) or arxiv_id(written):
                arxiv.add(preprint[0])
            elif value := doi(written):
                dois.add(value)
    dois.discard(name)
    alike = sorted(dois) if len(dois) <= MOST_RELATED else []
    return (arxiv.pop() if len(arxiv) == 1 else ""), alike
