"""With accounts, each person's watches, subscriptions and words are theirs; nobody else gets at them by
any route."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from aggregator.people import subscribers
from aggregator.store import audit, feedback, papers, people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.watches import Wanted, Watch
from tests.api.signed_in import ADA, EVE, OWNER, Lab, lab, proof
from tests.api.test_auth import token
from tests.api.test_keep import one
from tests.api.test_pages import elements
from tests.conftest import NOW
from tests.filled import CONFIG
from tests.smtp_server import MailServer

SECRET = "ada-only"


@pytest.fixture
def at(store: Store, tmp_path: Path) -> Iterator[Lab]:
    with MailServer() as server, lab(store, tmp_path, server) as made:
        yield made


def person(at: Lab, address: str) -> int:
    with at.store.read() as connection:
        found = people.find(connection, f"email:{address}")
    assert found is not None
    return found


def send(browser: TestClient, path: str, **form: Any) -> int:
    """Send a form of our own; returns the status."""
    return browser.post(path, data={"proof": proof(browser, "/"), **form}).status_code


def save(browser: TestClient, name: str = SECRET) -> int:
    return send(browser, "/search/save", name=name, q="deep widgets")


def subscribe(at: Lab, address: str, watch: str = "gan") -> str:
    """A confirmed subscription of an address; returns its id."""
    wanted = Wanted(watch=watch, channel="email", target=address)
    with at.store.write() as connection:
        return subscribers.add(
            connection, CONFIG, wanted, NOW, origin="signup", confirmed=True, viewer=watches.ALL
        ).id


def state(at: Lab, opaque: str) -> str:
    with at.store.read() as connection:
        return subscriptions.by_id(connection, opaque).state


def test_a_watch_is_its_persons_alone(at: Lab) -> None:
    one(at.store)
    ada, eve, owner, guest = at.signed_in(ADA), at.signed_in(EVE), at.signed_in(OWNER), at.browser()
    assert save(ada) == 303
    page = ada.get(f"/watches/{SECRET}")
    elements(page.text)
    assert "Deep Widgets" in page.text
    assert SECRET in ada.get("/settings").text
    admin = token(at.store, "admin")
    for other in (eve, owner, guest):
        for path in (
            f"/watches/{SECRET}",
            f"/feeds/{SECRET}.atom",
            f"/feeds/{SECRET}.rss?lang=zh",
            f"/feeds/{SECRET}.json?key=made-up",
            f"/api/v1/watches/{SECRET}",
            f"/api/v1/digests/{SECRET}",
        ):
            assert other.get(path).status_code == 404, path
        for path in ("/settings", "/feeds/all.opml", "/api/v1/watches", "/search?q=deep"):
            assert SECRET not in other.get(path).text, path
        body = {"email": EVE, "watch": SECRET}
        assert other.post("/api/v1/signup", json=body).status_code == 404
        assert other.post("/signup", data=body).status_code == 404
    changed = {"name": SECRET, "query": "eve"}
    assert guest.get(f"/api/v1/watches/{SECRET}", headers=admin).status_code == 404
    put = guest.put(f"/api/v1/watches/{SECRET}", json=changed, headers=admin)
    assert put.status_code == 400
    assert guest.post("/api/v1/watches", json=changed, headers=admin).status_code == 400
    assert guest.delete(f"/api/v1/watches/{SECRET}", headers=admin).status_code == 404
    wanted = {"watch": SECRET, "channel": "email", "target": EVE}
    made = guest.post("/api/v1/subscriptions", json=wanted, headers=admin)
    assert made.status_code == 404
    for other in (eve, owner):
        assert save(other) == 400  # the name is taken, the filter stays
        assert send(other, "/settings", do="unwatch", what=SECRET) == 404
    with at.store.read() as connection:
        found = watches.find(connection, CONFIG, SECRET, person(at, ADA))
        assert found == Watch(name=SECRET, query="deep widgets")
        assert [w.name for w in watches.saved(connection)] == []
    assert send(ada, "/settings", do="unwatch", what=SECRET) == 303
    assert ada.get(f"/watches/{SECRET}").status_code == 404


def test_the_feed_of_an_own_watch_has_a_key(at: Lab) -> None:
    one(at.store)
    ada, eve, reader = at.signed_in(ADA), at.signed_in(EVE), at.browser()
    save(ada)
    save(eve, "eve-only")
    found = re.search(
        rf'href="(/feeds/{SECRET}\.atom\?key=[^"]+)"', ada.get(f"/watches/{SECRET}").text
    )
    assert found
    path = found[1].replace("&amp;", "&")
    feed = reader.get(path)
    assert feed.status_code == 200
    assert "Deep Widgets" in feed.text
    assert feed.headers["cache-control"].startswith("private")
    assert reader.get(path.replace(SECRET, "eve-only")).status_code == 404
    hers = re.search(r"key=([\w.-]+)", eve.get("/watches/eve-only").text)
    assert hers
    assert reader.get(f"/feeds/{SECRET}.atom?key={hers[1]}").status_code == 404
    in_chinese = ada.get(f"/watches/{SECRET}?lang=zh").text
    assert re.search(rf'/feeds/{SECRET}\.atom\?key=[\w.-]+&amp;lang=zh"', in_chinese)
    send(ada, "/settings", do="unwatch", what=SECRET)
    assert reader.get(path).status_code == 404


def test_the_page_of_an_own_watch_leads_to_what_a_mail_of_it_shows(at: Lab) -> None:
    one(at.store)
    ada = at.signed_in(ADA)
    save(ada)
    html = ada.get(f"/watches/{SECRET}").text
    (path,) = re.findall(r'href="(/api/v1/digests/[^"]+)"', html.replace("&amp;", "&"))
    shown = ada.get(path)
    assert shown.status_code == 200
    assert "Deep Widgets" in shown.text
    assert shown.headers["cache-control"] == "private, no-store"
    assert at.signed_in(EVE).get(path).status_code == 404


def test_an_own_watch_can_be_subscribed_to_by_its_person(at: Lab) -> None:
    ada = at.signed_in(ADA)
    save(ada)
    sent = len(at.server.received)
    assert ada.post("/signup", data={"email": ADA, "watch": SECRET}).status_code == 202
    assert len(at.server.received) == sent + 1
    assert SECRET in ada.get("/settings").text


def test_subscriptions_are_their_persons_alone(at: Lab) -> None:
    mine, hers = subscribe(at, ADA), subscribe(at, EVE)
    ada, eve, owner, guest = at.signed_in(ADA), at.signed_in(EVE), at.signed_in(OWNER), at.browser()
    with at.store.write() as connection:
        hook = Wanted(watch="gan", channel="webhook", target="https://hooks.example/x")
        everybodys = subscribers.add(connection, CONFIG, hook, NOW, origin="cli", confirmed=True).id
    shown = {name: browser.get("/settings").text for name, browser in
             (("ada", ada), ("eve", eve), ("owner", owner), ("guest", guest))}  # fmt: skip
    for page in shown.values():
        elements(page)
    assert [mine in shown[name] for name in shown] == [True, False, False, False]
    assert [hers in shown[name] for name in shown] == [False, True, False, False]
    assert [everybodys in shown[name] for name in shown] == [False, False, True, False]
    for browser, what in ((eve, mine), (owner, mine), (ada, hers), (ada, everybodys)):
        for do in ("pause", "stop", "resume"):
            assert send(browser, "/settings", do=do, what=what) == 404
    assert send(guest, "/settings", do="stop", what=mine) == 401
    assert [state(at, one) for one in (mine, hers, everybodys)] == ["active"] * 3
    assert send(ada, "/settings", do="pause", what=mine) == 303
    assert send(owner, "/settings", do="stop", what=everybodys) == 303
    assert [state(at, one) for one in (mine, hers, everybodys)] == ["paused", "active", "ended"]
    write = token(at.store, "write")
    assert guest.get(f"/api/v1/subscriptions/{hers}", headers=write).status_code == 404


def test_tokens_and_sources_are_the_owners(at: Lab) -> None:
    token(at.store, "admin")
    ada, owner, guest = at.signed_in(ADA), at.signed_in(OWNER), at.browser()
    assert "<code>dp_" in owner.get("/settings").text
    assert "<code>dp_" not in ada.get("/settings").text
    assert send(ada, "/settings", do="revoke", what="admin") == 403
    assert send(guest, "/settings", do="revoke", what="admin") == 401
    assert send(ada, "/sources", fetch="x") == 403
    assert send(guest, "/sources", fetch="x") == 403
    assert send(owner, "/sources", fetch="x") == 404


def test_a_browser_on_the_machine_itself_is_a_guest(at: Lab, tmp_path: Path) -> None:
    """A proxy on the same machine may make everybody look like one."""
    with lab(at.store, tmp_path, at.server, base_url="") as bare:
        local = TestClient(bare.app, "http://127.0.0.1:8000", client=("127.0.0.1", 5000))
        local.headers["Accept"] = "text/html"
        bare.opened.enter_context(local)
        assert 'id="tokens"' not in local.get("/settings").text
        assert send(local, "/settings", do="revoke", what="x") == 401
        bare.ask(local, OWNER)
        mail = at.server.received[-1].message.get_body(("plain",))
        assert mail is not None
        path = re.search(r"http://127\.0\.0\.1:8000(/sign-in/\S+)", mail.get_content())
        assert path
        local.post(path[1], data={"proof": proof(local, path[1])})
        assert local.cookies.get("session")  # without https there is no __Host-
        assert 'id="tokens"' in local.get("/settings").text


def test_a_word_is_its_persons(at: Lab) -> None:
    paper = one(at.store)
    ada, eve, guest = at.signed_in(ADA), at.signed_in(EVE), at.browser()
    word = {"paper": paper, "topic": "gan", "word": "no"}
    assert send(guest, "/judge", **word) == 401
    assert 'action="/judge"' not in guest.get(f"/papers/{paper}").text
    assert send(ada, "/judge", **word) == 303
    with at.store.read() as connection:
        assert people.find(connection, people.LOCAL) is None
        assert feedback.of_person(connection, person(at, ADA), paper) == {"gan": False}
        assert feedback.of_person(connection, person(at, EVE), paper) == {}
    assert send(eve, "/judge", **(word | {"word": "undo"})) == 303  # hers there is none
    with at.store.read() as connection:
        assert feedback.of_person(connection, person(at, ADA), paper) == {"gan": False}
    undo = 'name="word" value="undo"'
    assert undo in ada.get(f"/papers/{paper}").text
    assert undo not in eve.get(f"/papers/{paper}").text
    assert send(ada, "/judge", **(word | {"word": "undo"})) == 303
    with at.store.read() as connection:
        assert feedback.of_person(connection, person(at, ADA), paper) == {}


def test_labels_are_undone_by_who_gave_them(at: Lab) -> None:
    paper = one(at.store)
    ada, eve, guest = at.signed_in(ADA), at.signed_in(EVE), at.browser()
    send(ada, "/judge", paper=paper, topic="gan", word="yes")
    path = f"/label?topic=gan&last={paper}"
    undo = 'name="word" value="undo"'
    assert undo in ada.get(path).text
    assert undo not in eve.get(path).text
    assert "please sign in to label" in guest.get(path).text


def test_preferences_of_another_cannot_be_changed(at: Lab) -> None:
    """The link is the key, and each opens its person's alone."""
    mine, hers = subscribe(at, ADA), subscribe(at, EVE)
    ada = at.signed_in(ADA)
    found = re.search(r'href="(/preferences/[^"]+)"', ada.get("/account").text)
    assert found
    assert hers not in ada.get(found[1]).text
    assert ada.post(found[1], data={"id": hers, "action": "stop"}).status_code == 410
    assert (state(at, mine), state(at, hers)) == ("active", "active")


def test_who_is_erased_leaves_no_watch(at: Lab) -> None:
    ada = at.signed_in(ADA)
    save(ada)
    subscribe(at, "team@example.org", SECRET)
    found = re.search(r'href="(/preferences/[^"]+)"', ada.get("/account").text)
    assert found
    ada.post(found[1], data={"action": "erase", "sure": "yes"})
    with at.store.read() as connection:
        assert watches.saved(connection, watches.ALL) == []
        assert subscriptions.everything(connection) == []


def test_who_is_erased_is_named_nowhere(at: Lab) -> None:
    ada = at.signed_in(ADA)
    number = person(at, ADA)
    save(ada)
    found = re.search(r'href="(/preferences/[^"]+)"', ada.get("/account").text)
    assert found
    ada.post(found[1], data={"action": "erase", "sure": "yes"})
    with at.store.read() as connection:
        lines = audit.newest(connection, None, 100)
    assert [one.who for one in lines if "save" in one.what] == [f"person {number}"]
    assert "ada@" not in str(lines)


def test_papers_are_everybodys(at: Lab) -> None:
    """What one person hides or reads is hidden and read for them alone."""
    paper = one(at.store)
    ada, eve = at.signed_in(ADA), at.signed_in(EVE)
    send(ada, "/keep", do=f"hide:{paper}")
    send(ada, "/keep", do=f"read:{paper}")
    assert f'value="unhide:{paper}"' in ada.get("/").text
    assert f'value="hide:{paper}"' in eve.get("/").text
    assert f'value="read:{paper}"' in eve.get("/").text
    with at.store.read() as connection:
        assert papers.by_name(connection, paper).doc["id"] == paper
