"""A round of random operations on the ledger, for test_ledger_model.py.

Each round draws operations at random: papers come in, are tagged, merged, split and withdrawn;
digests are sent to targets that take them, put them off, refuse them or break off; subscriptions are
suspended, of which each target has two; senders die before
and after a hand-over and before they begin; a second sender comes while one is at work; readers pause,
resume, unsubscribe, come again and change their terms; the clock jumps forth and back. In the end
everything works for some days.
"""

import random
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.deliver.base import Letter
from aggregator.models import Draft, Parsed, Tag
from aggregator.sending.send import Delivered, Sender
from aggregator.settings import Settings
from aggregator.store import letters, outbox, people, subscriptions, tags, watches
from aggregator.store.db import Store
from aggregator.store.sql import event, letter, one_at_a_time, paper, subscription
from aggregator.watches import Terms, Wanted, Watch
from tests.conftest import NOW
from tests.drafts import page, post, preprint
from tests.filled import CONFIG, put, untagged
from tests.sending.ledger_box import Begun, Dies, Told, Wild

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STEPS = 70
"""Operations of a round."""
TARGETS = ("ada@example.org", "bob@example.org", "eve@example.org")
WATCHES = ("gan", "wide")
SCHEDULES = ("daily@08:00", "daily@17:30", "weekly@wed-06:00", "asap")
ZONES = ("UTC", "America/New_York", "Asia/Shanghai")


@dataclass
class Model:
    """One round: a store, its readers, and what they were told."""

    store: Store
    settings: Settings
    dice: random.Random
    now: datetime = NOW
    calm: bool = False
    down: bool = False
    inside: bool = False
    count: int = 0
    linked: dict[str, int] = field(default_factory=dict)  # page -> how often its link changed
    versions: dict[str, int] = field(default_factory=dict)  # the even ones are withdrawals
    told: list[Told] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    restless: set[int] = field(default_factory=set)  # paused or ended at some time
    maybe: set[str] = field(default_factory=set)  # letters of which a try may have got through
    begun: dict[int, Begun] = field(default_factory=dict)
    skipped: list[tuple[int, datetime, int]] = field(default_factory=list)
    """(subscription, the latest moment that any clock showed before its pause, how many letters had
    arrived when it went on)"""
    disturbed: bool = False
    wrong: list[object] = field(default_factory=list)
    """What was not as it should be when it happened."""

    def __post_init__(self) -> None:
        self.between: list[Callable[[], object]] = [
            self.ingest, self.tag, self.link, self.discuss, self.retag, self.withdraw, self.send,
            self.pause, self.suspend, self.end, self.come_back, self.change,
        ]  # fmt: skip
        often = [self.ingest] * 5 + [self.tag] * 4 + [self.morning] * 8 + [self.outage] * 2
        rare = [
            self.pass_time,
            self.stop_early,
            self.come_back,
            self.change,
            self.change,
            *[self.discuss] * 2,
            self.withdraw,
        ]
        self.operations = [*self.between, *often, *rare]

    def ingest(self) -> None:
        """New preprints and proceedings pages of works of their own; some are stored by a clock that is
        ahead."""
        for _ in range(self.dice.randrange(1, 5)):
            self.count += 1
            native, at = f"1711.{self.count:05d}", self.now - self.dice.randrange(30) * HOUR
            stored = self.now if self.dice.random() < 0.9 else self.now + 40 * DAY
            self._stored(self._preprint(native, at), stored, backfill=self.dice.random() < 0.1)
            if self.dice.random() < 0.3:
                name = f"CVPR2018/Page_{self.count}"
                self.linked[name] = 0
                put(self.store, self._page(name, ""), source="cvf", now=self.now)

    def _stored(self, one: Draft, now: datetime, *, backfill: bool) -> None:
        with self.store.write() as connection:
            store_drafts(connection, [Parsed((one,))], "arxiv", now, backfill=backfill)

    def _preprint(self, native: str, at: datetime, **more: Any) -> Draft:
        words = f"Preprint number {native} alone"
        return preprint(native, title=words, authors=(f"Author {native}",), published=at, **more)

    def _page(self, name: str, arxiv: str) -> Draft:
        words = f"Title of {name.rpartition('_')[2]} printed"
        by = f"Author {arxiv or name}"  # a link to a paper by others would not be believed
        return page(name, title=words, authors=(by,), published=self.now, arxiv=arxiv)

    def tag(self, most: int = 0) -> None:
        """Some or all of the papers that wait get their tag."""
        with self.store.write() as connection:
            waiting = untagged(connection, most or self.dice.randrange(1, 8))
            tags.save(
                connection, waiting, [[Tag("gan", 0.9, True, "model")]] * len(waiting), tagged=True
            )

    def retag(self) -> None:
        """A new tagger: everything waits again."""
        with self.store.write() as connection:
            one_at_a_time(connection, "ingest")
            connection.execute(sa.update(paper).values(tagged_by=None))

    def link(self) -> None:
        """A page names a preprint (two papers become one), or another one, or none that is known."""
        if self.linked:
            name = self.dice.choice(sorted(self.linked))
            self._link(name, f"1711.{self.dice.randrange(1, self.count + 1):05d}")

    def discuss(self) -> None:
        """A thread speaks of a preprint and of a page; then the page names the preprint, and the newest
        event goes, though readers were told up to it."""
        self.count += 1
        native, name = f"1711.{self.count:05d}", f"CVPR2018/Page_{self.count}"
        put(self.store, self._preprint(native, self.now), now=self.now)
        put(self.store, self._page(name, ""), source="cvf", now=self.now)
        thread = post(f"t3_{native}", title="Both", mentions=(f"arxiv:{native}", f"cvf:{name}"))
        put(self.store, thread, source="reddit", now=self.now)
        if not self.inside:
            self.tag(most=10_000)
            self.now += DAY
            self.send()
        self.linked[name] = 0
        self._link(name, native)

    def _link(self, name: str, known: str) -> None:
        """The page's link changes: to this preprint, and the next time to one that nobody has."""
        self.linked[name] += 1
        alone = f"1799.{zlib.crc32(name.encode()) % 9_000:04d}{self.linked[name] % 10}"
        arxiv = known if self.linked[name] % 2 else alone
        put(self.store, self._page(name, arxiv), source="cvf", now=self.now)

    def withdraw(self) -> None:
        """A preprint is withdrawn, or one that was comes back."""
        if not self.count:
            return
        away = sorted(name for name, version in self.versions.items() if version % 2 == 0)
        native = f"1711.{self.dice.randrange(max(self.count - 4, 1), self.count + 1):05d}"
        if away and self.dice.random() < 0.7:
            native = self.dice.choice(away)
        self.versions[native] = self.versions.get(native, 1) + 1
        gone = self.versions[native] % 2 == 0
        more = {"version": self.versions[native], "withdrawn": gone}
        put(self.store, self._preprint(native, self.now, **more), now=self.now)

    def subscribe(self, target: str, watch: str, **terms: object) -> None:
        """Subscribe a target to a watch of adversarial networks, or again."""
        wanted = Wanted(watch=watch, channel="email", target=target, **terms)  # type: ignore[arg-type]
        with self.store.write() as connection:
            pk = people.ensure(connection, f"email:{target}", self.now, confirmed=True)
            known = subscriptions.find(connection, wanted)
            row = subscriptions.add(connection, wanted, pk, self.now, origin="cli", confirmed=True)
            if known is None or known.state == "ended":
                self._begins(connection, row.pk, self.now)
            else:
                self._goes_on(connection, known)

    def _begins(self, connection: sa.Connection, pk: int, earliest: datetime | None) -> None:
        newest = connection.scalar(sa.select(sa.func.max(event.c.id))) or 0
        self.begun[pk] = Begun(newest, earliest)

    def _goes_on(self, connection: sa.Connection, before: subscriptions.Row) -> None:
        """Note what a pause skipped; who pauses before the first digest begins anew."""
        if before.state == "paused":
            self._begins(connection, before.pk, None if before.started_at else self.now)
            if before.started_at and before.paused_at:
                clock = max(before.paused_at, before.told_at or before.paused_at)
                self.skipped.append((before.pk, clock, len(self.told)))

    def _resume(self, connection: sa.Connection, row: subscriptions.Row) -> None:
        subscriptions.resume(connection, row.id, self.now)
        self._goes_on(connection, row)

    def _anybody(self) -> subscriptions.Row | None:
        with self.store.read() as connection:
            return self.dice.choice(subscriptions.everything(connection) or [None])

    def pause(self) -> None:
        """A reader pauses. What comes meanwhile is skipped, so that one is not held to have it."""
        row = self._anybody()
        if row and row.target != TARGETS[0]:
            self.restless.add(row.pk)
            with self.store.write() as connection:
                subscriptions.pause(connection, row.id, self.now)

    def suspend(self) -> None:
        """A subscription had its third refusal, by a letter that was for it alone."""
        row = self._anybody()
        if row and row.state == "active":
            with self.store.write() as connection:
                mine = subscription.c.pk == row.pk
                connection.execute(sa.update(subscription).where(mine).values(state="suspended"))

    def end(self) -> None:
        """A reader unsubscribes."""
        row = self._anybody()
        if row and row.target != TARGETS[0]:
            self.restless.add(row.pk)
            self.skipped = [one for one in self.skipped if one[0] != row.pk]
            with self.store.write() as connection:
                subscriptions.end(connection, row.id, self.now)

    def come_back(self) -> None:
        """Whoever paused or was suspended goes on, whoever ended subscribes again."""
        row = self._anybody()
        if row and row.state in ("paused", "suspended"):
            with self.store.write() as connection:
                self._resume(connection, row)
        for target in TARGETS:
            with self.store.read() as connection:
                mine = {r.watch for r in subscriptions.of_target(connection, "email", target)}
            for watch in sorted({*WATCHES} - mine):
                self.subscribe(target, watch)

    def change(self) -> None:
        """A reader wants another schedule, zone, language or limit."""
        row = self._anybody()
        if row:
            given = {
                "schedule": self.dice.choice(SCHEDULES),
                "tz": self.dice.choice(ZONES),
                "limit": self.dice.choice((1, 3, 25)),
                "lang": self.dice.choice(LANGUAGES),
            }
            with self.store.write() as connection:
                terms = Terms(**(row.terms.model_dump() | given))
                subscriptions.change(connection, row.id, terms, self.now)

    def pass_time(self) -> None:
        """The clock goes on, now and then back."""
        hours = self.dice.choice((0.1, 1, 5, 12, 24, 30, 60, -3, -30))
        self.now += hours * HOUR
        for one in self.begun.values():
            one.earliest = one.earliest and min(one.earliest, self.now)

    def morning(self) -> None:
        """Some time later, when much is due."""
        self.pass_time()
        self.send()

    def send(self, **more: Any) -> None:
        """A sender's pass, that may die."""
        impatient = self.dice.random() < 0.3
        channel = Wild(self)
        outer, self.disturbed = self.inside, self.disturbed and self.inside
        given = (self.store, self.settings, CONFIG, {channel.name: channel}, self.now)
        try:
            done = Sender(*given, impatient=impatient, **more).run()  # type: ignore[arg-type]
        except Dies:
            self.inside = False
        else:
            if not (outer or self.disturbed):
                self._reported(channel, done)

    def _reported(self, channel: Wild, done: list[Delivered]) -> None:
        """What a pass says of each subscription must be what came of the letters."""
        with self.store.read() as connection:
            mine = {(r.target, r.watch): r for r in subscriptions.everything(connection)}
        expected = Counter[tuple[str, str]]()
        usual = {"sent": "sent", "no": "failed"}
        for one, answer in channel.said.values():
            for row in (mine[one.target, watch] for watch in one.watches):
                gone = answer != "sent" and row.state == "suspended"
                expected[row.id, "suspended" if gone else usual.get(answer, "deferred")] += 1
        said = Counter((one.subscription, one.status) for one in done if one.status != "empty")
        if said != expected:
            self.wrong.append(("reported", said, expected))

    def outage(self) -> None:
        """What is due is put off for certain; before it is tried again one reader is suspended."""
        self.down = True
        self.morning()
        self.down = False
        self.suspend()

    def stop_early(self) -> None:
        """A sender that ends after it has claimed, before it hands anything over."""
        asked = iter((False,))
        self.send(stopping=lambda: next(asked, True))

    def arrived(self, one: Letter) -> None:
        """Note what a letter tells: nothing of those that were left out as it was put together."""
        with self.store.read() as connection:
            asked = sa.select(letter.c.pk).where(letter.c.key == one.key)
            pk = connection.execute(asked).scalar_one()
            rows = outbox.rows_of(connection, letters.by_keys(connection, [pk])[0].subscriptions)
            mine = {row.pk for row in rows.values() if row.watch in one.watches}
            told = [t for t in letters.contents(connection, [pk])[pk] if t.subscription_pk in mine]
            docs = letters.documents(connection, {one.paper_pk for one in told})
        told_now = [(t.subscription_pk, t, _works(docs[t.paper_pk])) for t in told]
        sure = not (self.disturbed or self.inside)
        begun = {pk: replace(self.begun[pk]) for pk in mine}
        self.told.append(Told(one, sure, told_now, docs, begun))

    def settle(self) -> None:
        """Everything works, for as long as the rarest schedule takes."""
        self.calm = True
        self.now += 3 * DAY
        with self.store.write() as connection:
            for row in subscriptions.everything(connection):
                self._resume(connection, row)
        self.pass_quietly()

    def pass_quietly(self) -> None:
        """Ten days on which all goes well."""
        for _ in range(11):
            self.now += 23 * HOUR
            self.tag(most=10_000)
            self.send()

    def four_papers(self) -> list[str]:
        """The titles of four papers that come in now."""
        names = [f"1712.0000{n}" for n in range(4)]
        drafts = [self._preprint(name, self.now - HOUR) for name in names]
        put(self.store, *drafts, now=self.now)
        return [one.title for one in drafts]


def _works(doc: Mapping[str, Any]) -> frozenset[str]:
    """What a paper is made of, whatever the version."""
    keys = {entry["key"] for entry in doc["entries"]}
    return frozenset(key.rpartition("v")[0] if key.startswith("arxiv:") else key for key in keys)


LANGUAGES = ("en", "zh")


def play(store: Store, folder: Path, seed: int) -> Model:
    """A round, up to its end."""
    settings = Settings(data_dir=folder, secret_key="a secret of forty signs, for the tests..")  # type: ignore[arg-type]
    model = Model(store, settings, random.Random(seed))
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name=WATCHES[1], topics=("gan",)), NOW)
    for target, watch in product(TARGETS, WATCHES):
        model.subscribe(target, watch, schedule=model.dice.choice(SCHEDULES), limit=3)
    for _ in range(STEPS):
        model.dice.choice(model.operations)()
    model.settle()
    return model
