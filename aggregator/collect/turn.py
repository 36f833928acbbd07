"""When a source is to be asked next: its own cadence, unless a budget or its upstream decides."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from aggregator.sources.base import LastRun, Source
from aggregator.store import ledger


@dataclass(frozen=True, slots=True)
class Turns:
    """The due times of all sources, as the ledger stands: read it once, then ask for each."""

    cooldowns: dict[str, datetime]
    renewals: dict[str, datetime]

    @classmethod
    def read(cls, connection: Connection) -> "Turns":
        """As the ledger stands now."""
        return cls(ledger.cooldowns(connection), ledger.renewals(connection))

    def next_due(self, source: Source, last: LastRun | None, now: datetime) -> datetime:
        """When this source is due; `now` or earlier means it is.

        One that stopped because the day's budget was used is due when it is renewed. One in trouble
        is not due while its upstream wants to be left alone; others are, and so come to say it.
        """
        due = source.next_due(last, now)
        if last is None:
            return due
        renewed = self.renewals.get(source.name)
        if renewed and renewed > last.at:
            return renewed
        until = self.cooldowns.get(source.upstream)
        return max(due, until) if until and last.failures else due
