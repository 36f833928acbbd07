"""What readers keep: by buttons without a script, only by the browser that was shown them."""

import re

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from aggregator.collect import rulings
from aggregator.store import kept, papers, people, sql
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.drafts import page, preprint
from tests.filled import give_tags, put

TITLE = "Deep Widgets for Semantic Gadgets"


def one(store: Store) -> str:
    """A tagged paper; returns its id."""
    put(store, preprint(title=TITLE))
    give_tags(store, {TITLE: [("gan", 0.9)]})
    with store.read() as connection:
        return papers.by_name(connection, "arxiv:1711.00001").doc["id"]


def token(html: str) -> str:
    """The token of a page's forms."""
    found = re.search(r'name="proof" value="([^"]+)"', html)
    assert found
    return found[1]


def test_a_star_is_kept_and_shown(browser: TestClient, store: Store) -> None:
    paper = one(store)
    form = token(browser.get("/").text)
    sent = {"proof": form, "do": f"star:{paper}", "back": "/?date=2017-11-13"}
    answer = browser.post("/keep", data=sent)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/?date=2017-11-13#{paper}"
    html = browser.get("/").text
    assert f'value="unstar:{paper}" aria-pressed="true"' in html
    part = browser.post(
        "/keep", data=sent | {"do": f"hide:{paper}"}, headers={"HX-Request": "true"}
    )
    assert part.text.count("<button") == 4
    assert f"outerHTML:[data-acts='{paper}']" in part.text
    browser.post("/keep", data=sent | {"do": f"unhide:{paper}"})
    browser.post("/keep", data=sent | {"do": f"unstar:{paper}"})
    with store.read() as connection:
        assert people.find(connection, "local") is None
        rows = kept.of_papers(connection, 1, [paper])
    assert rows == {}  # a row without anything is gone


def test_a_form_counts_only_from_the_browser_that_was_shown_it(
    browser: TestClient, store: Store
) -> None:
    sent = {"do": f"star:{one(store)}"}
    assert browser.post("/keep", data=sent).status_code == 403
    form = token(browser.get("/").text)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert browser.post("/keep", data=sent | {"proof": form}, headers=foreign).status_code == 403
    browser.cookies.delete("reader")
    assert browser.post("/keep", data=sent | {"proof": form}).status_code == 403
    browser.get("/")
    assert browser.post("/keep", data=sent | {"proof": form}).status_code == 403
    assert browser.post("/keep", data=sent | {"proof": "x" * 300}).status_code == 403


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "x"]
)
def test_a_form_never_leads_elsewhere(browser: TestClient, store: Store, back: str) -> None:
    paper = one(store)
    form = token(browser.get("/").text)
    sent = {"proof": form, "do": f"later:{paper}", "back": back}
    assert browser.post("/keep", data=sent).headers["location"] == "/"


def test_wrong_buttons_are_said(browser: TestClient, store: Store) -> None:
    paper = one(store)
    form = token(browser.get("/").text)
    assert browser.post("/keep", data={"proof": form, "do": f"eat:{paper}"}).status_code == 400
    assert browser.post("/keep", data={"proof": form, "do": "star:nope"}).status_code == 404
    long = {"proof": form, "paper": paper, "note": "x" * (kept.MOST_NOTE + 1)}
    assert browser.post("/note", data=long).status_code == 400


def test_a_note_keeps_what_can_be_read(browser: TestClient, store: Store) -> None:
    paper = one(store)
    form = token(browser.get("/").text)
    sent = {
        "proof": form,
        "paper": paper,
        "note": "one\0 \x1b[1mtwo\r\n\tthree \U0001f469\u200d\U0001f52c",
    }
    assert browser.post("/note", data=sent).status_code == 303
    html = browser.get(f"/papers/{paper}").text
    assert ">one [1mtwo\n\tthree \U0001f469\u200d\U0001f52c</textarea>" in html
    assert browser.post("/note", data=sent | {"note": "\0"}).status_code == 303
    assert "three" not in browser.get(f"/papers/{paper}").text


def test_a_note_of_several_can_be_changed_on_the_page(browser: TestClient, store: Store) -> None:
    paper = one(store)
    form = token(browser.get("/").text)
    browser.post("/keep", data={"proof": form, "do": f"star:{paper}"})
    note = "卡" * 2 * kept.MOST_NOTE  # each is three bytes, and nine in a form
    with store.write() as connection:
        connection.execute(sa.update(sql.kept).values(note=note))
    assert 'maxlength="4000"' not in browser.get(f"/papers/{paper}").text
    sent = {"proof": form, "paper": paper, "note": f"啊{note[1:]}"}
    assert browser.post("/note", data=sent).status_code == 303
    assert f">啊{note[1:]}</textarea>" in browser.get(f"/papers/{paper}").text


def test_what_is_kept_follows_a_merge(store: Store) -> None:
    put(store, preprint(title="Deep Widgets for Semantic Gadgets"))
    put(store, page(title="Another Title Altogether"), source="cvf")
    with store.write() as connection:
        first, second = sorted(
            papers.iterate(connection), key=lambda doc: doc["title"], reverse=True
        )
        person = people.ensure(connection, "browser:x", NOW, confirmed=False)
        kept.put(connection, person, second["id"], "starred", NOW)
        kept.note(connection, person, second["id"], "Mine.", NOW)
        kept.note(connection, person, first["id"], "Also mine.", NOW)
        names = [first["id"], second["id"]]
        assert rulings.join(connection, names, "a test", NOW) == first["id"]
        found = kept.of_papers(connection, person, [first["id"], second["id"]])
        assert found == {first["id"]: kept.Kept(starred=True, note="Also mine.\n\nMine.")}
        assert kept.counts(connection, person) == {
            "starred": 1, "later": 0, "hidden": 0, "noted": 1,
        }  # fmt: skip
        people.forget_strangers(connection)
        assert people.find(connection, "browser:x") == person
        people.erase(connection, person, "digest")
        assert not kept.of_papers(connection, person, [first["id"]])


def test_shelves_go_on_where_they_ended(store: Store) -> None:
    put(store, *(preprint(f"1711.{n:05d}", title=f"Games {n}") for n in range(7)))
    with store.write() as connection:
        person = people.ensure(connection, "browser:x", NOW, confirmed=False)
        for doc in list(papers.iterate(connection)):
            kept.put(connection, person, doc["id"], "later", NOW)
        seen, cursor = [], ""
        while cursor is not None:
            found = kept.page(connection, person, "later", 3, cursor)
            seen += [doc["title"] for doc, _, _ in found.items]
            cursor = found.next
    assert sorted(seen) == [f"Games {n}" for n in range(7)]
