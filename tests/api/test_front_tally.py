"""The day's numbers count what there is, however many papers a topic shows."""

import re

from starlette.testclient import TestClient

from aggregator.store.db import Store
from api.web import today
from tests.conftest import NOW
from tests.drafts import DAY, preprint
from tests.filled import give_tags, put


def test_the_tally_of_a_large_day_is_whole(store: Store, browser: TestClient) -> None:
    count = today.ALL + 5
    titles = [f"Widget {n}" for n in range(count)]
    drafts = [
        preprint(f"1711.{n:05d}", title=title, abstract="We build.", published=DAY)
        for n, title in enumerate(titles)
    ]
    put(store, *drafts, now=NOW)
    give_tags(store, {title: [("gan", 0.9)] for title in titles})
    for address in (f"/?date={DAY.date()}", f"/?date={DAY.date()}&topic=gan"):
        said = re.search(r'<p class="tally">(.*?)</p>', browser.get(address).text, re.DOTALL)
        assert said
        numbers = re.findall(r"<strong>(\d+)</strong>", said[1])
        assert numbers == [str(count), str(count)], address  # papers, new
    shown = browser.get(f"/?date={DAY.date()}&topic=gan").text
    assert shown.count('<article class="card"') == today.ALL
