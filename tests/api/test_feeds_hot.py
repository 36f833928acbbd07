"""Feeds of what is talked about most: their order, what makes them change, and what stays."""

from datetime import timedelta

import pytest
from lxml import html  # pyright: ignore[reportAttributeAccessIssue] - compiled
from starlette.testclient import TestClient

from aggregator.store import watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from tests.api.conftest import BASE_URL
from tests.api.feeds_read import FORMS, parsed
from tests.conftest import NOW
from tests.drafts import DAY, post, preprint
from tests.filled import CONFIG, fill, give_tags, put


def talked_about(store: Store) -> None:
    """Three papers of three days, the oldest with votes that a day or two do not outweigh."""
    for n, title in enumerate(("Oldest", "Middle", "Newest"), start=1):
        put(store, preprint(f"1711.0000{n}", title=title, published=DAY - timedelta(days=4 - n)))
    put(store, post(about="arxiv:1711.00001", score=500), source="reddit")
    put(store, post("t3_alone", title="A question", score=9000), source="reddit")
    give_tags(store, {name: [("gan", 0.9)] for name in ("Oldest", "Middle", "Newest")})


def titles(client: TestClient, path: str) -> list[str]:
    """Those of the entries, in their order."""
    if ".json" in path:
        return [item["title"] for item in client.get(path).json()["items"]]
    return [entry.title for entry in parsed(client, path).entries]


@pytest.mark.parametrize("form", FORMS)
def test_the_hottest_stand_first(client: TestClient, store: Store, form: str) -> None:
    talked_about(store)
    assert titles(client, f"/feeds/gan.{form}") == ["Newest", "Middle", "Oldest"]
    assert titles(client, f"/feeds/gan.{form}?sort=new") == ["Newest", "Middle", "Oldest"]
    assert titles(client, f"/feeds/gan.{form}?sort=hot") == ["Oldest", "Newest", "Middle"]
    assert titles(client, f"/feeds/search.{form}?sort=hot&topic=gan")[0] == "Oldest"
    assert titles(client, f"/feeds/discussions.{form}?sort=hot") == ["A question"]


def test_it_is_the_list_of_the_api(client: TestClient, store: Store) -> None:
    fill(store, 200)
    for n in range(40):
        about = f"arxiv:{n + 1:05d}" if n % 2 else None
        put(store, post(f"t3_{n}", about=about, score=n * 9), source="reddit")
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="deep", query="deep"), NOW)
    for feed, asked in (("gan", "topic=gan"), ("deep", "q=deep")):
        found = client.get(f"/api/v1/papers?sort=hot&limit=50&{asked}").json()["items"]
        entries = parsed(client, f"/feeds/{feed}.atom?sort=hot").entries
        assert len(entries) > 20
        assert [e.id for e in entries] == [f"tag:daypaper,2017:paper:{p['id']}" for p in found]


def test_a_feed_says_that_it_is_the_hot_one(client: TestClient, store: Store) -> None:
    talked_about(store)
    new = parsed(client, "/feeds/gan.atom").feed
    hot = parsed(client, "/feeds/gan.atom?sort=hot&lang=zh").feed
    assert (new.id, hot.id) == ("tag:daypaper,2017:feed:gan", "tag:daypaper,2017:feed:gan:hot")
    assert hot.title.endswith(" · 热议 · Daypaper")
    links = {link.rel: link.href for link in hot.links}
    assert links["self"] == f"{BASE_URL}/feeds/gan.atom?sort=hot&lang=zh"
    assert links["alternate"] == f"{BASE_URL}/topics/gan?sort=hot"
    assert client.get(links["alternate"].removeprefix(BASE_URL)).status_code == 200
    found = parsed(client, "/feeds/search.atom?q=oldest&sort=hot").feed
    assert found.title == "oldest · Most talked about · Daypaper"
    assert client.get("/feeds/gan.atom?sort=relevance").status_code == 400


def test_votes_make_it_another_and_the_newest_stay_as_they_are(
    client: TestClient, store: Store
) -> None:
    talked_about(store)
    paths = ("/feeds/gan.atom", "/feeds/gan.atom?sort=hot")
    before = [client.get(path) for path in paths]

    def again(path: str, *, by: str, known: str) -> int:
        return client.get(path, headers={by: known}).status_code

    for path, one in zip(paths, before, strict=True):
        assert again(path, by="If-None-Match", known=one.headers["etag"]) == 304
        assert again(path, by="If-Modified-Since", known=one.headers["last-modified"]) == 304
    put(store, post("t3_more", about="arxiv:1711.00002", score=5000), source="reddit")
    assert titles(client, paths[1]) == ["Middle", "Oldest", "Newest"]
    for path, one, status in zip(paths, before, (304, 200), strict=True):
        assert again(path, by="If-None-Match", known=one.headers["etag"]) == status
        assert again(path, by="If-Modified-Since", known=one.headers["last-modified"]) == status


def test_a_vote_that_moves_nothing_is_no_change(client: TestClient, store: Store) -> None:
    talked_about(store)
    tag = client.get("/feeds/gan.atom?sort=hot").headers["etag"]
    put(store, post(about="arxiv:1711.00001", score=501), source="reddit")
    answer = client.get("/feeds/gan.atom?sort=hot", headers={"If-None-Match": tag})
    assert answer.status_code == 304


def test_the_page_of_the_hot_list_names_its_feeds(browser: TestClient, store: Store) -> None:
    talked_about(store)
    for query in ("?sort=hot", "?sort=hot&lang=zh"):
        head = html.fromstring(browser.get(f"/topics/gan{query}").text)
        named = head.xpath("//link[@rel='alternate']/@href")
        assert named == [f"/feeds/gan.{form}{query}" for form in FORMS]
        for feed in named:
            assert browser.get(feed).status_code == 200
