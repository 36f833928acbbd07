"""Reads OpenReview's notes, of both versions of its API: submissions and acceptances (pure)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse import jsonpage
from aggregator.parse.page import is_html

KIND = "openreview"
SITE = "https://openreview.net"
CHALLENGE = (
    "OpenReview asks guests to show in a browser that they are people, and refuses programs. Set "
    "DAYPAPER_OPENREVIEW_USER and DAYPAPER_OPENREVIEW_PASSWORD (an account is free), or read its "
    'conferences by kind = "virtual".'
)
_ID = re.compile(r"[\w-]{5,40}", re.ASCII)
_YEAR = re.compile(r"(?:19|20)\d\d")
_PRESENTATIONS = (
    ("oral", re.compile(r"\boral\b|notable top 5%", re.I)),
    ("spotlight", re.compile(r"\bspotlight\b|notable top 25%", re.I)),
    ("poster", re.compile(r"\bposter\b", re.I)),
    ("workshop", re.compile(r"\bworkshop\b", re.I)),
)
_OUTCOMES = (
    ("desk rejected", re.compile(r"desk[ _]?reject", re.I)),
    ("withdrawn", re.compile(r"withdrawn", re.I)),
    ("rejected", re.compile(r"reject|^submitted to\b|\bsubmitted$", re.I)),
)
_UNDONE = ("desk rejected", "withdrawn", "rejected")
_PENDING = re.compile(r"\bsubmission\b|^under review", re.I)


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of notes, and how many the server says there are."""

    notes: tuple[Any, ...]
    count: int | None

    @property
    def changes(self) -> list[int]:
        """When each of the notes last changed, milliseconds; those that do not say are left out."""
        return [at for note in self.notes if (at := jsonpage.number(note, "tmdate")) is not None]


def read_listing(body: bytes, content_type: str, url: str) -> Listing:
    """A page of notes. Raises ChallengedError for a web page, BrokenError for other documents."""
    if is_html(body):
        raise ChallengedError(CHALLENGE, url=url)
    document = jsonpage.load(body, content_type, url)
    if isinstance(document, dict) and "notes" not in document and jsonpage.text(document, "name"):
        said = f"{jsonpage.text(document, 'name')}: {jsonpage.text(document, 'message')}"
        raise BrokenError(f"OpenReview answered {said} for {url}.", url=url)
    notes = jsonpage.items(document, "notes", url)
    return Listing(tuple(notes), jsonpage.number(document, "count"))


def venue_name(group: str) -> str:
    """ "robot-learning.org/CoRL/2021/Conference" -> "CoRL 2021"; a workshop keeps its name."""
    parts = group.split("/")
    years = [n for n, part in enumerate(parts) if _YEAR.fullmatch(part)]
    at = years[0] if years else len(parts)
    head = parts[at - 1] if at else parts[0]
    kept = [head.split(".")[0], *parts[at : at + 1]]
    kept += [part for part in parts[at + 1 :] if part.lower() not in ("conference", "track")]
    return " ".join(kept).replace("_", " ")


def venue_year(group: str) -> int | None:
    """The year that a group is named by, None if it has none (TMLR)."""
    found = _YEAR.search(group)
    return int(found[0]) if found else None


def drafts(listing: Listing, group: str, fetched_at: datetime) -> Parsed:
    """A draft for each submission, and a second one for its acceptance."""
    made: list[Draft] = []
    skipped: list[str] = []
    gone: list[tuple[str, str]] = []
    for place, note in enumerate(listing.notes, 1):
        forum = jsonpage.mark(note, "id")
        if not isinstance(note, Mapping) or not _ID.fullmatch(forum):
            skipped.append(f"{group}: note {place} has no id that could be one.")
        elif note.get("ddate"):
            gone += [(KIND, forum), (KIND, _accepted_id(forum, group))]
        elif jsonpage.mark(note, "forum") in ("", forum):
            found = _note_drafts(note, forum, group, fetched_at)
            made += found
            if any(draft.extra.get("decision") in _UNDONE for draft in found):
                gone.append((KIND, _accepted_id(forum, group)))  # in case it had been accepted
            if not found:
                skipped.append(f"{group}: {forum} has no title, or no date that can be read.")
    return Parsed(tuple(made), tuple(skipped), gone=tuple(gone))


def outcome(content: Mapping[str, Any], group: str) -> str:
    """ "accepted", "rejected", "withdrawn", "desk rejected", or "" while nobody has decided.

    `venueid` is the group itself for what was accepted; `venue` says it in words, and alone where
    there is no `venueid`. Before 2018 there is neither: decisions were replies.
    """
    words, place = jsonpage.text(content, "venue"), jsonpage.mark(content, "venueid")
    for name, pattern in _OUTCOMES:
        if pattern.search(words) or pattern.search(place.removeprefix(group)):
            return name
    if place:
        return "accepted" if place == group else ""
    return "accepted" if words and not _PENDING.search(words) else ""


def presentation(words: str) -> str:
    """ "ICLR 2023 notable top 5%" -> "oral"; "" where the words do not say."""
    return next((name for name, pattern in _PRESENTATIONS if pattern.search(words)), "")


def _note_drafts(
    note: Mapping[str, Any], forum: str, group: str, fetched_at: datetime
) -> list[Draft]:
    """The submission, and the acceptance if there was one; nothing if it cannot be read."""
    content = _unwrapped(note.get("content"))
    title = jsonpage.text(content, "title")
    posted = _first_date(note, "odate", "tcdate", "cdate")
    if not title or posted is None:
        return []
    posted = min(posted, fetched_at)
    decision = outcome(content, group)
    extra = {"submitted_to": venue_name(group), "decision": decision, **_extra(content, forum)}
    submission = Draft(
        kind=KIND,
        native_id=forum,
        role="preprint",
        title=title,
        url=f"{SITE}/forum?id={forum}",
        published=posted,
        abstract=jsonpage.text(content, "abstract"),
        authors=_authors(content.get("authors")),
        year=posted.year,
        identifiers={KIND: forum},
        fidelity=1,
        # Said even where it is not so: a submission may come back.
        extra=_given(extra) | {"withdrawn": decision == "withdrawn"},
    )
    accepted = decision == "accepted"
    return (
        [submission, _acceptance(submission, note, group, fetched_at)] if accepted else [submission]
    )


def _acceptance(
    submission: Draft, note: Mapping[str, Any], group: str, fetched_at: datetime
) -> Draft:
    """That the submission was accepted: an entry of its own, since it is news of its own day.

    `pdate` is that day. Without it the last change stands in, which a late correction may have
    made: so it counts as undated, and never after the year of the conference.
    """
    day = _first_date(note, "pdate")
    year = venue_year(group)
    end = datetime(year, 12, 31, tzinfo=UTC) if year else fetched_at
    guess = min(_first_date(note, "tmdate", "mdate") or fetched_at, end)
    words = jsonpage.text(_unwrapped(note.get("content")), "venue")
    shown = {"venue": venue_name(group), "presentation": presentation(words)}
    kept = {key: value for key, value in submission.extra.items() if key != "submitted_to"}
    return Draft(
        kind=KIND,
        native_id=_accepted_id(submission.native_id, group),
        role="proceedings",
        title=submission.title,
        url=submission.url,
        published=min(max(day or guess, submission.published), fetched_at),
        abstract=submission.abstract,
        authors=submission.authors,
        year=year or (day or guess).year,
        identifiers=submission.identifiers,
        fidelity=1,
        dated=day is not None,
        extra=_given(kept | shown) | {"withdrawn": False},
    )


def _accepted_id(forum: str, group: str) -> str:
    return f"{forum}/{group}"


def _extra(content: Mapping[str, Any], forum: str) -> dict[str, Any]:
    return {
        "decision_text": jsonpage.text(content, "venue"),
        "keywords": jsonpage.words(content.get("keywords")),
        "tldr": jsonpage.text(content, "TLDR") or jsonpage.text(content, "TL;DR"),
        "topic": jsonpage.text(content, "primary_area"),
        "pdf": f"{SITE}/pdf?id={forum}" if content.get("pdf") else "",
    }


def _given(extra: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in extra.items() if value}


def _unwrapped(content: Any) -> dict[str, Any]:
    """Version 2 of the API has each value in an object of its own: {"title": {"value": …}}."""
    found = content if isinstance(content, Mapping) else {}
    return {
        key: value.get("value") if isinstance(value, Mapping) else value
        for key, value in found.items()
    }


def _authors(people: Any) -> tuple[str, ...]:
    """Names, as texts or as {"fullname": …}; none while they are anonymous."""
    listed = people if isinstance(people, list) else []
    named = ({"name": one} if isinstance(one, str) else one for one in listed)
    names = (jsonpage.text(one, "fullname") or jsonpage.text(one, "name") for one in named)
    return tuple(name for name in names if name and name.lower() != "anonymous")


def _first_date(note: Mapping[str, Any], *keys: str) -> datetime | None:
    return next((at for key in keys if (at := jsonpage.milliseconds(note.get(key)))), None)
