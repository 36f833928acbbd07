"""Sends what is due, again and again in one process, and waits for a batch to be whole."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aggregator import clock, deliver
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import ledger, letters, outbox, subscriptions
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

SETTLED = timedelta(minutes=3)
"""An `asap` digest waits until nothing new was stored for so long: a day's announcement comes in over
minutes, and one letter with all of it is better than four."""
LONGEST = timedelta(minutes=30)
"""Longer it does not wait, whatever goes on coming in."""

_LULL = ("", "lull")  # where what is known of it is kept: several workers take turns

PATIENCE = 10  # seconds that the end of the process waits for letters that are being handed over


@dataclass(frozen=True, slots=True)
class Lull:
    """When news came in last: the latest event, since when it is the latest, and when the first one
    came in after a pause."""

    newest: int
    since: datetime
    first: datetime

    def at(self, now: datetime, newest: int) -> "Lull":
        """What is known at `now`, when the latest event is `newest`."""
        since, first = (now, now) if now < self.since else (self.since, self.first)  # set back
        if newest == self.newest:
            return Lull(newest, since, first)
        return Lull(newest, now, now if now - since >= SETTLED else first)

    def is_settled(self, now: datetime) -> bool:
        """Is a batch that came in whole by now, as far as one can tell?"""
        return now - self.since >= SETTLED or now - self.first >= LONGEST


class Postman:
    """Call it every minute. Subscriptions with a clock time are sent at their time, those that want
    news as soon as it is out when nothing more has come in for `SETTLED`."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        config: Config,
        wall: Callable[[], datetime] = clock.wall,
    ) -> None:
        self._store, self._settings, self._config, self._wall = store, settings, config, wall
        self._channels = deliver.channels(settings)
        self._stopping = threading.Event()
        self._at_work = threading.Lock()

    def __call__(self) -> None:
        """One pass; what becomes of each letter is in the store and, if it is bad, in the log."""
        with self._at_work:
            if not self._stopping.is_set():
                self._go_round(self._wall())

    def stop(self) -> None:
        """End after the letters that are being handed over, so that none of them is sent again for
        want of a note; the others are taken up at the next start."""
        self._stopping.set()
        if self._at_work.acquire(timeout=PATIENCE):
            self._at_work.release()

    def _go_round(self, now: datetime) -> None:
        with self._store.read() as connection:
            known = ledger.checkpoints(connection, _LULL[0]).get(_LULL[1])
            newest = outbox.newest(connection)
            due = outbox.due(connection, now, list(self._channels))
            waiting = letters.waiting(connection, now, list(self._channels), impatient=False)
        before = _lull(known) if known else Lull(0, now, now)
        lull = before.at(now, newest)
        if lull != before:
            with self._store.write() as connection:
                ledger.save_checkpoints(connection, _LULL[0], {_LULL[1]: _said(lull)})
        if not (due or waiting):
            return
        sender = Sender(
            self._store,
            self._settings,
            self._config,
            self._channels,
            now,
            settled=lull.is_settled(now),
            stopping=self._stopping.is_set,
        )
        done = sender.run()
        sent = sum(one.status == "sent" for one in done)
        if sent:
            log.info("%d subscriptions were sent their digest", sent)

    def tidy(self) -> None:
        """Forget addresses that nobody confirmed; once an hour is enough."""
        with self._store.write() as connection:
            subscriptions.forget_unconfirmed(connection, self._wall())


def _lull(said: dict[str, Any]) -> Lull:
    moments = (clock.parse_moment(said[name]) for name in ("since", "first"))
    return Lull(said["newest"], *moments)


def _said(lull: Lull) -> dict[str, Any]:
    return {"newest": lull.newest, "since": clock.iso(lull.since), "first": clock.iso(lull.first)}
