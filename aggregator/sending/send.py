"""Delivers what is due: claim a batch, hand its letters over, record what became of each."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from aggregator import clock
from aggregator.deliver.base import Channel
from aggregator.sending.claim import Claimed, Claimer, Documents, batches
from aggregator.sending.compose import Composer, make_composer
from aggregator.sending.handover import Handover
from aggregator.settings import Settings
from aggregator.store import letters, outbox
from aggregator.store.db import Store
from aggregator.store.letters import Kept
from aggregator.store.people import new_id
from aggregator.store.subscriptions import Row
from aggregator.topics import Config

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of one subscription in a pass: sent, deferred, failed, suspended or empty. A test may go
    to a target without a subscription ("")."""

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

    def run(self) -> list[Delivered]:
        """Claim and send what is due, then take up letters that were left behind; those that go into
        a digest that is due now are not among them any more."""
        usable = [name for name, one in self.channels.items() if not one.trouble()]
        with self.store.sender_lock(self.id) as check:
            handover = Handover(self.store, self.channels, self.now, self.id, check)
            handover.stopping, handover.wall = self.stopping, self.wall
            with self.store.read() as connection:
                waiting = letters.waiting(connection, self.now, usable, impatient=self.impatient)
            for fresh in self._claimed(usable):
                self._hand_over(handover, fresh)
            self._hand_over(handover, self._left_behind(waiting))
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
                found.append((one, letters.may_have_arrived(one)))
        return found

    def _claimed(self, usable: Sequence[str]) -> Iterator[list[tuple[Kept, bool]]]:
        """Batches of freshly claimed letters."""
        claimer = Claimer(self.config, self.id, self.now, self.settled, self._documents)
        with self.store.read() as connection:
            due = outbox.due(connection, self.now, usable)
        for group in batches(due):
            if self.stopping():
                return
            for made in self._claims(claimer, group):
                self._note_empty(made.empty)
                for row in made.lost:
                    message = f'There is no watch "{row.watch}" any more.'
                    self.done.append(_delivered(row, 0, "failed", message))
                with self.store.read() as connection:
                    yield [(one, False) for one in letters.by_keys(connection, made.letters)]

    def _claims(self, claimer: Claimer, group: Sequence[Row]) -> Iterator[Claimed]:
        """The claims of a batch; where one target breaks it, those of the others."""
        try:
            yield self.store.insist(lambda connection: claimer.claim(connection, group))
            return
        except Exception:
            if len({(row.channel, row.target) for row in group}) == 1:
                log.exception("what %s is told cannot be claimed", group[0].id)
                said = "It could not be put together; see the log."
                self.done += [_delivered(row, 0, "failed", said) for row in group]
                return
            log.warning("a batch of %d cannot be claimed; each target by itself", len(group))
        for part in batches(group, most=1):
            yield from self._claims(claimer, part)

    def _hand_over(self, handover: Handover, waiting: Sequence[tuple[Kept, bool]]) -> None:
        """Put letters together and send them; note what became of each subscription."""
        if not waiting:
            return
        kept = [one for one, _ in waiting]
        composer = self._composing()
        with self.store.read() as connection:
            rows = outbox.rows_of(connection, {pk for one in kept for pk in one.subscriptions})
            contents = letters.contents(connection, [one.pk for one in kept])
            composed = composer.letters(connection, kept, contents, rows)
        parts = {
            one.pk: [pk for pk in one.subscriptions if pk in rows and rows[pk].state == "active"]
            for one in kept
        }
        papers = {pk: _papers(told) for pk, told in contents.items()}
        for one, said, message in handover.run(waiting, composed, parts):
            self.done += [
                _delivered(rows[pk], papers[one.pk].get(pk, 0), said[pk], message)
                for pk in parts[one.pk]
            ]

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
