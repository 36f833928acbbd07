"""Lives through one simulated week of one source, quiet or with a fault from the second to the fourth day."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.clock import iso
from aggregator.fetch.client import PATIENCE
from aggregator.models import Draft
from aggregator.settings import Settings
from aggregator.status import source_states
from aggregator.store import entries
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from tests.reliability.feeds import write_feeds
from tests.reliability.modes import Mode
from tests.reliability.places import Place
from tests.sources.standin import StandIn

STEP = timedelta(hours=12)
STEPS = 15
TOTAL = range(2, 6)
"""Steps at which every request meets the fault: the second and the third day."""
FLAKY = range(6, 8)
"""Steps at which every fifth request does, a dozen at most: the fourth day."""
HEALED = FLAKY.stop


@dataclass(frozen=True, slots=True)
class Look:
    """What one collect left: `status` is None where the source was not due; `met` says that an answer
    was spoilt on its way; `shown` are the titles that the upstream has by itself at that time."""

    at: datetime
    status: str | None
    message: str
    met: bool
    stored: Mapping[str, Draft]
    shown: tuple[str, ...]
    asked: tuple[Mapping[str, Any], ...]


@dataclass(slots=True)
class Week:
    """All looks of a week, and how many papers there are in the end."""

    looks: list[Look] = field(default_factory=list)
    papers: list[str] = field(default_factory=list)


class Bench:
    """A stand-in, a folder to work in, and an empty store to begin with."""

    def __init__(self, services: StandIn, feeds: Path, folder: Path) -> None:
        self.services, self.feeds, self._folder = services, feeds, folder
        self._empty = folder / "empty.sqlite3"
        store = Store(f"sqlite:///{self._empty}", folder)
        store.migrate()
        store.close()

    def live(self, place: Place, mode: Mode | None = None) -> Week:
        """One week, from an empty store."""
        home = self._folder / "week"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        shutil.copy(self._empty, home / "daypaper.sqlite3")
        store = Store(f"sqlite:///{home / 'daypaper.sqlite3'}", home)
        patience = mode.patience if mode and mode.patience else PATIENCE
        settings = Settings(
            data_dir=home,
            contact="reliability@example.org",
            patience_seconds=patience,
            **place.settings,
        )
        config = topics.parse(place.toml(self.services.url), "topics.toml")
        week = Week()
        try:
            for step in range(STEPS):
                now = place.start + step * STEP
                self._turn(place, mode, step, now)
                week.looks.append(self._look(store, settings, config, place, mode, step, now))
            with store.read() as connection:
                week.papers = [doc["title"] for doc in connection.scalars(sa.select(paper.c.doc))]
        finally:
            self.services.control(clear=True)
            store.close()
        return week

    def _turn(self, place: Place, mode: Mode | None, step: int, now: datetime) -> None:
        write_feeds(self.feeds, now)
        self.services.control(clear=True, now=iso(now), reset_log=True)
        if not mode or step not in (*TOTAL, *FLAKY):
            return
        seldom = {"every_nth": 5, "times": 12} if step in FLAKY else {}
        self.services.control(fault={"prefix": place.prefix, **seldom, **mode.fault})
        for fault in place.beside:
            self.services.control(fault=dict(fault))

    def _look(
        self,
        store: Store,
        settings: Settings,
        config: topics.Config,
        place: Place,
        mode: Mode | None,
        step: int,
        now: datetime,
    ) -> Look:
        # A person looks after it once the upstream is well: some refusals wait for that.
        names = [one.name for one in config.sources] if mode and step == HEALED else []
        done = pipeline.collect(store, settings, config, names, as_of=now)
        # What people are told: what waits to be looked up is said with the state, not by the run.
        told = _told(store, settings, config, place, now) if place.kind in done.sources else None
        asked = tuple(r for service in place.services for r in self.services.asked(service))
        met = any(r["fault"] and r["status"] != 304 for r in asked)
        self.services.control(clear=True)  # what is shown is asked for without the fault
        shown = tuple(place.shown(self.services.url)) if mode is None else ()
        status, message = (told["status"], told["message"]) if told else (None, "")
        return Look(now, status, message, met, drafts(store), shown, asked)


def _told(
    store: Store, settings: Settings, config: topics.Config, place: Place, now: datetime
) -> dict[str, Any]:
    """The state of the source of that place, as every page shows it."""
    sources = pipeline.make_sources(config, settings)
    with store.read() as connection:
        states = source_states(store, connection, sources, now)
    return next(state for state in states if state["name"] == place.kind)


def drafts(store: Store) -> dict[str, Draft]:
    """Everything stored, by key."""
    with store.read() as connection:
        keys = list(connection.scalars(sa.select(entry.c.key)))
        found, _ = entries.of_keys(connection, keys)
    return {key: one.draft for key, one in found.items()}
