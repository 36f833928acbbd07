"""A least probability holds in everything that a watch or a query gives: letters, digests, lists
and feeds."""

import feedparser
import pytest
from starlette.testclient import TestClient

from aggregator.digest.letter import subject
from aggregator.sending import trial
from aggregator.sending.news import watch_digest
from aggregator.settings import Settings
from aggregator.store import watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from tests.api.conftest import app, client
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import HOUR, send, settings, subscribe

__all__ = ["app", "client", "settings"]
PAPERS = {"Sure": 0.95, "Likely": 0.7, "Unlikely": 0.3, "No": 0.05}  # tagged from one half on


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    """The papers, and watches of `gan` with and without a least probability."""
    put(
        store,
        *(
            preprint(f"1711.{n:05d}", title=title, published=NOW - HOUR)
            for n, title in enumerate(PAPERS)
        ),
    )
    give_tags(store, {title: [("gan", p)] for title, p in PAPERS.items()})
    with store.write() as connection:
        for name, least in (("any", None), ("strict", 0.8), ("broad", 0.2)):
            made = Watch(name=name, topics=("gan",), min_probability=least)
            watches.save(connection, CONFIG, made, NOW)


WANTED = [
    ("any", {"Sure", "Likely"}),
    ("strict", {"Sure"}),
    ("broad", {"Sure", "Likely", "Unlikely"}),
]


@pytest.mark.parametrize(("watch", "titles"), WANTED)
def test_of_a_watch(
    store: Store, settings: Settings, client: TestClient, watch: str, titles: set[str]
) -> None:
    box = Box()
    subscribe(store, watch=watch)
    send(store, settings, box)
    assert set(box.titles()) == titles
    made, _ = watch_digest(store, settings, CONFIG, watch, NOW - 24 * HOUR, NOW, 10)
    assert {item.paper["title"] for s in made.sections for item in s.items} == titles
    answer = client.get(f"/api/v1/digests/{watch}").json()
    assert {one["title"] for s in answer["topics"] for one in s["items"]} == titles
    feed = feedparser.parse(client.get(f"/feeds/{watch}.atom").content)
    assert {entry.title for entry in feed.entries} == titles


def test_of_a_subscription_it_goes_above_that_of_its_watch(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, watch="broad", min_probability=0.9)
    send(store, settings, box)
    assert box.titles() == ["Sure"]


def test_a_test_message_is_as_its_subscription_would_have_it(
    store: Store, settings: Settings
) -> None:
    box = Box()
    row = subscribe(store, watch="broad", min_probability=0.9, tz="Pacific/Auckland")
    trial.send(store, settings, CONFIG, {"email": box}, row.id, NOW)
    assert box.titles() == ["Sure"]
    assert "14 November" in subject(box.letters[0])  # where its reader is


def test_of_a_query(client: TestClient) -> None:
    for least, titles in ((0.9, {"Sure"}), (0.2, {"Sure", "Likely", "Unlikely"})):
        answer = client.get(f"/api/v1/papers?topic=gan&min_probability={least}").json()
        assert {one["title"] for one in answer["items"]} == titles
