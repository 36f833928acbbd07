"""Runs one source as `daypaper collect` does: real HTTP over loopback, a real store."""

from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.collect.attempt import Outcome
from aggregator.models import Draft
from aggregator.settings import Settings
from aggregator.store import entries, ledger
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper


class Collected:
    """A store and one source, or several, of a topics file."""

    def __init__(self, store: Store, folder: Path, toml: str, **settings: Any) -> None:
        self.store = store
        self._settings = Settings(data_dir=folder, **settings)
        self._config = topics.parse(toml, "topics.toml")

    def run(self, at: datetime, *, since: datetime | None = None) -> Outcome:
        """Collect every source, due or not; what became of the last one."""
        names = [source.name for source in self._config.sources]
        done = pipeline.collect(
            self.store, self._settings, self._config, names, as_of=at, since=since
        )
        return done.sources[names[-1]]

    def drafts(self) -> dict[str, Draft]:
        """Everything stored, by key."""
        with self.store.read() as connection:
            keys = list(connection.scalars(sa.select(entry.c.key)))
            found, _ = entries.of_keys(connection, keys)
        return {key: one.draft for key, one in found.items()}

    def papers(self) -> list[dict[str, Any]]:
        """Every paper as the API gives it."""
        with self.store.read() as connection:
            return [dict(doc) for doc in connection.scalars(sa.select(paper.c.doc))]

    def checkpoint(self) -> dict[str, Any]:
        """What the last source reached."""
        with self.store.read() as connection:
            return ledger.checkpoints(connection, self._config.sources[-1].name)
