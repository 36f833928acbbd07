"""Hands letters to their channels over several connections, and records what became of each."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock

from sqlalchemy import Connection

from aggregator import clock
from aggregator.deliver.base import Channel, Letter, Outcome, Session
from aggregator.store import letters
from aggregator.store.db import Store
from aggregator.store.letters import Kept

log = logging.getLogger(__name__)

BACK_OFF = (5, 15, 60, 180, 360, 720)  # minutes until the next try
GIVE_UP = timedelta(days=3)
"""A letter that is put off for so long waits for the subscription's next digest instead."""

Ended = tuple[Kept, Mapping[int, str], str]
"""A letter, the status of each subscription with a part in it (sent, deferred, failed or suspended), and
a sentence."""


@dataclass(slots=True)
class Handover:
    """For one sender at the logical moment `now`; `check` raises if it lost its lock."""

    store: Store
    channels: Mapping[str, Channel]
    now: datetime
    sender: str
    check: Callable[[], None]
    stopping: Callable[[], bool] = lambda: False
    wall: Callable[[], datetime] = clock.wall
    _checking: Lock = field(default_factory=Lock, init=False)

    def run(
        self,
        waiting: Sequence[tuple[Kept, bool]],
        composed: Mapping[int, Letter | None],
        parts: Mapping[int, Sequence[int]],
    ) -> list[Ended]:
        """Send the letters, each with whether an earlier try may have got through. `composed` has
        them by key: those that nobody wants any more are missing. `parts` are the subscriptions
        that each is for."""
        for one, again in waiting:
            if one.pk not in composed:
                self._put_aside(one, again)
        ended: list[Ended] = []
        for name in sorted({one.channel for one, _ in waiting if one.pk in composed}):
            todo: SimpleQueue[tuple[Kept, bool]] = SimpleQueue()
            mine = [pair for pair in waiting if pair[0].channel == name and pair[0].pk in composed]
            for pair in mine:
                todo.put(pair)
            channel = self.channels[name]
            count = min(channel.connections, len(mine))
            with ThreadPoolExecutor(count, thread_name_prefix=f"send-{name}") as pool:
                work = [
                    pool.submit(self._work, channel, todo, composed, parts) for _ in range(count)
                ]
                ended += [result for one in work for result in one.result()]
        return sorted(ended, key=lambda one: one[0].pk)

    def _put_aside(self, one: Kept, again: bool) -> None:
        self.store.insist(lambda connection: letters.put_aside(connection, one, again=again))

    def _work(
        self,
        channel: Channel,
        todo: "SimpleQueue[tuple[Kept, bool]]",
        composed: Mapping[int, Letter | None],
        parts: Mapping[int, Sequence[int]],
    ) -> list[Ended]:
        """One connection: letters from the queue until it is empty."""
        ended: list[Ended] = []
        with channel.session() as session:
            while not self.stopping():
                try:
                    one, again = todo.get_nowait()
                except Empty:
                    break
                said = self._one(session, one, composed[one.pk], again, parts[one.pk])
                if said:
                    ended.append((one, *said))
        return ended

    def _one(
        self,
        session: Session,
        one: Kept,
        composed: Letter | None,
        again: bool,
        parts: Sequence[int],
    ) -> tuple[Mapping[int, str], str] | None:
        """Begin, send, record; None if the letter became somebody else's."""
        with self._checking:  # all threads share the connection that holds the lock
            self.check()
        wall = self.wall()
        if not self.store.insist(
            lambda connection: letters.begin(connection, one.pk, self.sender, wall, again=again)
        ):
            return None
        outcome = self._handed(session, one, composed, again)
        said = self.store.insist(
            lambda connection: self._record(connection, one, outcome, again, parts)
        )
        return said, outcome.message

    def _handed(self, session: Session, one: Kept, composed: Letter | None, again: bool) -> Outcome:
        broken = "It could not be put together; see the log."
        if composed is None:
            return Outcome("deferred", broken)
        try:
            return session.send(composed, again=again)
        except Exception:  # a letter that cannot be rendered must not stop the others
            log.exception("%s letter %s could not be sent", one.channel, one.key)
            return Outcome("deferred", broken)

    def _record(
        self,
        connection: Connection,
        one: Kept,
        outcome: Outcome,
        again: bool,
        parts: Sequence[int],
    ) -> Mapping[int, str]:
        message = outcome.message
        if outcome.status == "sent":
            letters.sent(connection, one, parts, message)
            return dict.fromkeys(parts, "sent")
        log.warning("letter %s by %s: %s", one.key, one.channel, message)
        unsure = outcome.unsure or again
        if outcome.status == "refused":
            blames = outcome.blames_target
            out = letters.refused(connection, one, message, blames_target=blames, again=unsure)
            return _said(parts, "failed", out)
        wait = outcome.retry_after or timedelta(minutes=BACK_OFF[min(one.tries, len(BACK_OFF) - 1)])
        if self.now + wait - one.at > GIVE_UP:
            out = letters.given_up(connection, one, message, unsure=unsure)
            return _said(parts, "deferred", out)
        letters.deferred(connection, one, message, self.now + wait, unsure=unsure)
        return dict.fromkeys(parts, "deferred")


def _said(parts: Sequence[int], status: str, suspended: Collection[int]) -> Mapping[int, str]:
    return {pk: "suspended" if pk in suspended else status for pk in parts}
