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
    give_tags(store, {"Late": [("gan", 0.9)]})
    ended = int((NOW - ago).timestamp())
    said = f"visit={ended}.{ended}".encode()
    (link,) = re.findall(
        r'href="(/\?since=[^"]+)"', browser.get("/", headers=[(b"Cookie", said)]).text
    )
    assert browser.get(link).status_code == 200


def test_the_numbers_that_lead_to_a_page_are_those_of_the_page(
    browser: TestClient, store: Store
) -> None:
    """What has no topic, or is withdrawn, or is no news, is on no page of a day."""
    before = NOW - 4 * ONE
    put(store, preprint("1711.00001", title="Seen", published=before), now=before)
    put(
        store,
        preprint("1711.00001", 2, title="Seen", published=DAY),
        preprint("1711.00002", title="Kept", published=DAY),
        preprint("1711.00003", title="Of two", published=DAY - ONE),
        preprint("1711.00004", title="Of none", published=DAY),
        preprint("1711.00005", title="Gone", published=DAY, withdrawn=True),
        post("t3_a", title="Talk", published=DAY - ONE),
        post("t3_b", title="Small talk", published=DAY),
    )
    two = [("gan", 0.9), ("architectures", 0.9)]
    tags = dict.fromkeys(("Seen", "Kept", "Gone", "Talk"), two[:1]) | {"Of two": two}
    give_tags(store, tags)
    said = int(before.timestamp())
    browser.cookies.set("visit", f"{said}.{said}")
    html = browser.get("/").text
    for n, path in ((2, "/?date=2017-11-12"), (1, "/?date=2017-11-13")):
        assert re.search(rf'href="{re.escape(path)}" aria-label="[^"]+: {n} new"', html), path
        assert f"<strong>{n}</strong> new</span>" in browser.get(path).text
    (link, papers) = re.findall(r'href="(/\?since=[^"]+)">(\d+) papers since', html)[0]
    assert papers == "4"
    assert f"<strong>{papers}</strong> papers</span>" in browser.get(link).text
