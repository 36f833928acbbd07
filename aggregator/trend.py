"""A topic's trend from the store: papers of each week, and the terms that rise."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from aggregator.digest.rising import Term, rising
from aggregator.store import trend

WEEKS = 53
LATELY, BEFORE = timedelta(weeks=4), timedelta(weeks=16)
"""Terms of the last four weeks are held against those of the sixteen before."""
MOST_LATELY, MOST_BEFORE = 1_000, 3_000
"""Titles that are read."""


@dataclass(frozen=True, slots=True)
class Trend:
    """(Monday, papers) of each week, oldest first; the week under way is the last."""

    weeks: list[tuple[datetime, int]]
    rising: list[Term]


def monday(moment: datetime) -> datetime:
    """The midnight (UTC) at which this moment's week begins."""
    day = datetime.combine(moment.date(), time(0), UTC)
    return day - timedelta(days=day.weekday())


def of_topic(connection: Connection, topic: str, now: datetime, weeks: int = WEEKS) -> Trend:
    """The trend of a topic up to now; in a store that ends earlier, up to its newest paper."""
    newest = trend.newest(connection, topic, now)
    if newest is None:
        return Trend([], [])
    last = monday(newest)
    mondays = [last - timedelta(weeks=n) for n in reversed(range(weeks))]
    counts = trend.weekly(connection, topic, mondays)
    end = newest + timedelta(seconds=1)
    lately = trend.titles(connection, topic, end - LATELY, end, MOST_LATELY)
    before = trend.titles(connection, topic, end - LATELY - BEFORE, end - LATELY, MOST_BEFORE)
    return Trend(list(zip(mondays, counts, strict=True)), rising(lately, before))
