"""A mail of somebody's own watch leads to pages that whoever got the mail can read; nothing else does."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from starlette.testclient import TestClient

from aggregator.deliver.base import Letter
from aggregator.digest.letter import render_letter
from aggregator.people import subscribers
from aggregator.sending.send import Sender
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.watches import Wanted
from tests.api.signed_in import ADA, EVE, Lab, lab
from tests.api.test_own import SECRET, person, save
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import HOUR
from tests.smtp_server import MailServer

TEAM = "team@elsewhere.example"
TITLES = {"Deep widgets one", "Deep widgets two"}


@pytest.fixture
def at(store: Store, tmp_path: Path) -> Iterator[Lab]:
    with MailServer() as server, lab(store, tmp_path, server) as made:
        yield made


@pytest.fixture
def ada(at: Lab) -> TestClient:
    """Ada's browser, with a watch of her own and papers that it selects."""
    made = at.signed_in(ADA)
    assert save(made) == 303
    for n, title in enumerate(sorted(TITLES)):
        put(at.store, preprint(f"1711.{n:05d}", title=title, published=NOW - HOUR))
    give_tags(at.store, {title: [("gan", 0.9)] for title in TITLES})
    return made


def letter(at: Lab, target: str = TEAM, channel: str = "email") -> Letter:
    """The first digest of a subscription of Ada's watch, which shows one of the papers."""
    wanted = Wanted(watch=SECRET, channel=channel, target=target, limit=1)  # type: ignore[arg-type]
    with at.store.write() as connection:
        subscribers.add(
            connection, CONFIG, wanted, NOW, origin="web", confirmed=True, viewer=person(at, ADA)
        )
    box = Box(name=channel)
    Sender(at.store, at.settings, CONFIG, {channel: box}, NOW).run()
    (made,) = box.letters
    return made


def links(made: Letter) -> set[str]:
    """The links to the watch's page, without the host."""
    said = unescape(render_letter(made).html) + render_letter(made).text
    found = set(re.findall(rf"/watches/{SECRET}[^\s\"<>]*", said))
    assert found
    return found


@pytest.mark.parametrize("target", [ADA, TEAM])
def test_every_link_opens_for_whoever_has_the_mail(at: Lab, ada: TestClient, target: str) -> None:
    for path in links(letter(at, target)):
        page = at.browser().get(path)
        assert page.status_code == 200
        assert set(re.findall(r"<h2><a[^>]*>([^<]+)</a>", page.text)) == TITLES
        assert page.headers["cache-control"] == "no-store"
        assert "noindex" in page.headers["x-robots-tag"]


def test_the_page_reads_and_nothing_else(at: Lab, ada: TestClient) -> None:
    (path,) = links(letter(at))
    guest = at.browser()
    page = guest.get(path).text
    assert 'action="/signup"' not in page  # it would answer that there is no such watch
    assert 'action="/signup"' in ada.get(f"/watches/{SECRET}").text
    hot = unescape(re.search(r'href="(/watches/[^"]+sort=hot[^"]*)', page)[1])  # type: ignore[index]
    assert guest.get(hot).status_code == 200
    feed = unescape(re.search(r'href="(/feeds/[^"]+atom[^"]*)', page)[1])  # type: ignore[index]
    assert guest.get(feed).status_code == 200
    key = parse_qs(urlsplit(path).query)["key"][0]
    for other in (
        f"/watches/{SECRET}",
        f"/watches/{SECRET}?key={key}x",
        f"/watches/other?key={key}",
        f"/api/v1/watches/{SECRET}?key={key}",
        f"/api/v1/digests/{SECRET}?key={key}",
        f"/preferences/{key}",
        f"/unsubscribe/{key}",
    ):
        assert guest.get(other).status_code in (400, 404), other
    assert guest.get("/settings").text.count(SECRET) == 0
    # The feed's entries lead on to a page that opens, too.
    home = re.search(r'rel="alternate"[^>]*href="([^"]+)"', guest.get(feed).text)
    assert home
    assert guest.get(unescape(home[1])).status_code == 200


def test_whoever_is_signed_in_as_its_person_has_the_whole_page(at: Lab, ada: TestClient) -> None:
    (path,) = links(letter(at, ADA))
    assert 'action="/signup"' in ada.get(path).text
    assert 'action="/signup"' not in at.signed_in(EVE).get(path).text


def test_the_link_ends_with_the_watch_and_with_its_person(at: Lab, ada: TestClient) -> None:
    (path,) = links(letter(at))
    with at.store.write() as connection:
        watches.delete(connection, CONFIG, SECRET, person(at, ADA))
    assert at.browser().get(path).status_code == 404
    assert save(ada) == 303
    assert at.browser().get(path).status_code == 200
    with at.store.write() as connection:
        people.erase(connection, person(at, ADA), "digest")
    assert at.browser().get(path).status_code == 404


def test_what_several_people_read_has_no_key(at: Lab, ada: TestClient) -> None:
    made = letter(at, "#papers", channel="slack")
    assert links(made) == {f"/watches/{SECRET}"}


def test_a_topic_needs_no_key(at: Lab, ada: TestClient) -> None:
    with at.store.write() as connection:
        pk = people.ensure(connection, f"email:{EVE}", NOW, confirmed=True)
        wanted = Wanted(watch="gan", channel="email", target=EVE, limit=1)
        subscriptions.add(connection, wanted, pk, NOW, origin="cli", confirmed=True)
    box = Box()
    Sender(at.store, at.settings, CONFIG, {"email": box}, NOW).run()
    assert "key=" not in render_letter(box.letters[0]).html


@pytest.mark.parametrize(("lang", "said"), [("en", "somebody’s own"), ("zh", "某人自己")])
def test_a_guest_without_the_key_is_told_to_sign_in_and_led_back(
    at: Lab, ada: TestClient, lang: str, said: str
) -> None:
    """Whether there is such a watch or not, so that nobody learns that."""
    pages = []
    for name in (SECRET, "there-is-none"):
        missing = at.browser().get(f"/watches/{name}?lang={lang}")
        assert missing.status_code == 404
        assert said in missing.text
        back = quote(f"/watches/{name}", safe="")
        assert f'href="/sign-in?back={back}"' in missing.text
        pages.append(re.sub(r'value="[^"]*"', "", missing.text.replace(name, "NAME")))
    assert pages[0] == pages[1]
    assert said not in at.signed_in(EVE).get(f"/watches/{SECRET}?lang={lang}").text
    assert said not in at.browser().get(f"/papers/none?lang={lang}").text


@pytest.mark.parametrize(("lang", "said"), [("en", "led back"), ("zh", "会回到")])
def test_where_reading_takes_an_account_the_sign_in_says_why(
    store: Store, tmp_path: Path, lang: str, said: str
) -> None:
    with MailServer() as server, lab(store, tmp_path, server, public_read=False) as at:
        made = at.signed_in(ADA)
        assert save(made) == 303
        guest = at.browser()
        sent = guest.get(f"/watches/{SECRET}?key=x.y")
        assert sent.status_code == 303
        assert said in guest.get(f"{sent.headers['location']}&lang={lang}").text
        assert said not in guest.get(f"/sign-in?lang={lang}").text
