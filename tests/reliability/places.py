"""The sources of the matrix: what is configured, when its week begins, and what it serves by itself."""

import html
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.reliability.feeds import ADAM, FEED_START, MONDAY, NORM, noon

ZHIHU, WEIBO = "/zhihu/hot?limit=15", "/weibo/search/hot?limit=15"


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


ARXIV = (
    'categories = ["cs.NE", "cs.IR"]\noai_url = "{url}/arxiv/oai"\nrss_url = "{url}/arxiv/rss"\n'
    'api_url = "{url}/arxiv/api/query"\n'
)
NO_OAI = {"prefix": "/arxiv/oai", "mode": "status", "status": 500}
REDDIT = (
    'subreddits = ["MachineLearning"]\nbase_url = "{url}/reddit"\noauth_url = "{url}/reddit-oauth"\n'
    'every = "12h"\n'
)
WORKS = """every = "12h"
base_url = "{url}/feeds/crossref"
[[sources]]
name = "named"
kind = "feed"
url = "{url}/feeds/dois.xml"
every = "12h"
"""
"""Crossref is asked for what posts name, so there is a feed that names it."""
NAMED = """[[sources]]
name = "named"
kind = "feed"
url = "{url}/feeds/preprints.xml"
every = "12h"
"""
"""Papers of other categories than those that are followed: arXiv is asked for them by their ids, since a
feed names them."""
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
    Place("arxiv look-ups", "arxiv", "/arxiv/api", MONDAY, ARXIV + NAMED,
          _found("/feeds/preprints.xml", r"abs/([\d.]+)"), truthful=frozenset({"partial"})),
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
    Place("pmlr", "pmlr", "/pmlr", noon(2015, 7, 4), 'volumes = [37]\nbase_url = "{url}/pmlr"\n',
          _found("/pmlr/v37", r'<p class="title">(.*?)</p>')),
    Place("cvf", "cvf", "/cvf", noon(2020, 2, 28), 'venues = ["WACV2020"]\nbase_url = "{url}/cvf"\n',
          _found("/cvf/WACV2020", r'class="ptitle"><br><a [^>]*>(.*?)</a>'), pace=0.012),
    Place("ecva", "ecva", "/ecva", noon(2018, 9, 6), 'years = [2018]\nbase_url = "{url}/ecva"\n',
          _found("/ecva/papers.php", r"<a href=papers[^>]*>\n(.*?)</a>"), pace=0.012),
    Place("neurips", "neurips", "/neurips", noon(2013, 12, 3),
          'years = [2013]\nbase_url = "{url}/neurips"\n',
          _found("/neurips/paper_files/paper/2013", r'title="paper title"[^>]*>(.*?)</a>'), pace=0.012),
    Place("openreview v1", "openreview", "/openreview", noon(2021, 6, 26), _notes(2021),
          _noted(f"/openreview1/notes?invitation={CORL.format(2021)}/-/Blind_Submission",
                 lambda d: [n["content"]["title"] for n in d["notes"]])),
    Place("openreview v2", "openreview", "/openreview", noon(2024, 6, 4), _notes(2024),
          _noted(f"/openreview2/notes?invitation={CORL.format(2024)}/-/Submission",
                 lambda d: [n["content"]["title"]["value"] for n in d["notes"]])),
    Place("openreview, login", "openreview", "/openreview", noon(2024, 6, 4), _notes(2024),
          _noted(f"/openreview2/notes?invitation={CORL.format(2024)}/-/Submission",
                 lambda d: [n["content"]["title"]["value"] for n in d["notes"]]),
          settings={"openreview_user": "reader@example.org", "openreview_password": "secret"}, rest=61),
    Place("virtual", "virtual", "/virtual", noon(2017, 7, 15),
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


def _items(path: str) -> Callable[[str], list[str]]:
    """The links of items: two sites may have the same trending word."""
    return _found(path, r"<link>([^<]*)</link><guid")
