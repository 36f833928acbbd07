"""Decides what each due subscription is told and claims it: one transaction for a batch, no sending."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from aggregator.digest.pick import Selection, choose
from aggregator.digest.select import EventRow
from aggregator.errors import NotFoundError
from aggregator.sending.due import next_due, parse_schedule
from aggregator.store import letters, outbox, watches
from aggregator.store import told as told_rows
from aggregator.store.outbox import OLDEST, Claim, News, Start
from aggregator.store.people import new_id
from aggregator.store.query import PaperQuery
from aggregator.store.subscriptions import Row
from aggregator.topics import Config
from aggregator.watches import Watch

log = logging.getLogger(__name__)

FIRST = timedelta(days=1)
"""How far back a first digest goes at least, unless it was asked to go to a day."""

_ONCE = ("new", "published", "discussed")
"""Kinds that a paper may have several events of, of which a subscription is told one."""

BEHIND = 500
"""Events that a waiting `asap` subscription may look at again before it notes that it has."""


class Documents:
    """Papers' documents, read once in a pass: a thousand letters tell of the same papers."""

    MOST = 20_000  # documents kept; some 100 MB

    def __init__(self) -> None:
        self._known: dict[int, Mapping[str, Any]] = {}

    def get(self, connection: Connection, keys: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """The documents of these papers, and maybe of others."""
        if len(self._known) > self.MOST:
            self._known.clear()
        missing = {key for key in keys if key not in self._known}
        self._known |= letters.documents(connection, missing)
        return self._known


@dataclass(slots=True)
class Claimed:
    """What came of a batch: letters to hand over, and the subscriptions that had nothing to tell."""

    letters: list[int] = field(default_factory=list)
    empty: list[Row] = field(default_factory=list)
    lost: list[Row] = field(default_factory=list)  # whose watch does not exist any more


@dataclass(slots=True)
class Claimer:
    """Claims for one pass at the logical moment `now`. `settled` tells whether an `asap` subscription
    may be told already: while a batch is still coming in it waits."""

    config: Config
    sender: str
    now: datetime
    settled: bool
    documents: Documents

    def claim(self, connection: Connection, group: Sequence[Row]) -> Claimed:
        """Claim what these due subscriptions are told; those of one target make one letter."""
        outbox.lock(connection, group)
        batch = _Batch(self, connection, group)
        made = Claimed()
        claims: list[Claim] = []
        for _, some in groupby(group, key=_address):
            one = batch.letter(list(some), made)
            if one:
                claims.append(one)
        made.letters = outbox.claim(connection, claims, self.sender, self.now)
        return made


def batches(rows: Sequence[Row], most: int = outbox.BATCH) -> Iterator[list[Row]]:
    """Due subscriptions in batches of about `most`, those of one target never apart."""
    batch: list[Row] = []
    for _, some in groupby(rows, key=_address):
        batch += some
        if len(batch) >= most:
            yield batch
            batch = []
    if batch:
        yield batch


def _address(row: Row) -> tuple[str, str, str]:
    return row.channel, row.target, row.terms.lang


class _Batch:
    """What the subscriptions of one transaction have in common, asked for once."""

    def __init__(self, claimer: Claimer, connection: Connection, rows: Sequence[Row]) -> None:
        self._claimer, self._connection = claimer, connection
        self._now = claimer.now
        self._newest = outbox.newest(connection)
        self._watches: dict[tuple[str, int | None], Watch | None] = {}
        self._news: dict[Any, list[News]] = {}
        self._keys = [row.pk for row in rows]
        self._floor = min((row.covered for row in rows if row.started_at), default=self._newest)
        self._unready = outbox.unready(connection, self._floor, self._now)
        self._withdrawn = outbox.withdrawals(connection, self._floor, self._now)
        self._was_shown = outbox.shown_papers(
            connection, self._keys, {one.paper_id for one in self._withdrawn}
        )
        self._unsent = {
            channel: outbox.unsent(connection, channel, {r.target for r in of_channel})
            for channel, of_channel in _by(rows, lambda r: r.channel).items()
        }
        self._told: set[tuple[int, int]] = set()
        self._asked: set[int] = set()
        self._same: dict[tuple[str, str], list[int]] = {}
        self._chosen: dict[Any, dict[int, str]] = {}
        self._begun: dict[Start, int] = {}

    def letter(self, rows: Sequence[Row], made: Claimed) -> Claim | None:
        """The claim of one target's due subscriptions, None if there is nothing to send."""
        channel, target, lang = _address(rows[0])
        due = {row.pk for row in rows if self._may_go(row)}
        # In whatever language it was: who changed it is owed what did not arrive in the other.
        unsent = self._unsent[channel].get(target, [])
        owed = told_rows.owed(self._connection, [one.pk for one in unsent])
        # One that tells nothing: a quiet day, or all of it was withdrawn.
        whose = {one.pk: owed.get(one.pk) or {*one.subscriptions} for one in unsent}
        old = [one for one in unsent if due & whose[one.pk] and outbox.fold(self._connection, one)]
        told: dict[int, dict[int, str]] = {}
        kept: list[Row] = []
        for row in rows:
            watch = self._watch(row)
            if watch is None:
                made.lost.append(row)
                continue
            start = self._start(row)
            news = self._untold(row, watch, start)
            retold = any(row.pk in owed.get(one.pk, ()) for one in old)
            if row.terms.asap and not (news or retold):
                self._keep_up(row, start)
                continue
            if not self._may_go(row):
                continue
            says = bool(news or retold or row.terms.empty == "say")
            if not self._advance(row, start, says=says):
                continue
            if not says:
                made.empty.append(row)
                continue
            kept.append(row)
            if news:
                told[row.pk] = self._outcomes(row, watch, news)
        folded = [one for one in old if whose[one.pk] & {row.pk for row in kept}]
        for one in old:
            if one not in folded:
                outbox.unfold(self._connection, one)
        if not kept:
            return None
        mine = {row.pk for row in kept} | self._active(folded)
        return Claim(
            new_id(),
            channel,
            target,
            lang,
            tuple(sorted(mine)),
            told,
            tuple(one.pk for one in folded),
            late_since=self._late_since(kept, [one for one in folded if one.pk in owed]),
            paused_since=self._paused_since(kept, folded),
        )

    def _active(self, folded: Sequence[Any]) -> set[int]:
        """The subscriptions of these letters that are told anything now."""
        theirs = {pk for one in folded for pk in one.subscriptions}
        rows = outbox.rows_of(self._connection, theirs)
        return {pk for pk, row in rows.items() if row.state == "active"}

    def _watch(self, row: Row) -> Watch | None:
        named = (row.watch, row.watch_owner)
        if named not in self._watches:
            try:
                found = watches.subscribed(self._connection, self._claimer.config, *named)
            except NotFoundError:
                found = None
            self._watches[named] = found
        watch = self._watches[named]
        return watch.under(row.terms) if watch else None

    def _start(self, row: Row) -> Start | None:
        """What a first digest begins with; None if it is not the first."""
        if row.started_at is not None:
            return None
        # What came since the reader's word was asked for, however late the first pass is.
        day = self._now - FIRST
        since = row.since or min(day, row.confirmed_at or day)
        return Start(since, row.begun_id, self._newest)

    def _untold(self, row: Row, watch: Watch, start: Start | None) -> list[News]:
        """The events that this subscription has not been told, and should be."""
        kinds = tuple(sorted(row.terms.events))
        query = PaperQuery.of(watch)
        after = row.begun_id if start else self._floor
        found = self._asked_for(query, kinds, after)
        if start:
            days = self._asked_for(query, kinds, start.since)
            late = [one for one in found if self._came_since(row, one)]
            found = sorted({*days, *late}, key=lambda one: one.id)
        else:
            found = [one for one in found if self._is_news(row, one)]
        if "withdrawn" in kinds and not start:
            found += [
                one
                for one in self._withdrawn
                if one.id > row.covered and (row.pk, one.paper_id) in self._was_shown
            ]
            self._look_up(self._withdrawn)
        return [one for one in found if not self._was_told(row, one)]

    def _asked_for(
        self, query: PaperQuery, kinds: tuple[str, ...], since: int | datetime
    ) -> list[News]:
        """The events that these watches select, above an id or from a day on."""
        key = (query, kinds, since)
        if key not in self._news:
            self._news[key] = (
                outbox.news_since(self._connection, query, kinds, since, self._now)
                if isinstance(since, int)
                else outbox.news_of_days(self._connection, query, kinds, since, self._now)
            )
            self._look_up(self._news[key])
        return self._news[key]

    def _is_news(self, row: Row, one: News) -> bool:
        if one.id <= row.covered:
            return False
        if self._came_since(row, one):
            return True
        # Of the first digest's days, but not ready then.
        first = one.first_id <= row.started_id
        return first and row.since is not None and outbox.is_of_days(one, row.since, self._now)

    def _came_since(self, row: Row, one: News) -> bool:
        """Was it stored after the owner's word came, as news? What is told anew was there before."""
        # What was stored by a clock that was ahead was stored by now.
        fresh = not one.backfill and one.at >= min(one.seen_at, self._now) - OLDEST
        return fresh and one.first_id > row.begun_id

    def _look_up(self, news: Sequence[News]) -> None:
        """Ask the ledger about these events, for all subscriptions of the batch."""
        again = {one.paper_id for one in news if one.kind in _ONCE}
        self._same |= outbox.same_news(self._connection, again)
        wanted = {one.id for one in news}
        wanted |= {i for one in news for i in self._same.get((one.paper_id, one.kind), ())}
        wanted -= self._asked
        self._asked |= wanted
        self._told |= outbox.told(self._connection, self._keys, wanted)

    def _was_told(self, row: Row, one: News) -> bool:
        same = {one.id, *self._same.get((one.paper_id, one.kind), ())}
        return any((row.pk, event) in self._told for event in same)

    def _may_go(self, row: Row) -> bool:
        """One that wants news as soon as it is out waits until the batch is whole."""
        return self._claimer.settled or not row.terms.asap

    def _keep_up(self, row: Row, start: Start | None) -> None:
        """One that waits for something to tell has begun all the same, and must not look at the same
        events for ever."""
        if start:
            outbox.begin(self._connection, row, self._first_covered(start), start, self._now)
        elif self._covered(row) > row.covered + BEHIND:
            outbox.cover(self._connection, row, self._covered(row))

    def _covered(self, row: Row) -> int:
        """The id up to which everything could be told; events wait for their paper's tags."""
        waiting = next((i for i in self._unready if i > row.covered), None)
        return self._newest if waiting is None else waiting - 1

    def _first_covered(self, start: Start) -> int:
        """As `_covered`, for a first digest."""
        if start not in self._begun:
            waiting = outbox.unready(self._connection, start.begun, self._now, start.since)
            self._begun[start] = waiting[0] - 1 if waiting else self._newest
        return self._begun[start]

    def _advance(self, row: Row, start: Start | None, *, says: bool) -> bool:
        covered = self._first_covered(start) if start else self._covered(row)
        schedule, zone = parse_schedule(row.terms.schedule), ZoneInfo(row.terms.tz)
        due = next_due(schedule, zone, self._now)
        return outbox.advance(self._connection, row, self._now, due, covered, start, says=says)

    def _outcomes(self, row: Row, watch: Watch, news: Sequence[News]) -> dict[int, str]:
        """Event id -> shown or summarised."""
        most = self._most(row, watch)
        key = (watch, most, tuple(one.id for one in news))
        if key not in self._chosen:
            self._chosen[key] = self._choose(watch, news, most)
        return self._chosen[key]

    def _choose(self, watch: Watch, news: Sequence[News], most: int) -> dict[int, str]:
        docs = self._claimer.documents.get(self._connection, [one.paper_pk for one in news])
        rows = [EventRow(one.kind, one.at, docs[one.paper_pk], one.id) for one in news]
        shown = choose(Selection(watch, rows), self._claimer.config.topics, most)
        return {
            one.id: "shown" if one.id in shown or one.kind == "withdrawn" else "summarised"
            for one in news
        }

    def _most(self, row: Row, watch: Watch) -> int:
        """How many papers a subscription may be shown."""
        if watch.max_per_day is None:
            return row.terms.limit
        day = self._now.astimezone(ZoneInfo(row.terms.tz)).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        today = outbox.shown_since(self._connection, row.pk, day)
        return min(row.terms.limit, max(watch.max_per_day - today, 0))

    def _paused_since(self, rows: Sequence[Row], folded: Sequence[Any]) -> datetime | None:
        """Since when something was skipped by a pause and nobody has been told so."""
        found = [row.skipped_since for row in rows] + [one.paused_since for one in folded]
        return min(filter(None, found), default=None)

    def _late_since(self, rows: Sequence[Row], folded: Sequence[Any]) -> datetime | None:
        """Since when something should have been told, if a digest was missed or did not arrive."""
        found = [one.late_since or one.at for one in folded]
        for row in rows:
            schedule, zone = parse_schedule(row.terms.schedule), ZoneInfo(row.terms.tz)
            if row.told_at is None or row.next_due is None or schedule.clock is None:
                continue
            if next_due(schedule, zone, row.next_due) <= self._now:
                found.append(row.told_at)
        return min(found, default=None)


def _by(rows: Sequence[Row], key: Callable[[Row], str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(key(row), []).append(row)
    return found
