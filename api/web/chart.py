"""The chart of a topic's weeks: bars made on the server, each a link; it needs no script and prints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT, GAP = 530, 100, 2
TIMES = 1.5
"""A week with so many times what nine of ten weeks have is cut off, or the weeks of conferences would
flatten all others; it is drawn with a gap."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A week in the chart's own units; `cut` if it is higher than the chart."""

    monday: datetime
    count: int
    x: float
    y: float
    width: float
    height: float
    cut: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """The bars, oldest first, and the count that the chart's height stands for."""

    bars: list[Bar]
    top: int


def of_weeks(weeks: Sequence[tuple[datetime, int]]) -> Chart | None:
    """The chart of these weeks; None if there is nothing to show."""
    counts = sorted(count for _, count in weeks if count)
    if not counts:
        return None
    most = TIMES * counts[(len(counts) - 1) * 9 // 10]
    top = max(count for count in counts if count <= most)
    step = WIDTH / len(weeks)
    bars = []
    for n, (monday, count) in enumerate(weeks):
        part = min(count / top, 1)
        height = max(round(part * HEIGHT, 1), 1.5) if count else 0
        bars.append(
            Bar(
                monday, count, round(n * step, 1), HEIGHT - height, round(step - GAP, 1), height,
                count > top,
            )
        )  # fmt: skip
    return Chart(bars, top)
