"""The time that terms rise over, cut into equal parts: how many titles of each part have each term."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.digest.rising import Term

MOST = 4
"""Parts that the period of lately is cut into, at most; the longer one before has as many more."""
EACH = 25
"""Titles that a part of lately should have on average: the share of a term among fewer says little."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the time, from `since` on: how many titles were read of it, and how many of them have
    each of the terms; `lately`: it is of the period in which the terms rise."""

    since: datetime
    lately: bool
    titles: int
    having: tuple[int, ...]


def of(
    terms: Sequence[Term], lately: Sequence[datetime], before: Sequence[datetime],
    periods: tuple[datetime, datetime, datetime],
) -> list[Part]:  # fmt: skip
    """The parts, oldest first, of titles given by their dates, in which the terms have their places.

    The `periods` are where those before begin, where those of lately do, and where these end; what is
    before is as long as some number of times what is lately.
    """
    first, begins, end = periods
    of_lately = max(1, min(MOST, len(lately) // EACH))
    length = (end - begins) / of_lately
    count = of_lately + round((begins - first) / length)
    new, old = ([_part(at, first, length) for at in dates] for dates in (lately, before))
    read = Counter([*new, *old])
    having = [
        Counter([*(new[n] for n in one.where), *(old[n] for n in one.earlier)]) for one in terms
    ]
    return [
        Part(
            first + n * length, n >= count - of_lately, read[n], tuple(one[n] for one in having)
        )
        for n in range(count)
    ]  # fmt: skip


def _part(at: datetime, first: datetime, length: timedelta) -> int:
    return (at - first) // length
