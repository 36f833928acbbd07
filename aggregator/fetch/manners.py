"""How a source keeps to the politeness ledger: the day's budget, the pace, a wish to be left alone."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from aggregator import clock
from aggregator.errors import SourceError, SpentError, ThrottledError
from aggregator.fetch.answers import SLEPT
from aggregator.store import ledger

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Manners:
    """How one source asks: whom it must be polite to, how fast, and which addresses are its own.

    `daily`: at most so many requests on the day (UTC) of `now`, the logical moment, together with all
    others who ask this upstream; None for no such budget. `source` names it: of answers, it knows those
    that it had itself."""

    upstream: str
    pace: timedelta
    own_hosts: frozenset[str]
    daily: int | None = None
    now: datetime = NEVER
    source: str = ""

    @property
    def day(self) -> date:
        """That of the budget."""
        return self.now.astimezone(UTC).date() if self.now != NEVER else date.min


class Politeness:
    """The ledger's word before each request of one source, and what the ledger is told after it.

    `transaction` opens a write transaction of the store, `wall` and `sleep` are the real clock.
    """

    def __init__(
        self,
        manners: Manners,
        transaction: Callable[[], AbstractContextManager[Connection]],
        wall: Callable[[], datetime],
        sleep: Callable[[float], None],
    ) -> None:
        self._manners = manners
        self._transaction = transaction
        self._wall, self._sleep = wall, sleep
        self._left = NEVER
        self._left_alone = ""

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Around a request with its retries: a wish to be left alone for long is heard at once, and by
        the rest of the run, whatever the source makes of the refusal.

        Raises ThrottledError where it was said before.
        """
        if self._left_alone:
            raise ThrottledError(self._left_alone)
        try:
            yield
        except SourceError as error:
            if error.retry_after and error.retry_after > SLEPT:
                until = self._manners.now + error.retry_after
                with self._transaction() as connection:
                    ledger.cool_down(connection, self._manners.upstream, until, str(error))
                self._left_alone = f"Left alone until {clock.iso(until)}: {error}"
            raise

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Around one request: sleeps until it may start. Raises SpentError where the day's budget is
        used."""
        self._spend()
        promised = self._wait()
        try:
            yield
        finally:
            self._tell_if_late(promised)

    def spend_all(self) -> None:
        """The upstream says that its own budget for us is used."""
        one = self._manners
        if one.daily is not None:
            with self._transaction() as connection:
                ledger.spend_all(connection, one.upstream, one.day, one.daily)

    def _spend(self) -> None:
        one = self._manners
        if one.daily is None:
            return
        with self._transaction() as connection:
            allowed = ledger.spend(connection, one.upstream, one.day, one.daily)
        if not allowed:
            raise SpentError(f"The day's {one.daily} requests to {one.upstream} are used.")

    def _wait(self) -> datetime:
        """Sleep until the next request may start; the start that the ledger knows of."""
        if not self._manners.pace:
            return self._left
        with self._transaction() as connection:
            now = self._wall()
            promised = ledger.reserve(connection, self._manners.upstream, self._manners.pace, now)
        # A request that left late must not have the next one on its heels.
        start = max(promised, self._left + self._manners.pace)
        if start > now:
            self._sleep((start - now).total_seconds())
        self._left = max(self._wall(), start)
        return promised

    def _tell_if_late(self, promised: datetime) -> None:
        """Nor must one have another source's on its heels, which only the ledger can tell of it. After
        the answer, since the time that this takes would make the request late once more."""
        one = self._manners
        if one.pace and self._left > promised:
            with self._transaction() as connection:
                ledger.put_off(connection, one.upstream, self._left + one.pace)
