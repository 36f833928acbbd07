"""The sources of the matrix: what is configured, when its week begins, and what it serves by itself."""

import html
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

ZHIHU, WEIBO = "/zhihu/hot?limit=15", "/weibo/search/hot?limit=15"
HOUR = timedelta(hours=1)
WINDOW = 30
"""Items that the rolling feed shows; one comes every two hours."""


@dataclass(frozen=True, slots=True)
class Place:
    """One source at the stand-in. `start` is the noon at which its week begins; proceedings come out
    two days later, on the second day of the fault. `prefix` is what the fault is ordered for there.

    `shown` gives the titles or links that it shows now, read without Daypaper; `windowed`: it forgets.
    `beside` are faults that go with every fault, `truthful` statuses that then are true as well. `rest`:
    seconds between two weeks, where the stand-in counts requests by the real clock.
    """

    name: str
    kind: str
    prefix: str
    start: datetime
    options: str
    shown: Callable[[str], list[str]]
    windowed: bool = False
    pace: float = 0.05
    beside: tuple[Mapping[str, Any], ...] = ()
    truthful: frozenset[str] = frozenset()
    settings: Mapping[str, Any] = field(default_factory=dict)
    rest: float = 0

    @property
    def services(self) -> tuple[str, ...]:
        """Where its requests are logged."""
        first = "/" + self.prefix.split("/")[1]
        return {"/openreview": ("/openreview1", "/openreview2"),
                "/reddit": ("/reddit", "/reddit-oauth")}.get(first, (first,))  # fmt: skip

    def toml(self, url: str) -> str:
        """Its `[[sources]]` table."""
        return (
            f'[[sources]]\nname = "{self.kind}"\nkind = "{self.kind}"\npace_seconds = {self.pace}\n'
            + self.options.replace("{url}", url)
        )


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read().decode()


def _found(path: str, pattern: str) -> Callable[[str], list[str]]:
    """Titles by a regular expression."""

    def shown(url: str) -> list[str]:
        try:
            text = _get(url + path)
        except urllib.error.HTTPError:
            return []
        return [html.unescape(title).strip() for title in re.findall(pattern, text, re.S)]

    return shown


def _noted(path: str, find: Callable[[dict], list[str]]) -> Callable[[str], list[str]]:
    """Titles out of JSON."""

    def shown(url: str) -> list[str]:
        try:
            return find(json.loads(_get(url + path)))
        except urllib.error.HTTPError:
            return []

    return shown


def _announced(url: str) -> list[str]:
    """arXiv ids, which is what the stand-in tells: all listings since the week before."""
    return json.loads(_get(f"{url}/_truth/arxiv?from=2017-11-07&cats=cs.NE,cs.IR"))["ids"]


def _posts(url: str) -> list[str]:
    """Every post that paging back can reach."""
    found, after = [], ""
    while after is not None:
        page = json.loads(
            _get(f"{url}/reddit/r/MachineLearning/new.json?raw_json=1&limit=100&after={after}")
        )
        posts = [child["data"] for child in page["data"]["children"]]
        found += [post["title"] for post in posts if post["created_utc"] >= MONDAY.timestamp()]
        after = page["data"]["after"]
    return found


def _noon(year: int, month: int, day: int) -> datetime:
    return datetime(year, month, day, 12, tzinfo=UTC)


MONDAY = _noon(2017, 11, 13)
FEED_START = _noon(2026, 8, 10)

ARXIV = (
    'categories = ["cs.NE", "cs.IR"]\noai_url = "{url}/arxiv/oai"\nrss_url = "{url}/arxiv/rss"\n'
    'api_url = "{url}/arxiv/api/query"\n'
)
NO_OAI = {"prefix": "/arxiv/oai", "mode": "status", "status": 500}
REDDIT = (
    'subreddits = ["MachineLearning"]\nbase_url = "{url}/reddit"\noauth_url = "{url}/reddit-oauth"\n'
    'every = "12h"\n'
)
ADAM, NORM = "1412.6980", "1502.03167"
CITING = """
    00215 00258 00313 00436 00482 00541 00549 00727 00913 00956 00970 01201 01239 01243 01343 01416
    01436 02017 02114 02282 02301 02326 02395 02448 02799 02833 03073 03121 03129 03180 03357 03417
    03467 03637 03640 04214 04340 04518 04574 04759 04837 04848 04988 05101 05133 05136 05443 05734
    05747 05772 05795
"""
"""Papers on neural networks of November 2017 (1711.…), made to cite the two: the stand-in's own edges are
few."""
WORKS = """every = "12h"
base_url = "{url}/feeds/crossref"
[[sources]]
name = "named"
kind = "feed"
url = "{url}/feeds/dois.xml"
every = "12h"
"""
"""Crossref is asked for what posts name, so there is a feed that names it."""
CORL = "robot-learning.org/CoRL/{}/Conference"


def _notes(year: int) -> str:
    return (
        f'venues = ["{CORL.format(year)}"]\nbase_url = "{{url}}/openreview2"\n'
        'base_url_v1 = "{url}/openreview1"\n'
    )


def _cited(provider: str, prefix: str) -> str:
    return (
        f'provider = "{provider}"\nbase_url = "{{url}}/{prefix}"\nworks = ["{ADAM}", "{NORM}"]\n'
        'every = "12h"\n'
    )


def _citing(url: str) -> list[str]:
    """Of both works; the services know the same."""
    found = []
    for work in (ADAM, NORM):
        path = f"{url}/s2/graph/v1/paper/ARXIV:{work}/citations?fields=title&limit=1000"
        found += [one["citingPaper"]["title"] for one in json.loads(_get(path))["data"]]
    return found


PLACES = (
    Place("arxiv", "arxiv", "/arxiv", MONDAY, ARXIV, _announced),
    Place("arxiv rss", "arxiv", "/arxiv/rss", MONDAY, ARXIV, _announced, truthful=frozenset({"partial"})),
    Place("arxiv oai", "arxiv", "/arxiv/oai", MONDAY, ARXIV, _announced, truthful=frozenset({"partial"})),
    Place("arxiv search", "arxiv", "/arxiv/api", MONDAY, ARXIV, _announced, beside=(NO_OAI,),
          truthful=frozenset({"partial", "failed"})),
    Place("feed", "feed", "/feeds", FEED_START, 'url = "{url}/feeds/rolling.xml"\nevery = "12h"\n',
          lambda url: _items("/feeds/rolling.xml")(url), windowed=True),
    Place("rsshub", "rsshub", "/rsshub", FEED_START,
          f'routes = ["{ZHIHU}", "{WEIBO}"]\nbase_url = "{{url}}/rsshub"\nevery = "12h"\n',
          lambda url: _items(f"/rsshub{ZHIHU}")(url) + _items(f"/rsshub{WEIBO}")(url), windowed=True),
    Place("hf_daily", "hf_daily", "/feeds", FEED_START, 'base_url = "{url}/feeds"\nevery = "12h"\n',
          _noted("/feeds/api/daily_papers", lambda d: [item["paper"]["title"] for item in d])),
    Place("reddit", "reddit", "/reddit", MONDAY, REDDIT, _posts, windowed=True),
    Place("reddit, key", "reddit", "/reddit", MONDAY, REDDIT, _posts, windowed=True,
          settings={"reddit_client_id": "id", "reddit_client_secret": "secret"}),
    Place("pmlr", "pmlr", "/pmlr", _noon(2015, 7, 4), 'volumes = [37]\nbase_url = "{url}/pmlr"\n',
          _found("/pmlr/v37", r'<p class="title">(.*?)</p>')),
    Place("cvf", "cvf", "/cvf", _noon(2020, 2, 28), 'venues = ["WACV2020"]\nbase_url = "{url}/cvf"\n',
          _found("/cvf/WACV2020", r'class="ptitle"><br><a [^>]*>(.*?)</a>'), pace=0.012),
    Place("ecva", "ecva", "/ecva", _noon(2018, 9, 6), 'years = [2018]\nbase_url = "{url}/ecva"\n',
          _found("/ecva/papers.php", r"<a href=papers[^>]*>\n(.*?)</a>"), pace=0.012),
    Place("neurips", "neurips", "/neurips", _noon(2013, 12, 3),
          'years = [2013]\nbase_url = "{url}/neurips"\n',
          _found("/neurips/paper_files/paper/2013", r'title="paper title"[^>]*>(.*?)</a>'), pace=0.012),
    Place("openreview v1", "openreview", "/openreview", _noon(2021, 6, 26), _notes(2021),
          _noted(f"/openreview1/notes?invitation={CORL.format(2021)}/-/Blind_Submission",
                 lambda d: [n["content"]["title"] for n in d["notes"]])),
    Place("openreview v2", "openreview", "/openreview", _noon(2024, 6, 4), _notes(2024),
          _noted(f"/openreview2/notes?invitation={CORL.format(2024)}/-/Submission",
                 lambda d: [n["content"]["title"]["value"] for n in d["notes"]])),
    Place("openreview, login", "openreview", "/openreview", _noon(2024, 6, 4), _notes(2024),
          _noted(f"/openreview2/notes?invitation={CORL.format(2024)}/-/Submission",
                 lambda d: [n["content"]["title"]["value"] for n in d["notes"]]),
          settings={"openreview_user": "reader@example.org", "openreview_password": "secret"}, rest=61),
    Place("virtual", "virtual", "/virtual", _noon(2017, 7, 15),
          'conferences = ["icml-2017"]\nbase_url = "{url}/virtual/icml"\n',
          _noted("/virtual/icml/static/virtual/data/icml-2017-orals-posters.json",
                 lambda d: list({e["uid"]: e["name"] for e in d["results"]}.values()))),
    Place("crossref", "crossref", "/feeds/crossref", FEED_START, WORKS,
          _noted("/feeds/crossref/works", lambda d: [w["title"][0] for w in d["message"]["items"]])),
    Place("s2", "citations", "/s2", MONDAY, _cited("semanticscholar", "s2"), _citing),
    Place("openalex", "citations", "/openalex", MONDAY, _cited("openalex", "openalex"), _citing),
)  # fmt: skip


def place_of(name: str) -> Place:
    """The place of that name."""
    return next(place for place in PLACES if place.name == name)


def write_edges(data: Path) -> None:
    """More citations for the stand-in, before it starts: some cite both works."""
    edges = [{"citing": f"1711.{one}", "cited": ADAM} for one in CITING.split()]
    edges += [{"citing": f"1711.{one}", "cited": NORM} for one in CITING.split()[::3]]
    _write(data / "edges-week.jsonl", "".join(json.dumps(edge) + "\n" for edge in edges))


def _items(path: str) -> Callable[[str], list[str]]:
    """The links of items: two sites may have the same trending word."""
    return _found(path, r"<link>([^<]*)</link><guid")


def write_feeds(folder: Path, now: datetime) -> None:
    """What the rolling feed and Hugging Face's page show at this moment."""
    last = int((now - FEED_START) / (2 * HOUR)) + 100
    items = []
    for number in range(last, last - WINDOW, -1):
        at = FEED_START + (number - 100) * 2 * HOUR
        items.append(
            f"<item><title>Über the übung {number}: naïve café</title><link>https://blog.example/{number}</link>"
            f"<guid>https://blog.example/{number}</guid><pubDate>{format_datetime(at)}</pubDate>"
            f"<description>What was seen at {at:%H:%M}, and what it means.</description></item>"
        )
    rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Rolling</title>"
    _write(folder / "rolling.xml", f"{rss}{''.join(items)}</channel></rss>")
    _write_works(folder, now)
    days = int((now - FEED_START) / (24 * HOUR)) + 1
    papers = [
        {
            "paper": {
                "id": f"2608.{10 * day + n:05d}",
                "title": f"Étude {day}.{n} on gadgets",
                "upvotes": n,
                "submittedOnDailyAt": f"{(now - (days - day) * 24 * HOUR).date()}T00:00:00.000Z",
            },
            "title": f"Étude {day}.{n} on gadgets",
            "numComments": 0,
        }
        for day in range(1, days + 1)
        for n in range(1, 6)
    ]
    (folder / "api").mkdir(exist_ok=True)
    _write(folder / "api" / "daily_papers", json.dumps(papers, ensure_ascii=False))
    kind = json.dumps({"Content-Type": "application/json; charset=utf-8"})
    _write(folder / "api" / "daily_papers.headers.json", kind)


def _write_works(folder: Path, now: datetime) -> None:
    """A feed whose posts name three works each, one post every six hours, and what Crossref says of all
    of them, whichever are asked for."""
    posts, works = [], []
    for number in range(int((now - FEED_START) / (6 * HOUR)) + 4):
        dois = [f"10.5555/gadgets.{number}.{n}" for n in range(3)]
        links = " ".join(f"https://doi.org/{doi}" for doi in dois)
        posts.append(
            f"<item><title>Reading list {number}</title><link>https://blog.example/list/{number}</link>"
            f"<guid>https://blog.example/list/{number}</guid><description>{links}</description>"
            f"<pubDate>{format_datetime(FEED_START + (number - 4) * 6 * HOUR)}</pubDate></item>"
        )
        works += [
            {"DOI": doi, "type": "journal-article", "title": [f"Über gadgets, part {doi[16:]}"],
             "author": [{"given": "Ada", "family": "Lovelace"}],
             "published-online": {"date-parts": [[2026, 6, 1 + number % 28]]}}
            for doi in dois
        ]  # fmt: skip
    rss = "<?xml version='1.0' encoding='UTF-8'?><rss version='2.0'><channel><title>Lists</title>"
    _write(folder / "dois.xml", f"{rss}{''.join(posts)}</channel></rss>")
    answer = {"status": "ok", "message-type": "work-list", "message": {"items": works}}
    (folder / "crossref").mkdir(exist_ok=True)
    _write(folder / "crossref" / "works", json.dumps(answer, ensure_ascii=False))
    kind = json.dumps({"Content-Type": "application/json; charset=utf-8"})
    _write(folder / "crossref" / "works.headers.json", kind)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
