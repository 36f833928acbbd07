"""What of a run is news, and what only history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from aggregator.collect.ingest import by_age
from aggregator.models import Parsed
from aggregator.sources.base import Page

SLACK = timedelta(days=1)
"""So much later than its date a place may serve what it tells of."""
LATE = timedelta(days=7)
"""What a back-fill has shown for longer stays history."""


class Part(NamedTuple):
    """What of a page is `history`, or is not; what is announced from `announced_since` on is news though
    it was brought before or, of papers that are history, comes now; None if nothing is."""

    history: bool
    parsed: Sequence[Parsed]
    announced_since: datetime | None


@dataclass(frozen=True, slots=True)
class Novelty:
    """Of a run at the logical moment `now`: whether it is the source's `first`, whether it `goes_back`
    further than to what is new, and when the source `had_all` last."""

    now: datetime
    first: bool
    goes_back: bool
    had_all: datetime | None

    def parted(self, page: Page, parsed: Sequence[Parsed]) -> list[Part]:
        """A page as history and news. A run that goes back brings news, too: what was announced since the
        source was asked last."""
        if self.first or page.backfill or (self.goes_back and self.had_all is None):
            return [Part(True, parsed, None)]
        since = self.announced_since
        starts = [page.news_since] if page.news_since else []
        if self.goes_back and self.had_all:
            starts.append(self.had_all - SLACK)
        if not starts:
            return [Part(False, parsed, since)]
        start = max(starts)
        (_, old), (_, new) = by_age(parsed, start)
        # A revision goes by the day of its first version: it may be of tonight all the same.
        return [Part(True, old, since and max(since, start)), Part(False, new, since)]

    @property
    def announced_since(self) -> datetime | None:
        """What was announced from then on is news when this source brings it, though another one's
        back-fill brought it before; None if nothing is."""
        if self.first or self.had_all is None:
            return None
        return max(self.had_all - SLACK, self.now - LATE)
