"""arXiv's calendar, kept in America/New_York: when a listing is announced, and when there is none.

Submissions close at 14:00 on weekdays; Monday to Thursday they are announced the same evening at
20:00, Friday's on Sunday 20:00. What is announced in the evening of day D is the listing of D+1:
OAI-PMH has it from about 22:30, RSS and the search API from midnight
(https://info.arxiv.org/help/availability.html, read 2026-07).
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
CUTOFF = time(14)
ANNOUNCEMENT = time(20)
OAI_DELAY = timedelta(hours=2, minutes=30)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Published:
    """A year's list of evenings without an announcement ("MM-DD"), and where and when it was read."""

    evenings: tuple[str, ...]
    source: str
    read: str


PUBLISHED: dict[int, Published] = {
    2026: Published(
        ("01-01", "01-19", "06-19", "07-03", "09-07", "11-26", "12-25", "12-29", "12-31"),
        source="https://info.arxiv.org/help/availability.html",
        read="2026-07",
    ),
}
"""A year that is not here is assumed, see `holidays`."""


@cache
def holidays(year: int) -> frozenset[date]:
    """Evenings without an announcement.

    For a year whose list we do not have: New Year, 4 July, Thanksgiving and Christmas, which every
    published list had. A holiday that is not listed here shows as a late batch, never as a loss.
    """
    if known := PUBLISHED.get(year):
        return frozenset(date.fromisoformat(f"{year}-{day}") for day in known.evenings)
    november = date(year, 11, 1)
    thanksgiving = november + _DAY * ((3 - november.weekday()) % 7 + 21)
    return frozenset({date(year, 1, 1), date(year, 7, 4), date(year, 12, 25), thanksgiving})


def is_assumed(listing: date) -> bool:
    """Is it only assumed that this listing is, or is not, announced the evening before?"""
    return (listing - _DAY).year not in PUBLISHED


def announces(evening: date) -> bool:
    """Is there an announcement at 20:00 New York of this day?"""
    return evening.weekday() not in (4, 5) and evening not in holidays(evening.year)


@lru_cache(maxsize=16_384)  # thirty-five years of arXiv have 9,000
def announced_at(listing: date) -> datetime:
    """The moment (UTC) at which the listing of this date is announced: 20:00 the evening before."""
    return datetime.combine(listing - _DAY, ANNOUNCEMENT, NEW_YORK).astimezone(UTC)


def rss_at(listing: date) -> datetime:
    """The moment (UTC) from which RSS and the API show it: midnight New York."""
    return datetime.combine(listing, time(0), NEW_YORK).astimezone(UTC)


def oai_at(listing: date) -> datetime:
    """The moment (UTC) from which OAI-PMH has it."""
    return announced_at(listing) + OAI_DELAY


def latest_listing(now: datetime) -> date:
    """The date of the last listing announced at or before `now`."""
    listing = now.astimezone(NEW_YORK).date() + _DAY
    while not announces(listing - _DAY) or announced_at(listing) > now:
        listing -= _DAY
    return listing


def next_listing(now: datetime) -> date:
    """The date of the first listing announced after `now`."""
    listing = latest_listing(now) + _DAY
    while not announces(listing - _DAY):
        listing += _DAY
    return listing


def listing_of(submitted: datetime) -> date:
    """The listing in which something submitted at this moment appears, if it is not put on hold."""
    local = submitted.astimezone(NEW_YORK)
    return _listing_of(local.date() if local.time() < CUTOFF else local.date() + _DAY)


@lru_cache(maxsize=16_384)
def _listing_of(day: date) -> date:
    """The listing of what is submitted before the cut-off of this day."""
    while day.weekday() >= 5:
        day += _DAY
    if day.weekday() == 4:  # Friday's batch is announced on Sunday evening
        day += 2 * _DAY
    while not announces(day):
        day += _DAY
    return day + _DAY


@dataclass(frozen=True, slots=True)
class Today:
    """What arXiv does on the day of `now` in New York."""

    listing: date | None  # the listing that RSS shows today, None on a day without one
    reason: str  # "" or why there is none: "weekend" or "holiday"
    next_at: datetime  # the next announcement


def today(now: datetime) -> Today:
    """The listing of today in New York, or why there is none."""
    day = now.astimezone(NEW_YORK).date()
    upcoming = announced_at(next_listing(now))
    if announces(day - _DAY):
        return Today(day, "", upcoming)
    reason = "weekend" if day.weekday() in (5, 6) else "holiday"
    return Today(None, reason, upcoming)


def why_quiet(since: datetime, until: datetime) -> str:
    """Why no listing was announced in this period: "weekend" or "holiday"; "" if one was."""
    latest = latest_listing(until)
    return "" if announced_at(latest) >= since else today(until).reason


def next_batch(after: datetime) -> datetime:
    """The next moment at which something new can be had: by OAI-PMH (22:30), then RSS (midnight)."""
    listing = latest_listing(after)
    moments = [oai_at(listing), rss_at(listing), oai_at(next_listing(after))]
    return min(moment for moment in moments if moment > after)


def new_york(moment: datetime) -> str:
    """For messages: "Sun 19 Nov 20:00 New York"."""
    return moment.astimezone(NEW_YORK).strftime("%a %-d %b %H:%M New York")
