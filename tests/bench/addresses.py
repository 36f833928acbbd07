"""Every address that a reader or a program asks for, and how fast it is to answer."""

from typing import NamedTuple
from urllib.parse import quote

BUSY_DAY, PLAIN_DAY = "2026-06-29", "2025-11-04"
"""Days of the store that `scale` makes: the newest, with very many papers, and one with as many as others."""
WATCH = "attention-watch"
TYPED = "graph neural networks for molecules"
"""Sent letter by letter, as the search page does."""

TARGETS = {
    "page": "p95 ≤ 50 ms",
    "ranked page": "p95 ≤ 100 ms",
    "api": "p99 ≤ 10 ms",
    "answer": "p95 ≤ 50 ms",
    "search": "p95 ≤ 20 ms",
    "ranked": "p95 ≤ 100 ms",
    "digest": "p95 ≤ 100 ms",
}


class Address(NamedTuple):
    """What is asked; `{paper}` stands for another paper each time, `{typed}` for the words typed so far."""

    kind: str
    path: str
    typing: bool = False


_PAGES = (
    "/",
    f"/?date={BUSY_DAY}&topic=gan",
    f"/?date={PLAIN_DAY}",
    "/?since=2026-06-20",
    "/topics",
    "/topics/gan",
    "/topics/gan?sort=hot",
    "/topics/gan?week=2025-11-04",
    "/topics/gan?sort=mine",
    "/topics/discussions",
    f"/watches/{WATCH}",
    f"/watches/{WATCH}?sort=hot",
    f"/watches/{WATCH}?sort=mine",
    "/papers/{paper}",
    "/papers/{work}",
    "/search",
    "/search?q=residual",
    "/search?q=graph+neural+networks&topic=gan",
    "/search?author=wang",
    "/search?author=kaiming+he",
    "/search?venue=CVPR+2017",
    "/search?q=model&since=2020-01-01&until=2020-12-31",
    "/library",
    "/label?topic=gan",
    "/settings",
    "/sources",
    "/docs",
    "/feeds/gan.atom",
    "/feeds/gan.rss?sort=hot",
    "/feeds/search.json?q=residual",
    f"/feeds/{WATCH}.atom",
    "/feeds/all.opml",
)
_LISTS = (
    "",
    "?topic=gan",
    "?topic=gan&min_probability=0.8",
    "?sort=hot",
    "?topic=gan&sort=hot",
    "?venue=CVPR%202017",
    "?source=import",
)
_SEARCHES = (
    "q=residual%20attention",
    "q=model",
    "q=zebrafish",
    "q=graph%20neural%20networks",
    "q=%22residual%20learning%22",
    "q=zebrafish%20mod*",
    "q=model&topic=gan",
    "author=wang",
)
_RANKED = ("q=transformer", "q=model", "q=graph%20neural%20networks", "author=wang", "q=mod*")
_ANSWERS = (
    "/api/v1/papers/{paper}",
    "/api/v1/papers/{paper}/similar",
    "/api/v1/papers/{paper}/explain",
    "/api/v1/papers/{paper}.bib",
    "/api/v1/papers/{work}/citations",
    "/api/v1/topics",
    "/api/v1/topics/gan",
    "/api/v1/topics/gan/trend",
    "/api/v1/labels/next?topic=gan",
    "/api/v1/sources",
    "/api/v1/watches",
    "/metrics",
)
_DIGESTS = (
    f"/api/v1/digests/gan?date={BUSY_DAY}",
    f"/api/v1/digests/gan?date={BUSY_DAY}&format=html",
    f"/api/v1/digests/gan?date={PLAIN_DAY}&days=7&format=html",
    f"/api/v1/digests/{WATCH}?date={BUSY_DAY}&format=text",
)
ADDRESSES = (
    *(Address("page", path) for path in _PAGES),
    Address("page", "/search?q={typed}", typing=True),
    Address("page", "/search?q={typed}&topic=gan", typing=True),
    Address("ranked page", "/search?q=residual&sort=relevance"),
    Address("ranked page", "/search?q={typed}&sort=relevance", typing=True),
    *(Address("api", f"/api/v1/papers{path}") for path in _LISTS),
    *(Address("search", f"/api/v1/papers?{words}") for words in _SEARCHES),
    *(Address("ranked", f"/api/v1/papers?{words}&sort=relevance") for words in _RANKED),
    *(Address("answer", path) for path in _ANSWERS),
    *(Address("digest", path) for path in _DIGESTS),
)


def filled(path: str, paper: str, work: str, n: int) -> str:
    """The address to ask the `n`th time."""
    typed = TYPED[: n % len(TYPED) + 1]
    return path.format(paper=paper, work=work, typed=quote(typed))
