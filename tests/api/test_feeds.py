"""Feeds out: which there are, what they hold, and that nothing hostile gets through."""

import json
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from lxml import etree, html  # pyright: ignore[reportAttributeAccessIssue] - compiled
from starlette.testclient import TestClient

from aggregator import topics
from aggregator.collect import works
from aggregator.settings import Settings
from aggregator.store import watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from api.app import create_app
from tests.api.conftest import BASE_URL
from tests.api.feeds_read import FORMS, one, parsed
from tests.conftest import NOW
from tests.drafts import DAY, post, preprint
from tests.filled import CONFIG, fill, give_tags, put

ATOM = "{http://www.w3.org/2005/Atom}"
TAG_URI = re.compile(r"tag:[a-z0-9.-]+,\d{4}(-\d\d(-\d\d)?)?:[\w.~!$&'()*+,;=:@/?%-]+", re.ASCII)
HOSTILE = '<script>alert("x")</script> & ]]> \u202e\x0b\r\nX: y "quoted" ' + "x" * 40_000


# --- what they hold ----------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "version"), [("atom", "atom10"), ("rss", "rss20")])
def test_feedparser_reads_everything(
    client: TestClient, store: Store, form: str, version: str
) -> None:
    paper = one(store, "Nets & <b>Gadgets</b>", abstract="We build nets.\n\nThey are deep.")
    made = parsed(client, f"/feeds/gan.{form}")
    assert made.version == version
    assert made.feed.title == "Adversarial networks · Daypaper"
    links = {(link.rel, link.href) for link in made.feed.links}
    assert ("self", f"{BASE_URL}/feeds/gan.{form}") in links
    assert ("alternate", f"{BASE_URL}/topics/gan") in links
    (entry,) = made.entries
    assert entry.id == f"tag:daypaper,2017:paper:{paper}"
    assert entry.link == f"{BASE_URL}/papers/{paper}"
    assert "Gadgets" in entry.title
    assert [author.name for author in entry.authors] == ["Ada Lovelace", "Alan Turing"]
    assert "gan" in [tag.term for tag in entry.tags] or form == "rss"
    assert "We build nets." in entry.summary
    body = entry.content[0].value
    assert "<p>They are deep.</p>" in body
    assert 'href="https://arxiv.org/pdf/1711.00001"' in body
    assert entry.published_parsed[:5] == DAY.timetuple()[:5]
    assert entry.updated_parsed[:5] == DAY.timetuple()[:5]


def test_json_feed(client: TestClient, store: Store) -> None:
    paper = one(store)
    answer = client.get("/feeds/gan.json")
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    made = answer.json()
    assert made["version"] == "https://jsonfeed.org/version/1.1"
    assert made["feed_url"] == f"{BASE_URL}/feeds/gan.json"
    assert made["home_page_url"] == f"{BASE_URL}/topics/gan"
    (item,) = made["items"]
    assert item["id"] == f"tag:daypaper,2017:paper:{paper}"
    assert item["url"] == f"{BASE_URL}/papers/{paper}"
    assert item["external_url"] == "https://arxiv.org/abs/1711.00001v1"
    assert item["authors"] == [{"name": "Ada Lovelace"}, {"name": "Alan Turing"}]
    assert item["tags"] == ["Adversarial networks"]
    assert datetime.fromisoformat(item["date_published"]) == DAY
    assert item["content_html"].startswith("<p>")


def test_atom_has_what_its_rfc_requires(client: TestClient, store: Store) -> None:
    fill(store, 5)
    put(store, preprint("1711.09999", title="One", authors=()))
    root = etree.fromstring(client.get("/feeds/search.atom").content)
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) == 6
    assert root.find(f"{ATOM}author/{ATOM}name").text  # for the entry that has none
    for element in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"{ATOM}{name}")) == 1, name
        assert TAG_URI.fullmatch(element.findtext(f"{ATOM}id"))
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated")).tzinfo
        alternates = [
            link for link in element.findall(f"{ATOM}link") if link.get("rel") == "alternate"
        ]
        assert len(alternates) == 1
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == 6


def test_rss_has_what_it_requires(client: TestClient, store: Store) -> None:
    one(store, abstract="")
    channel = etree.fromstring(client.get("/feeds/gan.rss?lang=zh").content).find("channel")
    assert all(channel.findtext(name) for name in ("title", "link", "description"))
    assert channel.findtext("language") == "zh-cn"
    item = channel.find("item")
    assert item.findtext("description")
    assert item.find("guid").get("isPermaLink") == "false"
    for where, name in ((channel, "lastBuildDate"), (item, "pubDate")):
        written = where.findtext(name)
        assert format_datetime(datetime(2017, 11, 13, 1, tzinfo=UTC), usegmt=True) == written


@pytest.mark.parametrize("form", FORMS)
def test_nothing_hostile_gets_through(client: TestClient, store: Store, form: str) -> None:
    put(
        store,
        preprint(
            title=HOSTILE,
            abstract=f"{HOSTILE}\n\n{HOSTILE}",
            authors=(HOSTILE,),
            venue=HOSTILE,
            pdf="javascript:alert(1)",
        ),
    )
    answer = client.get(f"/feeds/search.{form}")
    assert len(answer.content) < 120_000
    text = answer.text
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e]", text)
    assert "javascript:" not in text
    if form == "json":
        (item,) = answer.json()["items"]
        body, title = item["content_html"], item["title"]
    else:
        (entry,) = parsed(client, f"/feeds/search.{form}").entries
        body, title = entry.content[0].value, entry.title
        assert "<script" not in text
    assert len(title) < 500
    assert not [e for e in html.fragments_fromstring(body) if e.tag not in ("p",)]
    assert not html.fromstring(f"<div>{body}</div>").xpath("//script")


def test_many_authors_do_not_make_a_feed_long(client: TestClient, store: Store) -> None:
    one(store, authors=tuple(f"Ada Lovelace {n}" for n in range(3_000)))
    (entry,) = parsed(client, "/feeds/gan.atom").entries
    assert len(entry.authors) == 50
    assert "et al." in entry.content[0].value


def test_starter_works_are_no_news_and_withdrawn_papers_are_marked(
    client: TestClient, store: Store
) -> None:
    works.load(store, CONFIG, NOW)
    for path in ("/feeds/search.atom", "/feeds/search.atom?q=residual", "/feeds/architectures.rss"):
        assert parsed(client, path).entries == []
    one(store, "Gone", withdrawn=True)
    assert parsed(client, "/feeds/gan.atom").entries[0].title == "[Withdrawn] Gone"
    assert parsed(client, "/feeds/gan.rss?lang=zh").entries[0].title == "[已撤稿] Gone"


def test_fifty_newest(client: TestClient, store: Store) -> None:
    fill(store, 70)
    found = parsed(client, "/feeds/search.atom").entries
    assert len(found) == 50
    dates = [entry.published_parsed for entry in found]
    assert dates == sorted(dates, reverse=True)


# --- which feeds there are ---------------------------------------------------------------------


def test_a_watch_is_a_feed(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", title="Nets"), preprint("1711.00002", title="Games"))
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="games", query="games"), NOW)
    made = parsed(client, "/feeds/games.atom")
    assert [entry.title for entry in made.entries] == ["Games"]
    assert made.feed.link == f"{BASE_URL}/watches/games"
    assert made.feed.id == "tag:daypaper,2017:feed:games"
    assert "games" in made.feed.subtitle


def test_posts_about_no_paper_are_a_feed(client: TestClient, store: Store) -> None:
    one(store)
    put(store, post(title="A question"), source="reddit")
    made = parsed(client, "/feeds/discussions.atom")
    assert [entry.title for entry in made.entries] == ["A question"]
    assert [tag.label for tag in made.entries[0].tags] == ["Discussions"]


def test_a_search_is_a_feed(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", title="Deep Nets"), preprint("1711.00002", title="Games"))
    give_tags(store, {"Deep Nets": [("gan", 0.4)], "Games": [("gan", 0.9)]})

    def found(query: str) -> list[str]:
        entries = parsed(client, f"/feeds/search.atom?{query}").entries
        return sorted(entry.title for entry in entries)

    assert found("q=deep+nets") == ["Deep Nets"]
    assert found("topic=gan") == ["Games"]
    assert found("topic=gan&min_probability=0.3") == ["Deep Nets", "Games"]
    assert found("author=lovelace&source=arxiv") == ["Deep Nets", "Games"]
    assert found("venue=CVPR") == []
    made = parsed(client, "/feeds/search.atom?q=deep+%22nets%22&topic=gan&topic=learning&lang=zh")
    (own,) = (link.href for link in made.feed.links if link.rel == "self")
    assert parsed(client, own.removeprefix(BASE_URL)).feed.id == made.feed.id
    assert TAG_URI.fullmatch(made.feed.id)
    assert made.feed.title.startswith('deep "nets" · ')


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("words", ["\ufffe", "\x7f nets \x85", "\u202enets", "<q>&\"'"])
def test_words_that_no_feed_can_hold(client: TestClient, words: str, form: str) -> None:
    answer = client.get(f"/feeds/search.{form}", params={"q": words})
    assert answer.status_code == 200
    if form != "json":
        etree.fromstring(answer.content)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("nope.atom", 404),
        ("gan.pdf", 404),
        ("gan", 404),
        (".atom", 404),
        ("search.xml", 404),
        ("all.atom", 404),
        ("%00.atom", 400),
        (f"{'x' * 65}.atom", 400),
        ("gan.atom?lang=de", 400),
        ("search.atom?topics=gan", 400),
        ("search.atom?topic=nope", 400),
        ("search.atom?min_probability=2", 400),
        ("search.atom?q=a%00b", 400),
        (f"search.atom?q={'x' * 501}", 400),
    ],
)
def test_what_is_no_feed_is_a_problem(client: TestClient, path: str, status: int) -> None:
    answer = client.get(f"/feeds/{path}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_opml_lists_every_feed(client: TestClient, store: Store) -> None:
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="games", query="games"), NOW)
    answer = client.get("/feeds/all.opml")
    assert answer.headers["content-type"] == "text/x-opml; charset=utf-8"
    assert "Accept-Language" in answer.headers["vary"]
    root = etree.fromstring(answer.content)
    assert root.get("version") == "2.0"
    assert root.findtext("head/dateModified") == "Mon, 13 Nov 2017 00:00:00 GMT"
    listed = root.findall("body/outline")
    assert [o.get("xmlUrl") for o in listed] == [
        f"{BASE_URL}/feeds/{name}.atom"
        for name in ("architectures", "learning", "gan", "games", "discussions")
    ]
    for outline in listed:
        assert outline.get("type") == "rss"
        assert outline.get("text") == outline.get("title")
        made = parsed(client, outline.get("xmlUrl").removeprefix(BASE_URL))
        assert made.feed.link == outline.get("htmlUrl")
    chinese = client.get("/feeds/all.opml", headers={"Accept-Language": "zh-CN"})
    assert "新的网络结构" in chinese.text
    assert f"{BASE_URL}/feeds/gan.atom?lang=zh" in chinese.text


def test_without_a_public_address_links_lead_to_the_one_that_was_asked(
    store: Store, tmp_path: Any
) -> None:
    one(store)
    app = create_app(store, Settings(data_dir=tmp_path), CONFIG, now=lambda: NOW)
    with TestClient(app, base_url="http://daypaper.lan:8000") as client:
        made = parsed(client, "/feeds/gan.atom")
        assert made.entries[0].link.startswith("http://daypaper.lan:8000/papers/")
        assert made.entries[0].id.startswith("tag:daypaper,2017:paper:")


# --- how they are found ------------------------------------------------------------------------


def test_pages_name_their_feeds(browser: TestClient, store: Store) -> None:
    paper = one(store)
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="games", query="games"), NOW)
    for path, feeds in (
        ("/watches/games", [f"/feeds/games.{form}" for form in FORMS]),
        ("/topics/gan", [f"/feeds/gan.{form}" for form in FORMS]),
        ("/", ["/feeds/search.atom", "/feeds/all.opml"]),
        ("/topics/gan?lang=zh", [f"/feeds/gan.{form}?lang=zh" for form in FORMS]),
    ):
        head = html.fromstring(browser.get(path).text)
        found = head.xpath("//link[@rel='alternate']/@href")
        assert found == feeds
        for feed in found:
            assert browser.get(feed).status_code == 200
    assert "/feeds/gan.atom" in browser.get("/topics/gan?lang=en").text
    assert "/feeds/" not in json.dumps(browser.get(f"/api/v1/papers/{paper}").json())


def test_names_of_feeds_cannot_be_those_of_topics() -> None:
    assert {"search", "all", "discussions"} <= set(topics.RESERVED)
