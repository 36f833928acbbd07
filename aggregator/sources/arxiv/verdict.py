"""Says in words how complete arXiv's day is, from what its two services showed (pure)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from aggregator import calendar
from aggregator.sources.arxiv.announcement import MOST_ITEMS, Announcement
from aggregator.sources.base import Note

OLD_BATCH = "yesterday's batch under today's date"

MAYBE_HOLIDAY = " It may be a holiday: arXiv's list of {year} is not known here."

LATE_AFTER = timedelta(hours=6)
"""After midnight New York; a batch that is not out by then is called late."""


@dataclass(slots=True)
class Day:
    """What was seen of the last listing that was announced; `ready` is the last one that OAI-PMH
    should have by now, `listing` itself or the one before; `shown` is today's in New York, which RSS
    shows until midnight. `stale` maps categories to what their RSS showed instead; `announced` are
    the ids that RSS calls new or cross-listed, by category; `stamped` those that OAI-PMH dates with
    this listing, `harvested` all that it gave."""

    listing: date
    ready: date
    shown: date | None = None
    stale: dict[str, str] = field(default_factory=dict)
    overflown: list[str] = field(default_factory=list)
    announced: dict[str, frozenset[str]] = field(default_factory=dict)
    stamped: set[str] = field(default_factory=set)
    harvested: set[str] = field(default_factory=set)
    feed_error: str = ""


def note(
    day: Day,
    category: str,
    feed: Announcement,
    before: Mapping[str, str] | None,
    listing: date | None,
) -> bool:
    """Note what a category's feed shows on the day of `listing`; false if it is not to be stored.
    `before` is what was noted of the last feed that was."""
    if feed.listing is None or listing is None or feed.listing > listing:
        return False  # a replay of an earlier day: RSS only knows its own
    if feed.listing < listing:
        day.stale[category] = f"the listing of {feed.listing}"
        return True
    if before and before["digest"] == feed.digest != "" and before["listing"] != str(listing):
        day.stale[category] = OLD_BATCH
        return False
    day.announced[category] = feed.new_ids
    if len(feed.items) >= MOST_ITEMS:
        day.overflown.append(category)
    return True


def compare(day: Day) -> None:
    """Feeds of which OAI-PMH dates not one paper with today's listing show another day's batch."""
    if day.shown != day.listing:
        return  # in the evening OAI-PMH is a listing ahead of RSS
    for category, announced in day.announced.items():
        if announced and day.stamped and not announced & day.stamped:
            day.stale[category] = OLD_BATCH


def missing(day: Day) -> set[str]:
    """Ids that RSS announced and a finished harvest does not have."""
    return set().union(*day.announced.values()) - day.harvested


def is_proven(day: Day, now: datetime) -> bool:
    """Can a harvest that went through be the last one of this listing? It has the listing and all
    that RSS announced; on a day without a listing, or before tonight's is served, the one before
    is all there is. A feed that is behind does not matter to it."""
    if missing(day):
        return False
    waiting = day.ready < day.listing or (
        calendar.today(now).listing is None and not _is_evening(day, now)
    )
    return bool(day.stamped) or (waiting and bool(day.harvested) and not day.stale)


def judge(day: Day, proven: bool, now: datetime) -> Note:
    """The one note that says how the listing stands; `proven` if it was so already before."""
    name = f"{day.listing:%a} {day.listing.day} {day.listing:%b}"
    if day.stale and not _waits(day):
        return Note("stale", _stale_words(day.stale, bool(day.stamped)))
    if day.overflown:
        return Note(
            "partial",
            f"The RSS feed of {', '.join(day.overflown)} is full (2,000 items), where arXiv cuts new "
            "papers; OAI-PMH fills them in.",
        )
    if not day.stamped and not _announced(day) and not (proven and day.ready == day.listing):
        return _nothing_yet(name, day, now)
    lost = missing(day)
    if not proven and day.stamped and lost:
        some = ", ".join(sorted(lost)[:3])
        return Note(
            "partial",
            f"Listing of {name}: RSS announced {len(lost)} papers that OAI-PMH does not have yet "
            f"({some}); they are kept as RSS told them.",
        )
    if day.feed_error:
        return Note(
            "partial", f"Listing of {name} is had by OAI-PMH; its RSS failed: {day.feed_error}"
        )
    return _good(name, day, proven, now)


def _is_evening(day: Day, now: datetime) -> bool:
    """Can OAI-PMH have the listing already, and RSS not yet?"""
    return day.ready == day.listing and now < calendar.rss_at(day.listing)


def _announced(day: Day) -> bool:
    """Does RSS show this listing? In the evening it still shows the one before."""
    return day.shown == day.listing and any(day.announced.values())


def _waits(day: Day) -> bool:
    """Is nothing of this listing served, and every feed that is behind says so by its date?"""
    return not day.stamped and not _announced(day) and OLD_BATCH not in day.stale.values()


def _good(name: str, day: Day, proven: bool, now: datetime) -> Note:
    today = calendar.today(now)
    upcoming = calendar.new_york(today.next_at)
    if _is_evening(day, now):
        papers = len(day.stamped)
        had = f": {papers} papers so far, from OAI-PMH" if papers else " was had by OAI-PMH before"
        at = calendar.new_york(calendar.rss_at(day.listing))
        return Note("ok", f"Listing of {name}{had}; asked again when RSS has it, {at}.")
    if today.listing is None:
        return Note(
            "holiday", f"No arXiv listing today ({today.reason}); the next is announced {upcoming}."
        )
    if proven and not day.stamped:
        return Note(
            "ok", f"Listing of {name} was complete before; the next is announced {upcoming}."
        )
    agree = "RSS and OAI-PMH agree" if _announced(day) else "from OAI-PMH"
    return Note("ok", f"Listing of {name} is complete: {len(day.stamped)} papers; {agree}.")


def _nothing_yet(name: str, day: Day, now: datetime) -> Note:
    listing = day.listing
    failed = f" Its RSS failed: {day.feed_error}" if day.feed_error else ""
    if now < calendar.rss_at(listing) + LATE_AFTER:
        at = (
            calendar.oai_at(listing) if now < calendar.oai_at(listing) else calendar.rss_at(listing)
        )
        when = f"expected from {calendar.new_york(at)}" if at > now else "due any moment"
        return Note(
            "not_out_yet", f"The listing of {name} is announced but not served yet; {when}.{failed}"
        )
    return Note(
        "stale",
        f"The listing of {name} is late: neither RSS nor OAI-PMH has it; asking again soon."
        + (
            MAYBE_HOLIDAY.format(year=(listing - timedelta(days=1)).year)
            if calendar.is_assumed(listing)
            else ""
        )
        + failed,
    )


def _stale_words(stale: Mapping[str, str], filled: bool) -> str:
    shown: dict[str, list[str]] = {}
    for category, what in sorted(stale.items()):
        shown.setdefault(what, []).append(category)
    parts = [f"{what} for {_listed(categories)}" for what, categories in shown.items()]
    rest = "OAI-PMH has today's." if filled else "Asking again soon."
    return f"arXiv's RSS served {'; '.join(parts)}. {rest}"


def _listed(names: Collection[str]) -> str:
    return ", ".join(names)
