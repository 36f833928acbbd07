"""Subscriptions, papers that arrive, and passes of a sender, for tests of the ledger."""

import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.sending.send import Delivered, Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.watches import Wanted
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ADA = "ada@example.org"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, secret_key="a secret of forty signs, for the tests..")  # type: ignore[arg-type]


def subscribe(store: Store, target: str = ADA, watch: str = "gan", **terms: object) -> Row:
    wanted = Wanted(watch=watch, channel="email", target=target, **terms)  # type: ignore[arg-type]
    with store.write() as connection:
        pk = people.ensure(connection, f"email:{target}", NOW, confirmed=True)
        return subscriptions.add(connection, wanted, pk, NOW, origin="cli", confirmed=True)


def native(title: str) -> str:
    """The arXiv id of the paper of this title."""
    return f"1711.{zlib.crc32(title.encode()) % 100_000:05d}"


def arrive(store: Store, *titles: str, now: datetime = NOW, topic: str = "gan") -> None:
    """New preprints of these titles, announced and stored at `now`, and tagged."""
    for title in titles:
        put(store, preprint(native(title), title=title, published=now - HOUR), now=now)
    give_tags(store, {title: [(topic, 0.9)] for title in titles})


def send(
    store: Store, settings: Settings, box: Box, now: datetime = NOW, **more: Any
) -> list[Delivered]:
    return Sender(store, settings, CONFIG, {box.name: box}, now, **more).run()
