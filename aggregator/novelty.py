"""What of a run is news, and what only history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aggregator.ingest import by_age
from aggregator.models import Parsed
from aggregator.sources.base import Page

SLACK = timedelta(days=1)
"""So much later than its date a place may serve what it tells of."""
LATE = timedelta(days=7)
"""What a back-fill has shown for longer stays history."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """Of a run at the logical moment `now`: whether it is the source's `first`, whether it `goes_back`
    further than to what is new, and when the source `had_all` last."""

    now: datetime
    first: bool
    goes_back: bool
    had_all: datetime | None

    def parted(
        self, page: Page, parsed: Sequence[Parsed]
    ) -> Sequence[tuple[bool, Sequence[Parsed]]]:
        """A page as history (True) and news. A run that goes back brings news, too: what was announced
        since the source was asked last."""
        if self.first or page.backfill or (self.goes_back and self.had_all is None):
            return [(True, parsed)]
        starts = [page.news_since] if page.news_since else []
        if self.goes_back and self.had_all:
            starts.append(self.had_all - SLACK)
        return by_age(parsed, max(starts)) if starts else [(False, parsed)]

    @property
    def announced_since(self) -> datetime | None:
        """What was announced from then on is news when this source brings it, though another one's
        back-fill brought it before; None if nothing is."""
        if self.first or self.had_all is None:
            return None
        return max(self.had_all - SLACK, self.now - LATE)
