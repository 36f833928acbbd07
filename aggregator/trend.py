"""A topic's trend from the store: papers of each week, the terms that rise, works mentioned more."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import Connection

from aggregator.digest import parts, significance
from aggregator.digest.parts import Part
from aggregator.digest.rising import Term, rising
from aggregator.store import papers, trend
from aggregator.store.trend import Titled
from aggregator.topics import Topic, Work

WEEK = timedelta(weeks=1)
WEEKS = 53
SPANS = (4, 13, 26)
"""Weeks that are held against the four times as many before them: the first that has `ENOUGH` papers of
the topic, since in few titles nothing can be found; but none that the topic's papers
reach back for less than half of what is before."""
ENOUGH = 1_000
TIMES = 4
MOST_LATELY, MOST_BEFORE = 1_000, 3_000
"""Titles that are read, about, but all up to half more; of many papers every second, third …"""
KEPT = 500
"""Trends in memory, some 15 KB each at most."""
MENTIONED = 13 * WEEK
"""Mentions of works of so many weeks are held against those of the four times as many before."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period (its end is not in it) and how many titles of it were read."""

    since: datetime
    until: datetime
    titles: int


@dataclass(frozen=True, slots=True)
class Mentions:
    """A representative work: how many papers name it, lately and before, and the false discovery rate at
    which that would just be called more than before."""

    work: Work
    lately: int
    before: int
    q: float

    @property
    def rises(self) -> bool:
        """Is it mentioned more than chance explains?"""
        return self.q <= significance.LEVEL


@dataclass(frozen=True, slots=True)
class Trend:
    """(Monday, papers) of each week, oldest first, the last may be under way; the terms that rise, the
    periods that they rise between, None without papers, and the parts of these, none without terms;
    works mentioned at all."""

    weeks: list[tuple[datetime, int]]
    rising: list[Term]
    lately: Period | None
    before: Period | None
    parts: list[Part]
    works: list[Mentions]


def monday(moment: datetime) -> datetime:
    """The midnight (UTC) at which this moment's week begins."""
    day = datetime.combine(moment.date(), time(0), UTC)
    return day - timedelta(days=day.weekday())


def of_topic(
    connection: Connection,
    topic: Topic,
    now: datetime,
    weeks: int = WEEKS,
    week: datetime | None = None,
) -> Trend:
    """The trend of a topic up to now, its terms up to the end of the week that begins at this Monday; in a
    store that ends earlier, up to its newest paper."""
    newest = trend.newest(connection, topic.name, now)
    until = min(now, week + WEEK) if week else now
    end = trend.newest(connection, topic.name, until) if week else newest
    if newest is None:
        return Trend([], [], None, None, [], [])
    last = monday(newest)
    mondays = [last - n * WEEK for n in reversed(range(weeks))]
    counts = list(zip(mondays, trend.weekly(connection, topic.name, mondays), strict=True))
    if end is None:
        return Trend(counts, [], None, None, [], [])
    end += timedelta(seconds=1)
    rose = _rising(connection, topic, end)
    return Trend(counts, *rose, _mentions(connection, topic.works, end))


class Trends:
    """Trends that were asked for lately, each kept until its topic gets or loses papers, a day at most.

    Making one reads thousands of titles, and between two collections all views get the same. A paper that
    took another's place on the same day is seen a day late.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, Trend] = {}

    def of_topic(
        self,
        connection: Connection,
        topic: Topic,
        now: datetime,
        weeks: int = WEEKS,
        week: datetime | None = None,
    ) -> Trend:
        """As the function of that name."""
        size = papers.topic_counts(connection).get(topic.name, 0)
        newest = trend.newest(connection, topic.name, now)
        key = (topic.name, size, newest, now.date(), weeks, week)
        found = self._kept.get(key)
        if found is None:
            found = of_topic(connection, topic, now, weeks, week)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[key] = found
        return found


def _rising(
    connection: Connection, topic: Topic, end: datetime
) -> tuple[list[Term], Period, Period, list[Part]]:
    begins = end - _span(connection, topic.name, end)
    since = begins - TIMES * (end - begins)
    lately = _titles(connection, topic.name, begins, end, MOST_LATELY)
    before = _titles(connection, topic.name, since, begins, MOST_BEFORE)
    # Preprints only, or papers without one only: a year's proceedings differ from a month of arXiv.
    preprints = 2 * sum(one.preprint for one in lately) >= len(lately)
    lately, before = (
        [one for one in part if one.preprint == preprints] for part in (lately, before)
    )

    def people(places: Sequence[int]) -> Mapping[int, Collection[str]]:
        known = trend.authors(connection, [lately[place].pk for place in places])
        return {place: known[lately[place].pk] for place in places}

    found = rising(
        [one.title for one in lately],
        [one.title for one in before],
        people,
        own=(topic.title, topic.title_zh, topic.name),
    )
    dates = ([one.at for one in lately], [one.at for one in before])
    shares = parts.of(found, *dates, (since, begins, end)) if found else []
    return found, Period(begins, end, len(lately)), Period(since, begins, len(before)), shares


def _span(connection: Connection, topic: str, end: datetime) -> timedelta:
    """How long "lately" is, see `SPANS`."""
    first = trend.oldest(connection, topic) or end
    span, *longer = (weeks * WEEK for weeks in SPANS)
    for longer_one in longer:
        known = first <= end - longer_one * (1 + TIMES / 2)
        if not known or trend.count(connection, topic, end - span, end) >= ENOUGH:
            break
        span = longer_one
    return span


def _titles(
    connection: Connection, topic: str, since: datetime, until: datetime, most: int
) -> list[Titled]:
    every = round(trend.count(connection, topic, since, until) / most)
    return trend.titles(connection, topic, since, until, every)


def _mentions(connection: Connection, works: Sequence[Work], end: datetime) -> list[Mentions]:
    """Works that are mentioned in the periods, most surely rising first."""
    names = [work.called for work in works]
    *counts, read = trend.mentions(connection, names, periods(end))
    return mentioned(works, counts, read)


def periods(end: datetime) -> list[tuple[datetime, datetime]]:
    """The two periods, lately and before, whose mentions of works are counted."""
    begins = end - MENTIONED
    return [(begins, end), (begins - TIMES * MENTIONED, begins)]


def mentioned(
    works: Sequence[Work], counts: Sequence[Sequence[int]], read: Sequence[int]
) -> list[Mentions]:
    """Which works are mentioned more: of each its mentions lately and before, of papers `read`.

    The names stand fixed before anything is counted, so they are a family of tests of their own, the same
    test and correction as of terms, over the works that are mentioned at all.
    """
    found = [(w, n, before) for w, (n, before) in zip(works, counts, strict=True) if n + before]
    chances = [significance.by_chance(n, before, read[0], read[1]) for _, n, before in found]
    order = sorted(range(len(found)), key=lambda n: (chances[n], n))
    levels = significance.adjusted([chances[n] for n in order], len(found))
    return [Mentions(*found[n], q) for n, q in zip(order, levels, strict=True)]
