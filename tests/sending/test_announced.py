"""What a back-fill brought just before is news all the same when the source that is due brings it: once,
and nothing old with it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.collect.novelty import Novelty
from aggregator.models import Draft, Parsed
from aggregator.settings import Settings
from aggregator.sources.base import Page
from aggregator.store.db import Store
from aggregator.store.sql import event
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import page, preprint
from tests.filled import give_tags
from tests.sending import DAY, HOUR, send, settings, subscribe
from tests.server import Server
from tests.sources.collected import Collected
from tests.sources.feeds import item
from tests.sources.test_feed_again import serve

__all__ = ["settings"]

TITLE = "Announced tonight"
TONIGHT = NOW + 13 * HOUR
LATER = TONIGHT + 3 * HOUR
EMPTY = Page()


def paper(version: int = 1, **more: object) -> Draft:
    told = {"title": TITLE, "published": TONIGHT, **more}
    return preprint("1711.00005", version, **told)  # type: ignore[arg-type]


def bring(
    store: Store,
    source: str,
    draft: Draft,
    *,
    history: bool = False,
    now: datetime = LATER,
    goes_back: bool = False,
    page: Page = EMPTY,
) -> None:
    """What a page of a run stores, of a first one if it is `history`; else the source had all there was
    the day before."""
    novelty = Novelty(now, history, goes_back, None if history else now - DAY)
    with store.write() as connection:
        for old, parsed, since in novelty.parted(page, [Parsed((draft,))]):
            store_drafts(connection, parsed, source, now, backfill=old, announced_since=since)
    give_tags(store, {TITLE: [("gan", 0.9)]})


def week(store: Store, settings: Settings, box: Box) -> list[str]:
    """The titles of all digests of the days after."""
    for n in range(1, 7):
        send(store, settings, box, NOW + n * DAY)
    return [title for title in box.titles() if title == TITLE]


@pytest.fixture
def box(store: Store, settings: Settings) -> Box:
    """The letters of a subscription that has had its first digest."""
    subscribe(store)
    box = Box()
    send(store, settings, box)
    return box


def test_it_is_told_once_whoever_came_first(store: Store, settings: Settings, box: Box) -> None:
    bring(store, "arxiv-cl", paper(), history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", paper())
    bring(store, "arxiv-ml", paper(), now=LATER + HOUR)  # listed again
    bring(store, "arxiv-cl", paper(), now=LATER + HOUR)
    bring(store, "arxiv-cv", paper(), now=LATER + 2 * DAY)
    assert week(store, settings, box) == [TITLE]


def test_a_page_that_joins_the_paper_makes_it_news(
    store: Store, settings: Settings, box: Box
) -> None:
    """The back-fill need not be of the same kind."""
    bring(store, "cvf", page(title=TITLE, published=TONIGHT), history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", paper())
    assert week(store, settings, box) == [TITLE]


def test_whoever_was_told_in_a_first_digest_is_not_told_again(
    store: Store, settings: Settings, box: Box
) -> None:
    bring(store, "arxiv-cl", paper(), history=True, now=LATER - HOUR)
    subscribe(store, "bob@example.org")
    send(store, settings, box, LATER - HOUR / 2)
    assert box.titles().count(TITLE) == 1
    bring(store, "arxiv-ml", paper())
    assert week(store, settings, box) == [TITLE] * 2  # the other one's


OLD = NOW - 9 * DAY


@pytest.mark.parametrize(
    ("back", "regular"),
    [
        pytest.param(paper(published=OLD), paper(published=OLD), id="cross-listed later"),
        pytest.param(paper(published=OLD), paper(), id="taken for announced today"),
        pytest.param(paper(published=OLD), paper(abstract="Mended."), id="changed"),
        pytest.param(paper(published=OLD), paper(2, first_public=OLD), id="replaced"),
        pytest.param(paper(published=OLD), paper(2), id="replaced, says the feed"),
        pytest.param(paper(2), paper(2), id="replaced for both, of an age that nobody knows"),
        pytest.param(paper(dated=False), paper(dated=False), id="of a day that nobody knows"),
    ],
)
def test_nothing_old_is_told(
    store: Store, settings: Settings, box: Box, back: Draft, regular: Draft
) -> None:
    bring(store, "arxiv-cl", back, history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", regular)
    assert week(store, settings, box) == []


def test_a_sources_own_history_stays_history(store: Store, settings: Settings, box: Box) -> None:
    """It lists again what its first run had, and brings the next version."""
    bring(store, "arxiv-ml", paper(), history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", paper(abstract="Mended."))
    bring(store, "arxiv-ml", paper(2, first_public=TONIGHT, published=LATER), now=LATER + HOUR)
    assert week(store, settings, box) == []


def test_what_was_shown_for_long_stays_history() -> None:
    waited = Novelty(NOW, False, False, NOW - 20 * DAY).announced_since
    assert waited == NOW - 7 * DAY
    assert Novelty(NOW, True, False, None).announced_since is None
    assert Novelty(NOW, False, False, None).announced_since is None


def test_a_new_version_is_news_to_who_asked_for_them(store: Store, settings: Settings) -> None:
    subscribe(store, events=["new", "new_version"])
    bring(store, "arxiv-ml", paper(published=OLD), now=NOW - HOUR)
    box = Box()
    send(store, settings, box)
    before = box.titles().count(TITLE)
    second = paper(2, first_public=OLD)
    bring(store, "arxiv-cl", second, history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", second)
    week(store, settings, box)
    assert box.titles().count(TITLE) == before + 1


GOING_BACK: dict[str, Any] = {"goes_back": True}
ADDED: dict[str, Any] = {"page": Page(news_since=NOW)}
"""Of a category that was added after the paper was out."""


@pytest.mark.parametrize(
    ("how", "public", "told"),
    [
        pytest.param(GOING_BACK, TONIGHT, 1, id="--since, tonight"),
        pytest.param(GOING_BACK, NOW - 2 * DAY, 0, id="--since, of before"),
        pytest.param(ADDED, TONIGHT, 1, id="of a paper before the category, tonight"),
        pytest.param(ADDED, NOW - HOUR, 0, id="of before the category"),
        pytest.param({"page": Page(backfill=True)}, TONIGHT, 0, id="of a page of history"),
        pytest.param({"history": True}, TONIGHT, 0, id="of a first run"),
    ],
)
def test_a_new_version_that_comes_with_history_is_news_if_it_is_new(
    store: Store, settings: Settings, how: dict[str, Any], public: datetime, told: int
) -> None:
    bring(store, "arxiv-ml", paper(published=OLD), history=True, now=NOW - 3 * DAY)
    subscribe(store, events=["new_version"])
    box = Box()
    send(store, settings, box)
    second = paper(2, first_public=OLD, published=public)
    bring(store, "arxiv-ml", second, **how)
    bring(store, "arxiv-ml", second, now=LATER + HOUR)
    assert week(store, settings, box) == [TITLE] * told


def test_the_first_that_is_known_of_an_old_paper_stays_history(
    store: Store, settings: Settings
) -> None:
    subscribe(store, events=["new", "new_version"])
    box = Box()
    send(store, settings, box)
    bring(store, "arxiv-ml", paper(2, first_public=OLD), goes_back=True)
    assert week(store, settings, box) == []


def test_a_version_of_a_sources_own_history_is_none(
    store: Store, settings: Settings, box: Box
) -> None:
    subscribe(store, "bob@example.org", events=["new_version"])
    send(store, settings, box)
    second = paper(2, first_public=OLD)
    bring(store, "arxiv-ml", second, history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", paper(2, first_public=OLD, abstract="Mended."))
    assert week(store, settings, box) == []


def test_ids_go_on(store: Store, box: Box) -> None:
    """What is news has an id that no subscription has passed."""
    with store.read() as connection:
        last = connection.scalar(sa.select(sa.func.max(event.c.id))) or 0
    bring(store, "arxiv-cl", paper(), history=True, now=LATER - HOUR)
    bring(store, "arxiv-ml", paper())
    with store.read() as connection:
        [row] = connection.execute(sa.select(event).where(event.c.id > last)).all()
    assert (row.id > last + 1, row.cause, row.backfill) == (True, "", False)
    assert (row.at, row.seen_at) == (TONIGHT, LATER)


FEED = '[[sources]]\nname = "{name}"\nkind = "feed"\nurl = "{url}/{name}"\npace_seconds = 0\n'
"""Two feeds of one host: their items are the same entries."""


def news(store: Store) -> int:
    with store.read() as connection:
        asked = sa.select(sa.func.count()).where(event.c.kind == "new", ~event.c.backfill)
        return connection.scalar(asked) or 0


def post(server: Server, number: int, at: datetime) -> str:
    return item(number, link=f"{server.url}/posts/{number}", at=at)


def test_whole_runs(store: Store, tmp_path: Path, server: Server) -> None:
    """A feed that is added shows tonight's post an hour before the old one does; `--since` brings it
    before either."""
    feeds = {
        name: Collected(store, tmp_path, FEED.format(name=name, url=server.url))
        for name in ("all", "some")
    }

    def run(name: str, at: datetime, *posts: str, since: datetime | None = None) -> None:
        serve(server, *posts)
        server.routes[f"/{name}"] = server.routes["/feed"]
        feeds[name].run(at, since=since)

    old = [post(server, 1, NOW - 5 * DAY), post(server, 2, NOW - DAY)]
    run("all", NOW, old[0])
    tonight = post(server, 3, NOW + 12 * HOUR)
    run("some", NOW + 13 * HOUR, tonight, *old)
    assert news(store) == 0
    run("all", NOW + 14 * HOUR, tonight, old[0])
    assert news(store) == 1
    late = post(server, 4, NOW + 3 * DAY)
    run("all", NOW + 3 * DAY + HOUR, late, tonight, *old, since=NOW - 9 * DAY)
    assert news(store) == 2
