"""A store filled with real papers: arXiv, ICCV 2017 and Reddit, as the stand-in services have them in
November 2017."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from aggregator import pipeline, topics
from aggregator.clock import iso
from aggregator.collect import works
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config
from tests.conftest import sqlite_store
from tests.e2e.conftest import PROJECT
from tests.e2e.pages import Look
from tests.sources.standin import StandIn

TUESDAY = datetime(2017, 11, 14, 12, tzinfo=UTC)
_SOURCES = """
[[sources]]
name = "arxiv"
kind = "arxiv"
categories = ["cs.LG", "cs.CV", "cs.CL", "cs.NE", "cs.IR", "stat.ML"]
lookback_days = 4
oai_url = "{url}/arxiv/oai"
rss_url = "{url}/arxiv/rss"
api_url = "{url}/arxiv/api/query"
pace_seconds = 0

[[sources]]
name = "cvf"
kind = "cvf"
venues = ["ICCV2017"]
base_url = "{url}/cvf"
pace_seconds = 0

[[sources]]
name = "reddit"
kind = "reddit"
subreddits = ["MachineLearning"]
base_url = "{url}/reddit"
oauth_url = "{url}/reddit-oauth"
pace_seconds = 0
"""


BARRIERS = "/papers/arxiv:1711.04952"
"""Has formulas that no plain text says."""
SOFTMAX = "/papers/arxiv:1711.03953"
"""Is talked about."""
DECAY = "/papers/arxiv:1711.05101"
"""Decoupled Weight Decay Regularization: surely about optimizers; it came on Wednesday."""
ADDRESSES = {
    "today": "/", "today-topic": "/?date=2017-11-14&topic=architectures", "past day": "/?date=2017-11-14",
    "empty day": "/?date=2017-11-11", "since": "/?since=2017-11-13", "topics": "/topics",
    "topic": "/topics/architectures", "hot": "/topics/gan?sort=hot", "mine": "/topics/gan?sort=mine",
    "week": "/topics/architectures?week=2017-11-13", "posts": "/topics/discussions",
    "formulas": BARRIERS, "discussed": SOFTMAX, "paper": DECAY, "search": '/search?q="neural network"',
    "ranked": "/search?q=learning&sort=relevance", "library": "/library", "sources": "/sources",
    "label": "/label?topic=gan", "settings": "/settings",
}  # fmt: skip
LOOKS = tuple(Look(name, "real", path, who="guest") for name, path in ADDRESSES.items())
"""The same kinds of pages as over invented papers."""


@dataclass(slots=True)
class Real:
    """A store, the services that fill it, and the time that its readers have."""

    store: Store
    folder: Path
    services: StandIn
    config: Config
    time: datetime = field(default=TUESDAY)

    def now(self) -> datetime:
        """What the clock on the wall says."""
        return self.time

    def collect(self, *names: str) -> None:
        """Fetch what is out by now, from all sources or these, and tag it with the shipped model."""
        login: dict[str, Any] = {
            "reddit_client_id": SecretStr("a"),
            "reddit_client_secret": SecretStr("b"),
        }
        settings = Settings(data_dir=self.folder, **login)
        self.services.control(now=iso(self.time))
        done = pipeline.collect(self.store, settings, self.config, names, as_of=self.time)
        assert done.all_well, done.sources
        self.tag()

    def tag(self) -> None:
        """Tag what waits for it."""
        pipeline.tag(self.store, Settings(data_dir=self.folder), self.config)

    def next_day(self) -> None:
        """The same hour of the day after, with what is out then."""
        self.time += timedelta(days=1)
        self.collect()


@contextmanager
def empty(folder: Path, services: StandIn) -> Iterator[Real]:
    """A store with nothing but the representative works, on Tuesday."""
    own = (PROJECT / "topics.toml").read_text(encoding="utf-8").partition("[[sources]]")[0]
    config = topics.parse(own + _SOURCES.format(url=services.url), "topics.toml")
    with closing(sqlite_store(folder)) as store:
        works.load(store, config, TUESDAY)
        yield Real(store, folder, services, config)
