"""A round of random words about one address, for test_consent_model.py: its owner's, a stranger's, the
administrator's and those of topics.toml, each as it really comes: by a form, a link of a mail that arrived, a
command or a line of the file. What the address is to get is kept in a reference of three facts."""

import random
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from aggregator import deliver
from aggregator.people import subscribers
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions
from aggregator.store.sql import subscription
from aggregator.store.subscriptions import UNCONFIRMED_FOR, Row
from aggregator.topics import Config
from tests.api.mailed import Installation, link
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.people.test_subscribers import ADA as LINE
from tests.people.test_subscribers import config
from tests.smtp_server import Received

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
STEPS = 60
"""Words and days of a round."""
ADA = "ada@example.org"
_NAMED = config(LINE)
_WANTED = _NAMED.subscriptions[0].model_copy(update={"target": ADA})

Word = Literal["", "yes", "paused", "no"]


@dataclass
class Reference:
    """`word` is the last that counts: its owner's, or the administrator's; "" while there is none.
    `by_file`: it is the file that began what goes on. `open_until`: the owner may answer until then."""

    word: Word = ""
    by_file: bool = False
    suspended: bool = False
    gets: bool = False
    open_until: datetime | None = None


@dataclass
class Model:
    """One round: an installation, what it was told, and what should come of that."""

    at: Installation
    dice: random.Random
    said: Reference = field(default_factory=Reference)
    named: bool = False
    count: int = 0
    owed: set[str] = field(default_factory=set)
    """Titles of papers that came while the address was to get them."""
    forgotten: int = 0
    """Mails of before everything about the address was erased."""
    trace: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.at.moment[0]

    def row(self) -> Row | None:
        """What is stored of the subscription, in whatever state."""
        with self.at.store.read() as connection:
            c = subscription.c
            asked = sa.select(subscription).where(c.target == ADA, c.watch == "gan")
            return next((subscriptions.row_of(r._mapping) for r in connection.execute(asked)), None)

    def mails(self, page: str) -> list[Received]:
        """What arrived and has a link to this page, oldest first; links of before an erasure open nothing."""
        arrived = self.at.server.received[self.forgotten :]
        return [one for one in arrived if f"/{page}/".encode() in _body(one)]

    def open(self) -> bool:
        """May the owner still answer?"""
        return self.said.open_until is not None and self.now <= self.said.open_until

    # What anybody does.

    def form(self) -> None:
        """Somebody fills in the form with this address."""
        asked = len(self.mails("confirm"))
        self.at.sign_up()
        more = len(self.mails("confirm")) - asked
        assert more in (0, 1)
        if self.said.gets:
            assert not more, "asked though it is subscribed"
        elif more or self.open():
            self.said.open_until = self.now + UNCONFIRMED_FOR
            if self.said.word in ("", "no") and not self.said.suspended:
                self.said.by_file = False

    # What its owner does.

    def confirm(self) -> None:
        """The owner follows the newest mail that asks, and presses its button."""
        if asking := self.mails("confirm"):
            self.at.client.post(link(asking[-1].message, "confirm"))
            if self.open():
                self._begins("yes")

    def leave(self, *, slip: bool = False) -> None:
        """A mail program ends it by the header of any mail that came, as RFC 8058 has it; or the owner
        by the page, and takes it back at once."""
        told = self.mails("unsubscribe")
        if not told:
            return
        path = _unsubscribe(self.dice.choice(told))
        before, row = Reference(**vars(self.said)), self.row()
        if not slip:
            self.at.client.post(path, data={"List-Unsubscribe": "One-Click"})
        page = self.at.client.post(path).text if slip else ""
        if row is None:
            return
        self.said, owed, self.owed = Reference("no", by_file=before.by_file), self.owed, set()
        button = re.search(r'name="again" value="([^"]+)"', page)
        if button:
            self.at.client.post(path, data={"again": button[1]})
            if before.word in ("yes", "paused") or before.gets or before.suspended:
                self.said, self.owed = before, owed
                self.said.open_until = None
                if before.suspended and before.word != "paused":
                    self._begins(before.word)

    def slip(self) -> None:
        """The owner unsubscribes, and takes it back."""
        self.leave(slip=True)

    def pause(self) -> None:
        """By the page of preferences."""
        if self._presses("pause") and (self.said.gets or self.said.suspended):
            self.said.word, self.said.gets, self.said.suspended = "paused", False, False
            self.owed = set()

    def resume(self) -> None:
        """By the page of preferences."""
        if self._presses("resume") and (self.said.word == "paused" or self.said.suspended):
            self._begins("yes")

    def erase(self) -> None:
        """By the page of preferences: what was told before is not known any more."""
        if self.row():
            self._presses("erase", sure="yes")
            self.said = Reference("no")
            self.owed, self.forgotten = set(), len(self.at.server.received)

    def _presses(self, button: str, **more: str) -> bool:
        """Press a button of the page of preferences; is the subscription on it?"""
        row = self.row()
        if row is None:
            return False
        with self.at.store.read() as connection:
            person = people.by_id(
                connection, people.ids(connection, {row.person_pk})[row.person_pk]
            )
        path = f"/preferences/{self.at.signer.preferences_token(person.id)}"
        shown = row.id in self.at.client.get(path).text
        self.at.client.post(path, data={"id": row.id, "action": button} | more)
        return shown

    # What the administrator does, by commands and by the file.

    def command(self) -> None:
        """`daypaper subscribe --confirmed`."""
        with self.at.store.write() as connection:
            subscribers.add(connection, CONFIG, _WANTED, self.now, origin="cli", confirmed=True)
        self.said.by_file = False
        self._begins("yes")

    def line(self) -> None:
        """The line in the file is put in or taken out."""
        self.named = not self.named
        self.follow()

    def follow(self) -> None:
        """The file is read, as with every pass of `daypaper send`."""
        settings = Settings(data_dir=self.at.settings.data_dir, topics=Path("t.toml"))
        chosen: Config = _NAMED if self.named else config("")
        subscribers.follow_file(self.at.store, settings, chosen, self.now)
        said = self.said
        if self.named and not said.gets and not said.suspended and said.word in ("", "yes"):
            said.by_file = True
            self._begins("")
        elif not self.named and said.by_file:
            said.gets = said.suspended = False
            self.owed = set()
            said.word = "" if said.word == "yes" else said.word

    # What comes about.

    def suspend(self) -> None:
        """The address refused mail three times."""
        if self.said.gets:
            with self.at.store.write() as connection:
                mine = subscription.c.target == ADA
                connection.execute(sa.update(subscription).where(mine).values(state="suspended"))
            self.said.gets, self.said.suspended = False, True

    def pass_time(self) -> None:
        """Some hours or days; what nobody answered is forgotten."""
        self.at.moment[0] += self.dice.choice((0.2, 2, 30, 80)) * HOUR
        with self.at.store.write() as connection:
            subscriptions.forget_unconfirmed(connection, self.now)

    def news(self) -> None:
        """A paper comes; a day later what is due is sent."""
        self.count += 1
        title = f"Paper number {self.count} alone"
        put(self.at.store, preprint(f"1711.{self.count:05d}", title=title, authors=(title,),
                                    published=self.now - HOUR), now=self.now)  # fmt: skip
        give_tags(self.at.store, {title: [("gan", 0.9)]})
        if self.said.gets or (self.said.suspended and self.said.word != "paused"):
            self.owed.add(title)
        self.at.moment[0] += DAY + HOUR
        self.follow()
        before = len(self.at.server.received)
        channels = deliver.channels(self.at.settings)
        Sender(self.at.store, self.at.settings, CONFIG, channels, self.now).run()
        if not self.said.gets:
            assert len(self.at.server.received) == before, "told though it should not be"
            return
        assert self.owed <= self.titles().keys(), "not told"

    def titles(self) -> dict[str, int]:
        """Titles of papers in all mails -> how many mails told of them."""
        found: dict[str, int] = {}
        for one in self.mails("unsubscribe"):
            for title in set(re.findall(rb"Paper number \d+ alone", _body(one))):
                found[title.decode()] = found.get(title.decode(), 0) + 1
        return found

    def _begins(self, word: Word) -> None:
        said = self.said
        said.word, said.gets, said.suspended, said.open_until = word, True, False, None


def _body(one: Received) -> bytes:
    """What its parts say, however they were packed for the way."""
    packed = [part.get_payload(decode=True) for part in one.message.walk()]
    return b"".join(part for part in packed if isinstance(part, bytes))


def _unsubscribe(one: Received) -> str:
    """The path of the header's address."""
    found = re.search(r"https?://[^/]+(/unsubscribe/[^>]+)>", str(one.message["List-Unsubscribe"]))
    assert found
    return found[1]


def play(at: Installation, seed: int) -> Model:
    """A round; a fact that is not as it should be fails it, with what was said before."""
    model = Model(at, random.Random(seed))
    words = [model.form, model.confirm, model.confirm, model.leave, model.slip, model.pause,
             model.resume, model.command, model.line, model.line, model.suspend, model.erase, model.pass_time,
             *[model.news] * 5]  # fmt: skip
    for _ in range(STEPS):
        word = model.dice.choice(words)
        model.trace.append(f"{word.__name__} {model.now:%d %H:%M}")
        word()
        row = model.row()
        model.trace[-1] += f" -> {row.state if row else None}, {model.said}"
        gets = row is not None and row.state == "active"
        assert gets == model.said.gets, "\n".join(model.trace)
    return model
