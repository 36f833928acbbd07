"""The installations whose pages are looked at: a morning of papers, one with accounts, one before its first
paper, one that cannot reach its sources."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from aggregator import pipeline, topics
from aggregator.collect import works
from aggregator.merge.plan import Counts
from aggregator.people import subscribers
from aggregator.people.signing import Signer
from aggregator.settings import Settings
from aggregator.store import accounts, feedback, kept, papers, people, runs, subscriptions
from aggregator.store.db import Store
from aggregator.store.kept import Shelf
from aggregator.topics import Config
from aggregator.watches import Wanted
from tests.conftest import sqlite_store
from tests.e2e import hostile, owned, sample
from tests.e2e.conftest import PROJECT, served
from tests.smtp_server import MailServer

Who = Literal["reader", "guest", "elsewhere"]
"""Who looks: one whom the place knows (with accounts an owner who is signed in), one whom it does not
know, or a browser on another machine."""

READER, BROWSER = "r" * 26, "secret-of-the-browser-that-asked"
OWNER = "owner@example.org"
STARRED, JUDGED = "arxiv:2611.10001", "arxiv:2611.10006"
KEPT: dict[str, Shelf] = {"arxiv:2611.10003": "later", "arxiv:2611.10004": "read", JUDGED: "hidden"}


@dataclass(frozen=True, slots=True)
class Place:
    """A running installation, and what a person of it has in hand: cookies, links of mails."""

    url: str
    store: Store
    folder: Path
    config: Config
    session: str = ""
    _people: Iterator[int] = field(default_factory=lambda: count(1))

    def signer(self, *, ago: timedelta = timedelta(0)) -> Signer:
        """What makes its links, at its time or so long ago."""
        return Signer.of(Settings(data_dir=self.folder), lambda: sample.NOW - ago)

    def cookies(self, who: Who, lang: str) -> list[Any]:
        """What the browser brings."""
        brought = {"lang": lang, "attempt": BROWSER}
        if who == "reader":
            brought |= {"reader": self.signer().reader_token(READER)}
            brought |= {"session": self.session} if self.session else {}
        return [{"name": name, "value": value, "url": self.url} for name, value in brought.items()]

    def subscriber(self, lang: str, *watches: str, confirmed: bool = True) -> tuple[str, list[str]]:
        """Somebody new with subscriptions to these: (id of the person, ids of the subscriptions)."""
        address = f"ada{next(self._people)}@example.org"
        with self.store.write() as connection:
            rows = [
                subscribers.add(
                    connection,
                    self.config,
                    Wanted(watch=w, channel="email", target=address, lang="zh" if lang == "zh" else "en"),
                    sample.NOW,
                    origin="web",
                    confirmed=confirmed,
                )
                for w in watches
            ]  # fmt: skip
            (person,) = people.ids(connection, {rows[0].person_pk}).values()
        return person, [row.id for row in rows]

    def link_to_sign_in(self) -> str:
        """A link for the browser with the cookie `attempt` of BROWSER; the one before is taken back."""
        address = f"ada{next(self._people)}@example.org"
        with self.store.write() as connection:
            made = accounts.ask(connection, address, BROWSER, "/", sample.NOW, most=1)
        assert made
        return f"/sign-in/{self.signer().sign_in_token(made)}"

    def nobody(self, lang: str) -> str:
        """The id of a person all of whose subscriptions have been deleted."""
        person, ids = self.subscriber(lang, "gan")
        with self.store.write() as connection:
            subscriptions.end(connection, ids[0], sample.NOW)
        return person


@contextmanager
def places(folder: Path) -> Iterator[dict[str, Place]]:
    """All of them, running; their stores are in `folder`."""
    config = topics.load(PROJECT / "topics.toml")
    with ExitStack() as open_:
        mail: dict[str, Any] = {"smtp_url": SecretStr(open_.enter_context(MailServer()).url)}
        mail["limit_signups"] = "1000/hour"  # each visit signs up
        signed_in = {**mail, "accounts": True, "owners": OWNER, "accounts_for": "example.org"}
        by_provider = {
            "oidc_issuer": "https://id.example.org",
            "oidc_client_id": "daypaper",
            "oidc_client_secret": SecretStr("secret"),
        }
        given: dict[str, dict[str, Any]] = {
            "morning": mail,
            "accounts": signed_in | by_provider,
            "empty": {},
            "stuck": {},
        }
        made = {}
        for name, settings in given.items():
            own = folder / name
            own.mkdir()
            store = open_.enter_context(closing(sqlite_store(own)))
            session = _fill(name, store, own, config)
            url = open_.enter_context(served(store, own, config, **settings))
            made[name] = Place(url, store, own, config, session)
        yield made


def _fill(name: str, store: Store, folder: Path, config: Config) -> str:
    """What is in the store of that place; returns the secret of its owner's session, if it has any."""
    works.load(store, config, sample.NOW)
    if name == "empty":
        return ""
    if name == "stuck":
        _fail(store, config)
        return ""
    sample.fill(store)
    hostile.fill(store)
    pipeline.tag(store, Settings(data_dir=folder), config)
    if name == "morning":
        owned.fill(store, config)
    with store.write() as connection:
        id_of = {name: papers.by_name(connection, name).doc["id"] for name in (STARRED, *KEPT)}
        if name == "morning":
            local = people.ensure(connection, people.LOCAL, sample.NOW, confirmed=True)
            judged = id_of[JUDGED], "datasets", True
            feedback.say(connection, local, *judged, sample.NOW, topics=config.topics)
            session = ""
            owner = people.ensure(connection, f"browser:{READER}", sample.NOW, confirmed=False)
        else:
            owner = people.ensure(connection, f"email:{OWNER}", sample.NOW, confirmed=True)
            session = accounts.begin(connection, owner, "", sample.NOW)
        kept.put(connection, owner, id_of[STARRED], "starred", sample.NOW)
        kept.note(connection, owner, id_of[STARRED], "Look at table 3.", sample.NOW)
        for paper, shelf in KEPT.items():
            kept.put(connection, owner, id_of[paper], shelf, sample.NOW)
    return session


def _fail(store: Store, config: Config) -> None:
    """Nothing could be reached; one source is being asked again."""
    at = sample.NOW - timedelta(minutes=5)
    enabled = [one.name for one in config.sources if one.enabled]
    with store.write() as connection:
        for name in enabled:
            run = runs.start(connection, name, at, at, False)
            runs.finish(
                connection, run, "failed", "The host did not answer in time.", Counts(), skipped=0,
                requests=3, failures=3, wall=at + timedelta(minutes=1),
            )  # fmt: skip
        runs.start(connection, enabled[0], sample.NOW, sample.NOW, False)
