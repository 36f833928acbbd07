"""The links of a letter lead to what it counted: the page has its subscription's least probability."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from starlette.testclient import TestClient

from aggregator.deliver import short
from aggregator.deliver.base import Letter
from aggregator.deliver.slack.letter import messages
from aggregator.digest.letter import render_letter
from aggregator.settings import Settings
from aggregator.store import subscriptions, watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from tests.api.conftest import BASE_URL, app, client
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import DAY, HOUR, send, subscribe

__all__ = ["app", "client"]

PAPERS = {"Surest": 0.97, "Sure": 0.95, "Likely": 0.7, "Unlikely": 0.3}
LINK = re.compile(rf"{re.escape(BASE_URL)}/(?:topics|watches)/[^\s\"<>|)]+")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, base_url=BASE_URL)


@pytest.fixture(autouse=True)
def filled(store: Store) -> None:
    """The papers, and a watch of `gan` with a lower bound than that of the topic."""
    arrive(store, PAPERS)
    with store.write() as connection:
        broad = Watch(name="broad", topics=("gan",), min_probability=0.2)
        watches.save(connection, CONFIG, broad, NOW)


def arrive(store: Store, papers: dict[str, float]) -> None:
    put(
        store,
        *(
            preprint(f"1711.{n:05d}", title=title, published=NOW - HOUR)
            for n, title in enumerate(papers)
        ),
    )
    give_tags(store, {title: [("gan", p)] for title, p in papers.items()})


def mail(letter: Letter) -> str:
    return unescape(render_letter(letter).html)


def text(letter: Letter) -> str:
    return render_letter(letter).text


def slack(letter: Letter) -> str:
    said = [
        str(b).replace("&amp;", "&") for m in messages(letter) for u in m.units for b in u.blocks
    ]
    return "\n".join(said)


def chat(letter: Letter) -> str:
    return short.message(letter, lambda text: True)


def links(said: str) -> set[str]:
    """The pages of topics and watches that a letter leads to, without the host."""
    return {found.removeprefix(BASE_URL) for found in LINK.findall(said)}


def titles(client: TestClient, address: str) -> set[str]:
    """The papers of a page."""
    page = client.get(address, follow_redirects=True)
    assert page.status_code == 200
    return set(re.findall(r"<h2><a[^>]*>(\w+)</a></h2>", page.text))


@pytest.mark.parametrize("form", [mail, text, slack, chat])
@pytest.mark.parametrize(
    ("watch", "least", "wanted"),
    [
        ("gan", 0.9, {"Surest", "Sure"}),
        ("broad", 0.9, {"Surest", "Sure"}),
        ("gan", 0.2, set(PAPERS)),
        ("gan", None, set(PAPERS) - {"Unlikely"}),
        ("broad", None, set(PAPERS)),
    ],
)
def test_every_link_leads_to_what_was_counted(
    store: Store,
    settings: Settings,
    client: TestClient,
    form: Callable[[Letter], str],
    watch: str,
    least: float | None,
    wanted: set[str],
) -> None:
    box = Box()
    subscribe(store, watch=watch, limit=1, min_probability=least)
    send(store, settings, box)
    (letter,) = box.letters
    assert sum(s.more for s in letter.digest.sections) == len(wanted) - 1
    found = links(form(letter))
    assert found
    assert {address: titles(client, address) for address in found} == dict.fromkeys(found, wanted)


def test_what_a_pause_skipped_is_on_the_page_that_its_letter_links(
    store: Store, settings: Settings, client: TestClient
) -> None:
    box = Box()
    row = subscribe(store, min_probability=0.9)
    send(store, settings, box)
    with store.write() as connection:
        subscriptions.pause(connection, row.id, NOW + HOUR)
    with store.write() as connection:
        subscriptions.resume(connection, row.id, NOW + 2 * HOUR)
    more = preprint("1711.99999", title="Later", published=NOW + DAY)
    put(store, more, now=NOW + DAY + HOUR)
    give_tags(store, {"Later": [("gan", 0.99)]})
    send(store, settings, box, NOW + 3 * DAY)
    letter = box.letters[1]
    assert letter.paused_since
    for form in (mail, text, slack, chat):
        found = links(form(letter))
        assert found
        for address in found:
            assert titles(client, address) == {"Surest", "Sure", "Later"}, form


def test_two_subscriptions_of_one_watch_have_each_its_own_page(
    store: Store, settings: Settings, client: TestClient
) -> None:
    box = Box()
    for target, least in (("a@example.org", 0.6), ("b@example.org", 0.65)):
        subscribe(store, target, limit=1, min_probability=least)
    send(store, settings, box)
    least = {one.target: links(text(one)) for one in box.letters}
    assert least == {
        "a@example.org": {"/topics/gan?min_probability=0.6", "/watches/gan?min_probability=0.6"},
        "b@example.org": {"/topics/gan?min_probability=0.65", "/watches/gan?min_probability=0.65"},
    }


def test_a_section_of_two_subscriptions_leads_to_the_wider_page(
    store: Store, settings: Settings
) -> None:
    box = Box()
    subscribe(store, watch="gan", limit=1, min_probability=0.96)
    subscribe(store, watch="learning", limit=1, min_probability=0.6)
    give = {"Surest": 0.97, "Sure": 0.95, "Likely": 0.7}
    for n, (title, p) in enumerate(give.items()):
        put(store, preprint(f"1712.{n:05d}", title=f"{title} child", published=NOW - HOUR))
        give_tags(store, {f"{title} child": [("gan", p), ("learning", p)]})
    send(store, settings, box)
    paths = {s.name: s.path for s in box.letters[0].digest.sections if s.more}
    assert paths == {"gan": "topics/gan?min_probability=0.6"}


@pytest.mark.parametrize("watch", ["topics/gan", "watches/gan", "watches/broad"])
def test_the_page_keeps_its_bound_wherever_one_goes_from_it(
    store: Store, client: TestClient, watch: str
) -> None:
    arrive(store, {f"More{n}": 0.9 + n / 1_000 for n in range(30)} | {"Less": 0.5})
    first = client.get(f"/{watch}?min_probability=0.9", follow_redirects=True).text
    assert "at least 90%" in first
    following = unescape(re.search(r'rel="next" href="([^"]+)', first)[1])  # type: ignore[index]
    hot = unescape(re.search(r'href="([^"]+sort=hot[^"]*)', first)[1])  # type: ignore[index]
    feed = unescape(re.search(r'href="(/feeds/[^"]+\.atom[^"]*)', first)[1])  # type: ignore[index]
    seen = titles(
        client,
        f"/{watch}?min_probability=0.9",
    )
    seen |= titles(client, following)
    assert {one for one in seen if one.startswith("More")} == {f"More{n}" for n in range(30)}
    assert "Less" not in seen
    assert "Less" not in titles(client, hot)
    read = feedparser.parse(client.get(feed).content)
    assert len(read.entries) >= 30
    assert "Less" not in {entry.title for entry in read.entries}
    assert urlsplit(read.feed.link).query == "min_probability=0.9"


def test_a_bound_that_is_none_is_said(client: TestClient) -> None:
    for address in ("/topics/gan", "/watches/broad", "/feeds/gan.atom"):
        for wrong in ("2", "-1", "x"):
            assert client.get(f"{address}?min_probability={wrong}").status_code == 400
