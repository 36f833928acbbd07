"""What an arXiv id tells of the day on which the paper was announced: about its month (pure).

A paper gets its id when it is announced, however long it was on hold before; at the end of a month
sometimes when it is submitted.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from aggregator import calendar
from aggregator.parse.ids import arxiv_month

_DAY = timedelta(days=1)


def announced(native: str, submitted: datetime) -> datetime:
    """When a version of this paper was announced, by arXiv's calendar; what was on hold until later, in
    the month of the id at the earliest."""
    return max(calendar.announced_at(calendar.listing_of(submitted)), _first(arxiv_month(native)))


def latest(native: str) -> datetime:
    """The announcement of what was submitted at the end of the id's month."""
    return _last(arxiv_month(native))


@lru_cache(maxsize=1024)
def _first(month: date) -> datetime:
    return calendar.announced_at(calendar.next_listing(_noon(month)))


@lru_cache(maxsize=1024)
def _last(month: date) -> datetime:
    following = (month.replace(day=28) + 4 * _DAY).replace(day=1)
    return calendar.announced_at(
        calendar.listing_of(_noon(following) - timedelta(hours=12, seconds=1))
    )


def _noon(day: date) -> datetime:
    return datetime.combine(day, time(12), calendar.NEW_YORK).astimezone(UTC)
