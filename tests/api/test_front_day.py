"""Which day the front page shows, and where it leads."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from aggregator.store import news
from aggregator.store.db import Store
from api.web.today import MOST_DAYS
from tests.api.test_pages import elements
from tests.conftest import NOW
from tests.drafts import DAY, post, preprint
from tests.filled import give_tags, put

ONE = timedelta(days=1)
HOUR = timedelta(hours=1)


def test_a_day_of_which_nothing_has_a_topic_is_not_the_newest(
    browser: TestClient, store: Store
) -> None:
    """Posts come on every day, arXiv's papers do not: of a post without a topic the page shows nothing."""
    put(
        store,
        preprint("1711.00001", title="Kept", published=DAY - 3 * ONE),
        post("t3_a", title="What do you all do?", published=DAY - 2 * ONE),
        post("t3_b", title="A simple question", published=DAY),
        preprint("1711.00002", title="Elder", published=DAY - 5 * ONE),
    )
    give_tags(store, {name: [("gan", 0.9)] for name in ("Kept", "Elder")})
    html = browser.get("/").text
    elements(html)
    assert ">Kept</a>" in html
    assert "Nothing new so far today, 13 November 2017" in html
    assert re.search(r'rel="prev" href="/\?date=2017-11-08"', html)
    assert 'rel="next"' not in html
    elder = browser.get("/?date=2017-11-08").text
    assert re.search(r'rel="next" href="/\?date=2017-11-10"', elder)


def test_before_anything_is_tagged_the_newest_day_is_the_newest(store: Store) -> None:
    put(
        store, *(preprint(f"1711.{n:05d}", title=f"No {n}", authors=(f"A {n}",)) for n in range(60))
    )
    with store.read() as connection:
        assert news.latest(connection, DAY + ONE) == DAY
        assert news.earliest(connection, DAY - ONE, DAY + ONE) == DAY


def test_behind_many_without_a_topic_the_nearest_is_found(store: Store) -> None:
    many = (
        preprint(f"1711.{n:05d}", title=f"No {n}", authors=(f"A {n}",), published=DAY + n * HOUR)
        for n in range(1, 70)
    )
    put(store, preprint("1710.00001", title="Kept"), *many, now=DAY + 9 * ONE)
    give_tags(store, {"Kept": [("gan", 0.9)]})
    with store.read() as connection:
        assert news.latest(connection, DAY + 9 * ONE) == DAY


@pytest.mark.parametrize("ago", [29 * ONE, 30 * ONE + HOUR, MOST_DAYS * ONE - HOUR])
def test_who_comes_back_is_led_to_a_page(browser: TestClient, store: Store, ago: timedelta) -> None:
    put(store, preprint(published=DAY - 40 * ONE), preprint("1711.00002", title="Late"))
    ended = int((NOW - ago).timestamp())
    said = f"visit={ended}.{ended}".encode()
    (link,) = re.findall(
        r'href="(/\?since=[^"]+)"', browser.get("/", headers=[(b"Cookie", said)]).text
    )
    assert browser.get(link).status_code == 200
