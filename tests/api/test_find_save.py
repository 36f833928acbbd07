"""Search, save as a watch, library: what the pages say, and who may save."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from aggregator.store.db import Store
from tests.api.test_keep import token
from tests.api.test_pages import elements
from tests.drafts import DAY, post, preprint
from tests.filled import fill, give_tags, put


def filled(store: Store) -> None:
    """Two papers, one of them tagged."""
    put(
        store,
        preprint("1711.00001", title="Residual Learning for Nets", authors=("Ada Lovelace",)),
        preprint("1711.00002", title="Learning without Residue", authors=("Alan Turing",)),
    )
    give_tags(store, {"Residual Learning for Nets": [("gan", 0.9)]})


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("q=learning", 2),
        ("q=%22residual+learning%22", 1),
        ("q=resid*", 2),
        ("author=turing", 1),
        ("topic=gan", 1),
        (f"q=learning&since={DAY:%Y-%m-%d}&until={DAY:%Y-%m-%d}", 2),
        ("q=learning&until=2017-11-01", 0),
        ("q=learning&sort=relevance", 2),
        ("sort=relevance", 0),
        ("q=%00%0a", 0),
        ("q=%29%28+OR+*", 0),
        ("q=residual+OR+turing", 0),
        ("q=turing+-residue", 1),
    ],
)
def test_a_search_finds(browser: TestClient, store: Store, asked: str, count: int) -> None:
    filled(store)
    answer = browser.get(f"/search?{asked}")
    assert answer.status_code == 200
    elements(answer.text)
    assert answer.text.count("<article") == count


@pytest.mark.parametrize(("lang", "says"), [("en", "OR and minus"), ("zh", "OR 和减号")])
def test_the_page_explains_with_examples_to_click(
    browser: TestClient, store: Store, lang: str, says: str
) -> None:
    filled(store)
    put(store, preprint("1711.00003", title="Learning of What Is Residual"))
    html = browser.get(f"/search?lang={lang}").text
    (hint,) = re.findall(r'<p class="quiet hint">(.*?)</p>', html)
    assert says in hint
    found = [
        browser.get(path).text.count("<article")
        for path in re.findall(r'href="(/search\?q=[^"]+)"', hint)
    ]
    assert found == [2, 1, 3]  # words anywhere, words together, a beginning


@pytest.mark.parametrize(("lang", "says"), [("en", "looks forward"), ("zh", "只看今后")])
def test_what_a_watch_does_not_keep_is_said(
    browser: TestClient, store: Store, lang: str, says: str
) -> None:
    filled(store)
    for more, said in (
        ("", False),
        ("&sort=new", False),
        ("&sort=relevance", True),
        ("&since=2017-11-01", True),
        (f"&until={DAY:%Y-%m-%d}", True),
    ):
        html = browser.get(f"/search?q=learning{more}&lang={lang}").text
        assert (says in html) == said, more


def test_what_is_typed_may_go_on_and_comes_alone(browser: TestClient, store: Store) -> None:
    filled(store)
    assert browser.get("/search?q=resi").text.count("<article") == 0
    part = browser.get("/search?q=resi&author=", headers={"HX-Request": "true"})
    assert part.text.count("<article") == 2
    assert "<html" not in part.text
    again = browser.get(part.headers["hx-replace-url"]).text
    assert again.count("<article") == 2  # as was seen
    assert 'name="q" value="resi"' in again


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("resi", "resi*"),
        ("learning", "learning"),
        ("residual lea", "residual lea*"),
        ("“residual lea", '"residual" lea*'),
        ('nets "resi', "nets resi*"),
        ('nets "residual learning', 'nets "residual learning'),
        ('"residual learning"', '"residual learning"'),
        ("resi*", "resi*"),
        ('resi* "(', 'resi* "('),
        ("resi* -", "resi* -"),
    ],
)
def test_what_is_kept_of_it_finds_what_was_seen(
    browser: TestClient, store: Store, typed: str, kept: str
) -> None:
    """A word that none of the papers has is no word yet: a feed or a watch of it would stay empty."""
    filled(store)
    put(store, preprint("1711.00003", title="Others", authors=("Residence Learned",)))
    browser.base_url = "http://127.0.0.1"
    sought = {"q": typed, "author": "ada"}
    part = browser.get("/search", params=sought, headers={"HX-Request": "true"}).text
    (feed,) = re.findall(r'href="(/feeds/search.json\?[^"]+)"', part)
    assert parse_qs(urlsplit(unescape(feed)).query) == {"q": [kept], "author": ["ada"]}
    seen = part.count("<article")
    assert len(browser.get(unescape(feed)).json()["items"]) == seen == 1


@pytest.mark.parametrize("typed", ['"residual learning"', "resid*", ""])
def test_what_is_finished_is_not_said_to_be_typed(
    browser: TestClient, store: Store, typed: str
) -> None:
    sought = {"q": typed, "author": "ada"}
    part = browser.get("/search", params=sought, headers={"HX-Request": "true"})
    assert "typed" not in part.headers["hx-replace-url"]


@pytest.mark.parametrize(("asked", "count"), [("q=learning", 3), ("topic=gan", 1)])
def test_the_feeds_of_a_search_hold_what_its_page_shows(
    browser: TestClient, store: Store, asked: str, count: int
) -> None:
    filled(store)
    put(store, post("t3_a", title="How is your learning going?"))
    give_tags(store, {"How is your learning going?": [("gan", 0.9)]})
    assert browser.get(f"/search?{asked}").text.count("<article") == count
    assert len(browser.get(f"/feeds/search.json?{asked}").json()["items"]) == count
    hot = browser.get(f"/feeds/search.json?{asked}&sort=hot").json()["items"]
    assert len(hot) == min(count, 2)  # no hot list has posts


def test_what_was_found_while_typing_goes_on(browser: TestClient, store: Store) -> None:
    fill(store, 60)
    path, headers = "/search?q=deep+learn", {"HX-Request": "true"}
    seen: list[str] = []
    while path:
        html = browser.get(path, headers=headers).text
        seen += re.findall(r'<article class="card" id="([^"]+)"', html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path, headers = (older[1].replace("&amp;", "&") if older else ""), {}
    assert len(seen) == len(set(seen)) > 25


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0", "\t", "\r\n", " \u2009"])
def test_any_blank_sets_words_apart(browser: TestClient, store: Store, blank: str) -> None:
    filled(store)
    params = {"q": f"{blank}residual{blank}learning"}
    assert browser.get("/search", params=params).text.count("<article") == 1


def test_a_long_search_leads_back_after_a_star(browser: TestClient, store: Store) -> None:
    filled(store)
    html = browser.get("/search", params={"q": "扩" * 500}).text
    back = re.findall(r'name="back" value="([^"]+)"', html)[0]
    paper = re.findall(r'value="star:([^"]+)"', browser.get("/search?q=residual").text)[0]
    sent = {"proof": token(html), "do": f"star:{paper}", "back": back}
    assert browser.post("/keep", data=sent).headers["location"] == f"{back}#{paper}"


def test_a_search_has_feeds_in_the_language_of_its_page(browser: TestClient, store: Store) -> None:
    filled(store)
    assert '"/feeds/search.atom?q=residual"' in browser.get("/search?q=residual").text
    in_chinese = browser.get("/search?q=residual&lang=zh").text
    assert '"/feeds/search.atom?q=residual&amp;lang=zh"' in in_chinese


def test_a_withdrawn_paper_is_marked_in_lists(browser: TestClient, store: Store) -> None:
    put(store, preprint(version=2, abstract="This paper has been withdrawn.", withdrawn=True))
    assert '<span class="mark withdrawn">Withdrawn</span>' in browser.get("/search?q=deep").text


def test_wrong_questions_are_said(browser: TestClient, store: Store) -> None:
    assert "expected a day" in browser.get("/search?since=x").text
    assert "expected the `next`" in browser.get("/search?q=a&cursor=x").text
    assert browser.get("/search?topic=nope").status_code == 404


def test_a_search_goes_on(browser: TestClient, store: Store) -> None:
    fill(store, 60)
    seen: list[str] = []
    path = "/search?q=deep+learning"
    while path:
        html = browser.get(path).text
        seen += re.findall(r'<article class="card" id="([^"]+)"', html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) > 25


def test_only_this_machine_saves_a_watch(browser: TestClient, store: Store) -> None:
    filled(store)
    sent = {"proof": token(browser.get("/search?q=nets").text), "name": "My Nets", "q": "nets"}
    assert browser.post("/search/save", data=sent).status_code == 403  # asked as "daypaper.example"
    browser.base_url = "http://localhost"
    sent["proof"] = token(browser.get("/search?q=nets").text)
    assert (
        browser.post("/search/save", data=sent).status_code == 403
    )  # by no address of this machine


def test_the_library_has_shelves(browser: TestClient, store: Store) -> None:
    filled(store)
    assert "Nothing is starred yet" in browser.get("/library").text
    form = token(browser.get("/library").text)
    paper = re.findall(r'value="star:([^"]+)"', browser.get("/search?q=residual").text)[0]
    browser.post("/keep", data={"proof": form, "do": f"star:{paper}"})
    note = {"proof": form, "paper": paper, "note": "<b>Read</b>\r\nagain"}
    assert browser.post("/note", data=note).headers["location"] == f"/papers/{paper}#note"
    for shelf, count in (("starred", 1), ("later", 0), ("noted", 1), ("hidden", 0)):
        html = browser.get(f"/library?shelf={shelf}").text
        elements(html)
        assert html.count("<article") == count
    assert "&lt;b&gt;Read&lt;/b&gt;\nagain" in browser.get("/library?shelf=noted").text
    assert browser.get("/library?shelf=x").status_code == 400
    browser.cookies.clear()
    assert "Nothing is starred yet" in browser.get("/library").text


def test_a_watch_is_saved_of_what_was_seen(app: FastAPI, store: Store) -> None:
    filled(store)
    local = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 1))
    for typed, saved, count in (("resi", "resi*", 2), ("residual", "residual", 1)):
        html = local.get(f"/search?q={typed}&typed=1").text
        assert html.count("<article") == count
        form = html[html.index('action="/search/save"') :]
        sent = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)"', form))
        assert sent["q"] == saved
        page = local.post("/search/save", data={**sent, "name": typed}).url
        assert page.path == f"/watches/{typed}"
        assert local.get(page).text.count("<article") == count
