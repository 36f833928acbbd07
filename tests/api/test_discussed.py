"""Where papers are talked about: on Today, in their timelines, and to be chosen by subscribers."""

from datetime import timedelta

from starlette.testclient import TestClient

from aggregator.store.db import Store
from tests.drafts import DAY, post, preprint
from tests.filled import give_tags, put

NAME = "arxiv:1711.00001"
OLD = preprint("1711.00001", title="Widgets of Last Month", published=DAY - timedelta(days=30))


def talked_about(store: Store) -> None:
    """A paper of last month with a post of today that is about it, and two of before."""
    put(store, OLD)
    put(store, post("t3_now", about=NAME, score=57, subreddit="MachineLearning"), source="reddit")
    for n in (1, 2):
        before = post(
            f"t3_b{n}", title="Reading", mentions=(NAME,), published=DAY - timedelta(days=9)
        )
        put(store, before, source="a-blog")
    give_tags(store, {OLD.title: [("gan", 0.9)]})


def test_the_api_tells_where_a_paper_is_discussed(client: TestClient, store: Store) -> None:
    talked_about(store)
    told = client.get(f"/api/v1/papers/{NAME}").json()["timeline"]
    assert [one["kind"] for one in told] == ["new", "discussed", "discussed", "discussed"]
    assert (told[-1]["cause"], told[-1]["place"]) == ("reddit:t3_now", "r/MachineLearning")
    assert told[-1]["url"] == post("t3_now").url
    assert told[1]["place"] == "a-blog"
    assert "url" not in told[0]
    schema = client.get("/openapi.json").json()["components"]["schemas"]["PaperEvent"]
    assert {"url", "title", "place"} <= schema["properties"].keys()


def test_digests_tell_of_old_papers_that_are_discussed(client: TestClient, store: Store) -> None:
    talked_about(store)
    digest = client.get("/api/v1/digests/gan?date=2017-11-13").json()
    items = [item for section in digest["topics"] for item in section["items"]]
    assert [(item["title"], item["marks"]) for item in items] == [(OLD.title, ["discussed"])]


def test_today_and_the_page_of_a_paper_show_it(browser: TestClient, store: Store) -> None:
    talked_about(store)
    today = browser.get("/?date=2017-11-13").text
    assert "Widgets of Last Month" in today
    assert "Discussed · 57 points" in today
    page = browser.get(
        browser.get(f"/papers/{NAME}").headers.get("location", f"/papers/{NAME}")
    ).text
    timeline = page[page.index('id="timeline"') : page.index('id="discussions"')]
    assert "Discussed in 2 posts" in timeline
    assert "Discussed, r/MachineLearning" in timeline
    assert post("t3_now").url in timeline
    shown = browser.get("/?date=2017-11-13", headers={"Accept-Language": "zh"}).text
    assert "有讨论" in shown
