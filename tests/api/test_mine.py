"""Lists in the order of a reader's own taste: pages without scripts, and the API."""

import re
from collections.abc import Sequence

from starlette.testclient import TestClient

from aggregator.learn import tastes
from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from tests.api.test_keep import token
from tests.conftest import NOW
from tests.filled import give_tags
from tests.kites import KITE, ROCK, fill_with_kites


def ready(store: Store) -> list[str]:
    """A store that is read, all its papers in one topic; the ids of some about kites."""
    fill_with_kites(store)
    with store.read() as connection:
        docs = list(papers.iterate(connection))
        kites = papers.page(connection, PaperQuery(q=KITE, limit=8)).items
    give_tags(store, {doc["title"]: [("gan", 0.9)] for doc in docs})
    tastes.read(store, NOW)
    return [doc["id"] for doc in kites]


def star(browser: TestClient, names: Sequence[str]) -> None:
    form = token(browser.get("/topics/gan").text)
    for name in names:
        browser.post("/keep", data={"proof": form, "do": f"star:{name}"})


def titles(html: str, word: str) -> int:
    """How many headings of the page begin so."""
    return html.count(f">{word} ")


def test_a_reader_stars_and_sees_the_order_of_their_taste(
    browser: TestClient, store: Store
) -> None:
    kites = ready(store)
    address = "/topics/gan?sort=mine"
    assert "Star 5 more papers" in browser.get(address).text
    star(browser, kites[:3])
    html = browser.get(address).text
    assert "Star 2 more papers" in html
    assert titles(html, KITE) == titles(html, ROCK) == 0
    star(browser, kites[3:])
    html = browser.get(address).text
    assert titles(html, KITE) > 20  # of 25; among the newest 300 are 30
    assert "Because:" in html
    assert f'id="{kites[0]}"' not in html
    assert 'href="/topics/gan?sort=mine" aria-current="page"' in html
    link = re.search(r'rel="next" href="([^"]+)"', html)
    assert link
    further = browser.get(link[1].replace("&amp;", "&"))
    assert further.status_code == 200
    assert titles(further.text, KITE) < 10
    assert "为我排序" in browser.get(address + "&lang=zh").text


def test_the_api_ranks_for_the_browser_that_starred_and_for_nobody_else(
    browser: TestClient, client: TestClient, store: Store
) -> None:
    kites = ready(store)
    address = "/api/v1/papers?sort=mine&limit=10"
    nobody = client.get(address)
    assert nobody.status_code == 400
    assert "a token belongs to nobody" in nobody.json()["detail"]
    star(browser, kites[:2])
    few = browser.get(address)
    assert few.status_code == 400
    assert "3 more starred papers" in few.json()["detail"]
    star(browser, kites)
    answer = browser.get(address)
    assert answer.headers["cache-control"] == "private, no-store"
    assert all(item["title"].startswith(KITE) for item in answer.json()["items"])
    following = browser.get(f"{address}&cursor={answer.json()['next']}").json()["items"]
    assert not {item["id"] for item in following} & {i["id"] for i in answer.json()["items"]}
    assert browser.get(f"{address}&cursor=x").status_code == 400
    assert client.get(address).status_code == 400


def test_who_stars_on_one_page_misses_nothing_on_the_next(
    browser: TestClient, store: Store
) -> None:
    star(browser, ready(store))
    address = "/api/v1/papers?sort=mine&limit=10"
    first = browser.get(address).json()
    whole = [item["id"] for item in browser.get(f"{address}0").json()["items"]]
    names = [item["id"] for item in first["items"]]
    star(browser, names[:3])
    form = token(browser.get("/topics/gan").text)
    browser.post("/keep", data={"proof": form, "do": f"hide:{names[4]}"})
    now = [item["id"] for item in browser.get(f"{address}0").json()["items"]]
    second = browser.get(f"{address}&cursor={first['next']}").json()["items"]
    # The taste is another one now; nothing is skipped behind the six that are left of the page.
    assert [item["id"] for item in second] == now[6:16]
    assert set(names) < set(whole)


def test_without_a_reading_it_says_so(browser: TestClient, store: Store) -> None:
    fill_with_kites(store, count=60)
    with store.read() as connection:
        kites = [doc["id"] for doc in papers.page(connection, PaperQuery(q=KITE)).items]
    star(browser, kites)
    assert "how the papers here speak is learned first" in browser.get("/topics/gan?sort=mine").text
    detail = browser.get("/api/v1/papers?sort=mine").json()["detail"]
    assert "is not learned yet" in detail
