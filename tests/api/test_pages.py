"""The pages: what they show, in both languages, and that nothing from outside runs there."""

import re
import tomllib
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from starlette.testclient import TestClient

import api.web
from aggregator.collect import works
from aggregator.merge.plan import Counts
from aggregator.store import papers, runs
from aggregator.store.db import Store
from api.web import front
from api.web.language import preferred
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint
from tests.filled import CONFIG, fill, give_tags, put

FOLDER = Path(api.web.__file__).parent
TITLE = '<script>alert("x")</script><img src=x onerror=alert(1)>'


class Elements(HTMLParser):
    """Elements and addresses of a page; whether every element was closed."""

    VOID = frozenset({"meta", "link", "br", "rect", "input", "path", "use", "circle"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.scripts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for key, value in attrs:
            assert not key.startswith("on")
            assert key != "style"
            self.links += [value or ""] if key in ("href", "src") else []
            self.ids += [value or ""] if key == "id" else []
        if tag == "script":
            self.scripts.append(dict(attrs).get("src") or "written into the page")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def elements(html: str) -> Elements:
    """A page, read; raises if it is not well formed, or not well made."""
    seen = Elements()
    seen.feed(html)
    assert seen.open == []
    assert not {"img", "iframe", "style"} & set(seen.tags)
    assert all(script.startswith("/static/") for script in seen.scripts)
    assert seen.tags.count("h1") == seen.tags.count("main") == 1
    assert len(seen.ids) == len(set(seen.ids))
    assert all(link.startswith(("/", "#", "https://", "http://")) for link in seen.links)
    for link in seen.links:
        assert not link.startswith("#") or link[1:] in seen.ids
    return seen


def hostile(store: Store) -> str:
    """A paper with markup in every field; returns its id."""
    put(
        store,
        preprint(
            title=TITLE,
            abstract=TITLE,
            authors=(TITLE,),
            venue=TITLE,
            comments=TITLE,
            pdf="javascript:alert(1)",
        ),
        post(about="arxiv:1711.00001", title=TITLE, score=3, num_comments=2, subreddit=TITLE),
    )
    with store.read() as connection:
        from aggregator.store import papers

        doc = papers.by_name(connection, "arxiv:1711.00001").doc
    give_tags(store, {doc["title"]: [("gan", 0.9)]})
    return doc["id"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_nothing_from_outside_is_markup(browser: TestClient, store: Store, lang: str) -> None:
    paper = hostile(store)
    for path in ("/?date=2017-11-13", f"/papers/{paper}", "/topics/gan", "/sources"):
        join = "&" if "?" in path else "?"
        answer = browser.get(f"{path}{join}lang={lang}")
        assert answer.status_code == 200
        elements(answer.text)
        assert "onerror=alert(1)>" not in answer.text


def test_the_front_page_shows_the_day_by_topic(browser: TestClient, store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Nets"),
        preprint("1711.00002", title="Games"),
        preprint("1711.00003", title="Old", published=DAY - timedelta(days=4)),
        preprint("1711.00003", 2, title="Old", published=DAY, first_public=DAY - timedelta(days=4)),
        post("t3_a", about="arxiv:1711.00002", score=12),
    )
    tagged = {"Nets": [("architectures", 0.9)], "Games": [("gan", 0.8)], "Old": [("gan", 0.9)]}
    give_tags(store, tagged)
    html = browser.get("/").text
    elements(html)
    for said in ("13 November 2017", "Nets", "Games", "New version", "Discussed · 12 points"):
        assert said in html
    assert html.index("New architectures</a>") < html.index("Adversarial networks</a>")
    assert 'href="/?date=2017-11-09"' in html
    assert "refresh" not in html
    other = browser.get("/?date=2017-11-09").text
    assert 'href="/?date=2017-11-13"' in other


@pytest.mark.parametrize("visit", ["999999999999.{now}", "{now}.999999999999", "9.²", "..", "x"])
def test_a_cookie_that_names_no_moment_is_a_first_visit(
    browser: TestClient, store: Store, visit: str
) -> None:
    put(store, preprint())
    now = int(NOW.timestamp())
    said = visit.format(now=now).encode()
    answer = browser.get("/", headers=[(b"Cookie", b"visit=" + said)])
    assert answer.status_code == 200
    assert answer.cookies["visit"].endswith(f".{now}")


def test_a_day_without_news_says_so(browser: TestClient, store: Store) -> None:
    put(store, preprint(published=DAY - timedelta(days=3)))
    give_tags(store, {"Deep Widgets for Semantic Gadgets": [("gan", 0.9)]})
    html = browser.get("/").text
    assert "Nothing new so far today, 13 November 2017" in html
    assert "10 November 2017" in html
    assert "weekend" in browser.get("/?date=2017-11-11").text
    for date in ("2017-13-01", "yesterday", "0001-01-01", "9999-12-31"):
        assert browser.get(f"/?date={date}").status_code == 400


def test_what_does_not_fit_is_on_the_page_of_the_topic_that_day(
    browser: TestClient, store: Store
) -> None:
    put(store, *(preprint(f"1711.{n:05d}", title=f"Games {n}") for n in range(20)))
    give_tags(store, {f"Games {n}": [("gan", 0.9), ("architectures", 0.6)] for n in range(20)})
    html = browser.get("/").text
    assert html.count("<article") == 24
    assert "8 more on this day" in html
    assert 'href="/?date=2017-11-13&amp;topic=gan"' in html
    whole = browser.get("/?date=2017-11-13&topic=gan").text
    elements(whole)
    assert whole.count("<article") == 20
    assert "New architectures</a></h2>" not in whole
    assert browser.get("/?topic=nope").status_code == 404
    assert browser.get("/?topic=discussions").status_code == 200


def test_topic_pages_go_on(browser: TestClient, store: Store) -> None:
    fill(store, 90)
    seen: list[str] = []
    path = "/topics/gan"
    while path:
        html = browser.get(path).text
        elements(html)
        seen += re.findall(r'<h2><a href="/papers/([^"]+)"', html)
        older = re.search(r'rel="next" href="([^"]+)"', html)
        path = older[1].replace("&amp;", "&") if older else ""
    assert len(seen) == len(set(seen)) > 30


def test_a_paper_page_tells_its_life(browser: TestClient, store: Store) -> None:
    put(store, preprint(), preprint(version=2, published=DAY + timedelta(days=3)))
    put(store, page(), source="cvf")
    put(store, post(about="arxiv:1711.00001", title="What a paper", score=7, num_comments=1))
    answer = browser.get("/papers/arxiv:1711.00001")
    assert answer.status_code == 302
    html = browser.get(answer.headers["location"]).text
    elements(html)
    for said in (
        "Preprint, version 1",
        "Preprint, version 2",
        "Proceedings, CVPR 2018",
        "Published",
        "What a paper",
        "7 points",
        "1 comment<",
        "1711.00001",
    ):
        assert said in html


def test_a_representative_work_has_a_year_and_no_source(browser: TestClient, store: Store) -> None:
    works.load(store, CONFIG, NOW)
    with store.read() as connection:
        (doc,) = papers.starters(connection)["architectures"]
    for address in ("/search?q=residual", f"/papers/{doc['id']}"):
        html = browser.get(address).text
        assert "<span>Representative work</span>" in html
        assert "<time>2015</time>" in html
        assert "<span>works</span>" not in html


def test_an_empty_store_shows_works_and_what_is_going_on(browser: TestClient, store: Store) -> None:
    works.load(store, CONFIG, NOW)
    html = browser.get("/").text
    elements(html)
    assert "No source has been asked yet" in html
    assert "Deep Residual Learning" in html
    with store.write() as connection:
        run = runs.start(connection, "arxiv", NOW, NOW, False)
        runs.progress(connection, run, "page 3: 300 of 1200")
    with store.upstream_lock("arxiv"):
        html = browser.get("/").text
        assert "collecting right now" in html
        assert "page 3: 300 of 1200" in html
        assert '<meta http-equiv="refresh"' in html
        assert '<meta http-equiv="refresh"' in browser.get("/sources").text
    assert "collecting right now" not in browser.get("/").text  # its process was killed
    with store.write() as connection:
        trouble = "No connection to export.arxiv.org."
        runs.finish(
            connection,
            run,
            "failed",
            trouble,
            Counts(),
            skipped=0,
            requests=1,
            failures=1,
            wall=NOW,
        )
    html = browser.get("/").text
    assert "cannot reach any of its sources" in html
    assert trouble in html
    assert "refresh" not in html
    assert browser.get("/topics/architectures").text.count("Deep Residual Learning") == 1


def test_a_quiet_start_is_no_failure() -> None:
    asked = {"name": "a", "status": "not_out_yet", "message": "Later.", "running": False}
    assert front.situation([asked]).key == "empty_quiet"
    assert front.situation([]).key == "empty_waiting"


def test_unknown_pages(browser: TestClient) -> None:
    for path in ("/nope", "/papers/nope", "/topics/nope"):
        answer = browser.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")
        elements(answer.text)


def test_the_language_is_asked_for_kept_or_the_browsers(browser: TestClient) -> None:
    assert 'lang="en"' in browser.get("/").text
    chinese = browser.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-Hans"' in chinese.text
    assert chinese.headers["content-language"] == "zh"
    assert "lang=" not in chinese.headers.get("set-cookie", "")
    asked = browser.get("/sources?lang=zh")
    assert "HttpOnly" in asked.headers["set-cookie"]
    assert '<html lang="zh-Hans"' in browser.get("/").text
    assert '<html lang="en"' in browser.get("/?lang=en").text
    assert browser.get("/?lang=%3Cscript%3E").status_code == 200
    assert 'href="/?date=2017-11-13&amp;lang=' in browser.get("/?date=2017-11-13").text


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("*", "en"),
        ("de-DE,de", "en"),
        ("zh-TW", "zh"),
        ("en;q=0.5, zh;q=0.9", "zh"),
        ("en, zh", "en"),
        ("zh;q=x, en;q=0.1", "en"),
    ],
)
def test_accept_language(accepted: str, code: str) -> None:
    assert preferred(accepted) == code


def test_catalogues_agree() -> None:
    en, zh = (
        tomllib.loads((FOLDER / "strings" / f"{code}.toml").read_text(encoding="utf-8"))
        for code in ("en", "zh")
    )
    assert {key for key in en if not key.endswith("_one")} == set(zh)
    for key, sentence in zh.items():
        if isinstance(sentence, str) and key not in ("date", "date_short", "date_week", "time"):
            assert _places(sentence) == _places(en[key])
    used = "".join(
        path.read_text(encoding="utf-8")
        for path in FOLDER.rglob("*")
        if path.suffix in (".html", ".py")
    )
    families = (
        *("status_", "error_", "role_", "by_", "link_", "empty_", "day_empty", "not_today"),
        *(
            "when_",
            "state_",
            "did_",
            "event_",
            "field_",
            "key_",
            "act_",
            "sort_",
            "tally_",
            "shelf_",
            "do_",
            "fetch_",
            "channel_",
            "scope_",
            "slack_",
            "test_",
            "shape_",
            "closed_",
            "mine_lacks_",
        ),
    )
    named = {key for key in zh if not key.startswith(families)}
    marks = {"new", "new_version", "published", "discussed", "cited", "withdrawn"}
    for key in named - marks:
        assert f'"{key}"' in used, key


def _places(sentence: str) -> set[str | None]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_a_page_asks_the_database_little(browser: TestClient, store: Store) -> None:
    from tests.store.test_papers_read import counted

    fill(store, 200)
    browser.get("/")  # from here on the reader is known
    with counted(store) as few:
        browser.get("/?date=2017-11-13")
    fill(store, 400, seed=2)
    with counted(store) as many:
        browser.get("/?date=2017-11-13")
    assert len(few) == len(many) <= 12
