"""Sends what is due, again and again in one process, and waits for a batch to be whole."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from aggregator import clock, deliver
from aggregator.send import Sender
from aggregator.settings import Settings
from aggregator.store import letters, outbox, subscriptions
from aggregator.store.db import Store
from aggregator.topics import Config

log = logging.getLogger(__name__)

SETTLED = timedelta(minutes=3)
"""An `asap` digest waits until nothing new was stored for so long: a day's announcement comes in over
minutes, and one letter with all of it is better than four."""
LONGEST = timedelta(minutes=30)
"""Longer it does not wait, whatever goes on coming in."""

PATIENCE = 10  # seconds that the end of the process waits for letters that are being handed over


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
        self._newest = 0
        self._since = self._first = wall()  # of the latest event; of the first since a pause
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
            newest = outbox.newest(connection)
            due = outbox.due(connection, now, list(self._channels))
            waiting = letters.waiting(connection, now, list(self._channels), impatient=False)
        if now < self._since:  # a clock was set back
            self._since = self._first = now
        if newest != self._newest:
            if now - self._since >= SETTLED:
                self._first = now
            self._newest, self._since = newest, now
        if not (due or waiting):
            return
        settled = now - self._since >= SETTLED or now - self._first >= LONGEST
        sender = Sender(
            self._store,
            self._settings,
            self._config,
            self._channels,
            now,
            settled=settled,
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
