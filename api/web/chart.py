"""What the charts of a topic show. Their tables are written here; a script draws from these tables."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from aggregator.digest.parts import Part
from aggregator.digest.rising import Term
from aggregator.trend import Trend, monday

TIMES = 1.5
"""A week with so many times what nine of ten weeks have is cut off, or the weeks of conferences would
flatten all others; its number stands over it."""
LEAST = 13
"""Weeks that a chart has at least; more of them only from the first that has papers."""
DRAWN = 6
"""Terms that have a chart each; the others are a list."""
FEW = 10
"""Titles of which a share says nothing: one in three would stand above all others."""


@dataclass(frozen=True, slots=True)
class Weeks:
    """(Monday, papers) of each week, newest first; the count that the height stands for; is any week
    `cut` off, and which one is not over yet."""

    rows: list[tuple[datetime, int]]
    top: int
    cut: bool
    running: datetime | None


def of_weeks(weeks: Sequence[tuple[datetime, int]], now: datetime) -> Weeks | None:
    """The chart of these weeks, given oldest first; None if there is nothing to show."""
    counts = sorted(count for _, count in weeks if count)
    if not counts:
        return None
    most = TIMES * counts[(len(counts) - 1) * 9 // 10]
    top = max(count for count in counts if count <= most)
    begins = next(n for n, (_, count) in enumerate(weeks) if count)
    shown = weeks[min(begins, max(len(weeks) - LEAST, 0)) :]
    last = shown[-1][0]
    return Weeks(
        rows=[*reversed(shown)],
        top=top,
        cut=counts[-1] > top,
        running=last if last == monday(now) else None,
    )


@dataclass(frozen=True, slots=True)
class Shares:
    """The terms that are drawn, and those that are not; the parts of the time, newest first, as far
    back as there are titles, with the counts of the drawn terms."""

    terms: list[Term]
    others: list[Term]
    rows: list[Part]

    def tells(self, row: Part) -> bool:
        """Were enough titles read of this part to speak of shares?"""
        return row.titles >= FEW or (row.lately and row.titles > 0)


def of_shares(trend: Trend) -> Shares | None:
    """The chart of the terms that rise most surely; None if none does."""
    if not trend.rising:
        return None
    rows = [replace(part, having=part.having[:DRAWN]) for part in reversed(trend.parts)]
    while len(rows) > 2 and rows[-1].titles < FEW:
        rows.pop()
    return Shares(trend.rising[:DRAWN], trend.rising[DRAWN:], rows)
