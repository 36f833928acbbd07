"""Delivers what is due: claim a batch, hand its letters over, record what became of each."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Lock

from sqlalchemy import Connection

from aggregator import clock
from aggregator.claim import Claimer, Documents, batches
from aggregator.compose import Composer, make_composer
from aggregator.deliver.base import Channel, Letter, Outcome, Session
from aggregator.settings import Settings
from aggregator.store import letters, outbox
from aggregator.store.db import Store
from aggregator.store.letters import Kept
from aggregator.store.people import new_id
from aggregator.store.subscriptions import Row
from aggregator.topics import Config

log = logging.getLogger(__name__)

BACK_OFF = (5, 15, 60, 180, 360, 720)  # minutes until the next try
GIVE_UP = timedelta(days=3)
"""A letter that is put off for so long waits for the subscription's next digest instead."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one subscription in a pass: sent, deferred, failed, suspended or empty."""

    subscription: str
    channel: str
    target: str
    papers: int
    status: str
    message: str = ""


@dataclass(slots=True)
class Sender:
    """One pass over everything that is due at the logical moment `now`."""

    store: Store
    settings: Settings
    config: Config
    channels: Mapping[str, Channel]
    now: datetime
    impatient: bool = False
    settled: bool = True
    stopping: Callable[[], bool] = lambda: False
    wall: Callable[[], datetime] = clock.wall
    id: str = field(default_factory=new_id, init=False)
    done: list[Delivered] = field(default_factory=list, init=False)
    _documents: Documents = field(default_factory=Documents, init=False)
    _composer: Composer | None = field(default=None, init=False)
    _check: Callable[[], None] = field(default=lambda: None, init=False)
    _checking: Lock = field(default_factory=Lock, init=False)

    def run(self) -> list[Delivered]:
        """Claim and send what is due, then take up letters that were left behind; those that go into
        a digest that is due now are not among them any more."""
        usable = [name for name, one in self.channels.items() if not one.trouble()]
        with self.store.sender_lock(self.id) as check:
            self._check = check
            with self.store.read() as connection:
                waiting = letters.waiting(connection, self.now, usable, impatient=self.impatient)
            for kept in self._claimed(usable):
                self._hand_over(kept)
            self._hand_over(self._left_behind(waiting))
        self._report_idle(usable)
        return self.done

    def preview(self) -> list[Delivered]:
        """What `run` would send, as far as nothing goes wrong; changes nothing."""
        claimer = Claimer(self.config, self.id, self.now, self.settled, self._documents)
        with self.store.undone() as connection:
            for group in batches(outbox.due(connection, self.now, list(self.channels))):
                made = claimer.claim(connection, group)
                self._note_empty(made.empty)
                kept = letters.by_keys(connection, made.letters)
                contents = letters.contents(connection, made.letters)
                rows = outbox.rows_of(connection, {pk for k in kept for pk in k.subscriptions})
                for one in kept:
                    papers = _papers(contents[one.pk])
                    self.done += [
                        _delivered(rows[pk], papers.get(pk, 0), "due") for pk in one.subscriptions
                    ]
        return self.done

    def _left_behind(self, waiting: Sequence[Kept]) -> list[tuple[Kept, bool]]:
        """Letters of senders that died, and deferred ones whose time has come; each with whether an
        earlier try may have got through."""
        dead: dict[str, bool] = {}
        found: list[tuple[Kept, bool]] = []
        for one in waiting:
            if one.state == "claimed":
                if one.sender not in dead:
                    dead[one.sender] = not self.store.is_sending(one.sender)
                if not dead[one.sender]:
                    continue
            with self.store.write() as connection:
                mine = letters.take_over(connection, one, self.id)
            if mine:
                found.append((one, one.unsure or (one.state == "claimed" and one.tries > 0)))
        return found

    def _claimed(self, usable: Sequence[str]) -> Iterator[list[tuple[Kept, bool]]]:
        """Batches of freshly claimed letters."""
        claimer = Claimer(self.config, self.id, self.now, self.settled, self._documents)
        with self.store.read() as connection:
            due = outbox.due(connection, self.now, usable)
        for group in batches(due):
            if self.stopping():
                return
            with self.store.write() as connection:
                made = claimer.claim(connection, group)
            self._note_empty(made.empty)
            for row in made.lost:
                message = f'There is no watch "{row.watch}" any more.'
                self.done.append(_delivered(row, 0, "failed", message))
            with self.store.read() as connection:
                yield [(one, False) for one in letters.by_keys(connection, made.letters)]

    def _hand_over(self, waiting: Sequence[tuple[Kept, bool]]) -> None:
        """Send letters, each channel's over as many connections as it allows."""
        if not waiting:
            return
        kept = [one for one, _ in waiting]
        composer = self._composing()
        with self.store.read() as connection:
            rows = outbox.rows_of(connection, {pk for one in kept for pk in one.subscriptions})
            contents = letters.contents(connection, [one.pk for one in kept])
            composed = composer.letters(connection, kept, contents, rows)
        papers = {pk: _papers(told) for pk, told in contents.items()}
        self._hold(one for one in kept if one.pk not in composed)
        waiting = [pair for pair in waiting if pair[0].pk in composed]
        for name in sorted({one.channel for one, _ in waiting}):
            channel = self.channels[name]
            todo: SimpleQueue[tuple[Kept, bool]] = SimpleQueue()
            mine = [pair for pair in waiting if pair[0].channel == name]
            for pair in mine:
                todo.put(pair)
            count = min(channel.connections, len(mine))
            with ThreadPoolExecutor(count, thread_name_prefix=f"send-{name}") as pool:
                work = [pool.submit(self._work, channel, todo, composed) for _ in range(count)]
                results = [result for one in work for result in one.result()]
            for one, said, message in sorted(results, key=lambda r: r[0].pk):
                self.done += [
                    _delivered(rows[pk], papers[one.pk].get(pk, 0), said, message)
                    for pk in one.subscriptions
                    if pk in rows and rows[pk].state == "active"
                ]

    def _hold(self, unwanted: Iterable[Kept]) -> None:
        with self.store.write() as connection:
            for one in unwanted:
                letters.hold(connection, one)

    def _work(
        self,
        channel: Channel,
        todo: "SimpleQueue[tuple[Kept, bool]]",
        composed: dict[int, Letter],
    ) -> list[tuple[Kept, str, str]]:
        """One connection: letters from the queue until it is empty."""
        results: list[tuple[Kept, str, str]] = []
        with channel.session() as session:
            while not self.stopping():
                try:
                    one, again = todo.get_nowait()
                except Empty:
                    break
                said = self._one(session, one, composed[one.pk], again)
                if said:
                    results.append((one, *said))
        return results

    def _one(
        self, session: Session, one: Kept, composed: Letter, again: bool
    ) -> tuple[str, str] | None:
        """Begin, send, record; None if the letter became somebody else's."""
        with self._checking:  # all threads share the connection that holds the lock
            self._check()
        with self.store.write() as connection:
            if not letters.begin(connection, one.pk, self.id, self.wall(), again=again):
                return None
        try:
            outcome = session.send(composed, again=again)
        except Exception:  # a letter that cannot be rendered must not stop the others
            log.exception("%s letter %s could not be sent", one.channel, one.key)
            outcome = Outcome("deferred", "It could not be put together; see the log.")
        with self.store.write() as connection:
            return self._record(connection, one, outcome, again), outcome.message

    def _record(self, connection: Connection, one: Kept, outcome: Outcome, again: bool) -> str:
        if outcome.status == "sent":
            letters.sent(connection, one, outcome.message)
            return "sent"
        log.warning("letter %s by %s: %s", one.key, one.channel, outcome.message)
        if outcome.status == "refused":
            suspended = letters.refused(
                connection, one, outcome.message, blames_target=outcome.blames_target
            )
            return "suspended" if suspended else "failed"
        wait = outcome.retry_after or timedelta(minutes=BACK_OFF[min(one.tries, len(BACK_OFF) - 1)])
        unsure = outcome.unsure or again
        if self.now + wait - one.at > GIVE_UP:
            letters.given_up(connection, one, outcome.message, unsure=unsure)
        else:
            next_try = self.now + wait
            letters.deferred(connection, one, outcome.message, next_try, unsure=unsure)
        return "deferred"

    def _composing(self) -> Composer:
        """Made when the first letter needs it: the tagger takes half a second to load."""
        if self._composer is None:
            self._composer = make_composer(
                self.store, self.settings, self.config, self._documents, self.now
            )
        return self._composer

    def _note_empty(self, rows: Iterable[Row]) -> None:
        self.done += [_delivered(row, 0, "empty") for row in rows]

    def _report_idle(self, usable: Sequence[str]) -> None:
        """What is due on channels that cannot be used is untouched; say so."""
        broken = [name for name in self.channels if name not in usable]
        if broken:
            with self.store.read() as connection:
                for row in outbox.due(connection, self.now, broken):
                    trouble = self.channels[row.channel].trouble()
                    self.done.append(_delivered(row, 0, "deferred", trouble))


def _delivered(row: Row, papers: int, said: str, message: str = "") -> Delivered:
    return Delivered(row.id, row.channel, row.target, papers, said, message)


def _papers(told: Iterable[letters.Told]) -> dict[int, int]:
    """Subscription -> how many papers a letter shows for it."""
    found: dict[int, set[int]] = {}
    for one in told:
        if one.outcome == "shown":
            found.setdefault(one.subscription_pk, set()).add(one.paper_pk)
    return {pk: len(papers) for pk, papers in found.items()}
