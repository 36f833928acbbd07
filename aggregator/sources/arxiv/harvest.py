"""Asks OAI-PMH: windows of datestamps, page by page, in both formats, resumable after a kill.

Datestamps are days of modification. A back-fill goes month by month, so that a window can be asked
again from its start when its tokens have died (they do every midnight UTC); the last window is open
(no `until`), and the next harvest starts from the day of the server's answer, less an overlap: arXiv
has skipped records for a day before (SciRate 480, 500).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from aggregator.errors import BrokenError
from aggregator.sources.arxiv import records
from aggregator.sources.base import Context, Page, Raw

OVERLAP = timedelta(days=3)
HELD = timedelta(days=14)
WINDOW = timedelta(days=31)
_GROUPS = ("cs", "math", "stat", "eess", "econ", "q-bio", "q-fin")


def set_spec(category: str) -> str:
    """The OAI set of a category: cs.LG -> cs:cs:LG, hep-th -> physics:hep-th."""
    archive, _, subject = category.partition(".")
    group = archive if archive in _GROUPS else "physics"
    return ":".join(part for part in (group, archive, subject) if part)


@dataclass(slots=True)
class Seen:
    """What a harvest saw, for the proof: arXiv id -> datestamp, and how many records were broken."""

    stamps: dict[str, date | None] = field(default_factory=dict)
    broken: int = 0

    def stamped(self, listing: date) -> set[str]:
        """The ids that carry the datestamp of this listing."""
        return {native for native, stamp in self.stamps.items() if stamp == listing}


@dataclass(frozen=True, slots=True)
class Goal:
    """What one category's harvest is to reach. `name` tells back-fills apart from the daily one;
    `moves` says that it leaves no gap behind the last harvest, so that the next may start from it;
    what was public before `news_since` is history."""

    category: str
    start: date
    name: str
    regular: bool
    moves: bool = True
    news_since: datetime | None = None

    @property
    def stream(self) -> str:
        """Where a harvest under way keeps its place."""
        return f"harvest:{self.category}:{self.name}"


def harvest(ctx: Context, oai_url: str, goal: Goal, seen: Seen) -> Iterator[Page]:
    """Yield pages until everything since `goal.start` is had; the last one moves "oai:CATEGORY".

    Raises SourceError; what was yielded stays.
    """
    place, before = _place(ctx, goal), seen.broken
    while True:
        place = yield from _window(ctx, oai_url, goal, place, seen)
        if place["until"] is None:
            done: dict[str, Any] = {goal.stream: None}
            # What came broken is asked again, but not for ever: it may be broken at arXiv.
            held = seen.broken > before and ctx.now.date() - goal.start < HELD
            if goal.moves and not held:
                done[f"oai:{goal.category}"] = {"from": place["answered"]}
            yield Page(checkpoint=done)
            return
        place = _next_window(date.fromisoformat(place["until"]) + timedelta(days=1), ctx)
        yield Page(checkpoint={goal.stream: place})


def _place(ctx: Context, goal: Goal) -> dict[str, Any]:
    """Where to go on: the place of a killed harvest with the same goal, else the goal's start.

    The open window is asked for anew: the day's proof needs to see all of it.
    """
    kept = ctx.checkpoint.get(goal.stream)
    if not kept:
        return _next_window(goal.start, ctx)
    if kept["day"] != str(ctx.now.date()) or kept["until"] is None:
        return _next_window(date.fromisoformat(kept["from"]), ctx)
    return dict(kept)


def _next_window(start: date, ctx: Context) -> dict[str, Any]:
    until = start + WINDOW - timedelta(days=1)
    return {
        "from": str(start),
        "until": str(until) if until < ctx.now.date() else None,
        "raw": "",
        "names": "",
        "day": str(ctx.now.date()),
        "answered": "",
    }


def _window(
    ctx: Context, url: str, goal: Goal, place: dict[str, Any], seen: Seen
) -> Iterator[Page]:
    """Every page of one window; returns the place after it (by `yield from`)."""
    names: dict[str, list[str]] = {}
    started = bool(place["raw"])
    again, count = False, 0
    while not started or place["raw"]:
        raw, page = _ask(ctx, url, "arXivRaw", goal, place, place["raw"])
        if not started or place["names"]:
            _, named = _ask(ctx, url, "arXiv", goal, place, place["names"])
            names |= records.names(named)
            place["names"] = named.token
        if page.error == "badResumptionToken" and started and not again:
            place |= {"raw": "", "names": ""}
            started, again = False, True
            continue
        if page.error == "badResumptionToken" or (page.token and page.token == place["raw"]):
            raise BrokenError(f"arXiv's OAI-PMH does not get on with {goal.category}.", url=url)
        started = True
        answered = page.response_date or ctx.now
        # The first page's day is kept: what changes while we page through has a later stamp.
        place["answered"] = place["answered"] or str(min(answered, ctx.now).date())
        found = dict(records.ids_of(page))
        seen.stamps |= found
        seen.broken += records.broken(page)
        place["raw"] = page.token
        count += len(found)
        known = {native: names.pop(native) for native in found if native in names}
        meta = {"authors": known, "regular": goal.regular}
        kept = Raw(f"oai:{goal.category}", url, raw, "text/xml", ctx.now, meta)
        ctx.progress(f"{goal.category}: records changed since {place['from']}", count)
        yield Page((kept,), checkpoint={goal.stream: dict(place)}, news_since=goal.news_since)
    return place


def _ask(
    ctx: Context, url: str, prefix: str, goal: Goal, place: Mapping[str, Any], token: str
) -> tuple[bytes, records.OaiPage]:
    if token:
        params = {"verb": "ListRecords", "resumptionToken": token}
    else:
        params = {
            "verb": "ListRecords",
            "metadataPrefix": prefix,
            "set": set_spec(goal.category),
            "from": place["from"],
        }
        if place["until"]:
            params["until"] = place["until"]
    body = ctx.http.get(url, params=params).body
    page = records.read_page(body, "arXiv's OAI-PMH")
    if page.error and page.error not in ("noRecordsMatch", "badResumptionToken"):
        raise BrokenError(
            f"arXiv's OAI-PMH refused {goal.category} ({page.error}: {page.error_text}).", url=url
        )
    return body, page
