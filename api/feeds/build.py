"""A feed as plain data, made from papers as the store has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from aggregator.clock import parse_moment
from aggregator.digest.gist import gist
from aggregator.digest.select import POSTS
from aggregator.digest.show import byline, clean, cut, links, page_url, place
from aggregator.digest.show import title as shown_title
from aggregator.topics import Topic
from api.web.language import Language

NEWEST = 50  # entries of a feed
TAG = "tag:daypaper,2017:"
"""What ids begin with (RFC 4151). They do not hold our address: it may change, ids must not."""
BEGINNING = datetime(2017, 1, 1, tzinfo=UTC)
"""When a feed without entries was updated: not now, or it would change with every look."""
LONGEST, MOST_AUTHORS, NAMED = 10_000, 50, 10
"""Characters of an abstract, authors of an entry, and of those the ones its text names: feeds are
fetched again and again, and a collaboration has three thousand authors."""

_PUBLIC = ("preprint", "proceedings")


@dataclass(frozen=True, slots=True)
class Head:
    """What a feed says of itself. `id` never changes, `page` is the address of its page."""

    id: str
    title: str
    about: str
    page: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A paper in a feed. `content` is HTML; `outside` the address of the paper elsewhere, or ""."""

    id: str
    title: str
    page: str
    outside: str
    authors: tuple[str, ...]
    categories: tuple[tuple[str, str], ...]  # (name, title) of each topic, "discussions" of a post
    summary: str
    content: str
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, before it takes the form of a format. `language` is a tag such as "zh-Hans"."""

    head: Head
    language: str
    updated: datetime
    entries: tuple[Entry, ...]


def build(
    head: Head,
    papers: Iterable[Mapping[str, Any]],
    topics: Iterable[Topic],
    t: Language,
    base_url: str,
) -> Feed:
    """The feed of these papers, in their order. Starter works are no news: they are left out."""
    titles = {topic.name: clean(t.title_of(topic)) for topic in (*topics, POSTS)}
    entries = tuple(_entry(p, titles, t, base_url) for p in papers if not p["starter"])
    updated = max((entry.updated for entry in entries), default=BEGINNING)
    # A search's words stand in the title, and may hold what XML cannot.
    said = replace(head, title=clean(head.title), about=clean(head.about))
    return Feed(said, "zh-Hans" if t.code == "zh" else "en", updated, entries)


def _entry(
    paper: Mapping[str, Any], titles: Mapping[str, str], t: Language, base_url: str
) -> Entry:
    title = shown_title(paper)
    published = parse_moment(paper["at"])
    # Posts about a paper are not in the feed: that there is one more changes nothing for readers.
    tags = [tag["name"] for tag in paper["topics"]]
    changes = [parse_moment(e["published"]) for e in paper["entries"] if e["role"] in _PUBLIC]
    return Entry(
        id=f"{TAG}paper:{quote(paper['id'], safe='')}",
        title=f"[{t('withdrawn')}] {title}" if paper["withdrawn"] else title,
        page=page_url(base_url, paper["id"]),
        outside=dict(links(paper)).get("abstract", ""),
        authors=tuple(said for a in paper["authors"][:MOST_AUTHORS] if (said := clean(a))),
        categories=tuple(
            (name, titles.get(name, name))
            for name in (*tags, *([POSTS.name] if paper["kind"] == "post" else []))
        ),
        summary=gist(clean(paper["abstract"], LONGEST)),
        content=_content(paper, t),
        published=published,
        updated=max([published, *changes]),
    )


def _content(paper: Mapping[str, Any], t: Language) -> str:
    """HTML of a paper: by whom, where, the abstract, the links."""
    by = byline(paper["authors"], NAMED, f" {t('et_al')}")
    lines = [" · ".join(said for said in (by, clean(place(paper))) if said)]
    if paper["withdrawn"]:
        lines.append(t("withdrawn_note"))
    lines += [clean(part) for part in cut(paper["abstract"], LONGEST).split("\n\n")]
    anchor = Markup('<a href="{}">{}</a>').format
    anchors = [anchor(url, t(f"link_{name}")) for name, url in links(paper)]
    paragraphs = [*lines, Markup(" · ").join(anchors)]
    return "".join(Markup("<p>{}</p>").format(said) for said in paragraphs if said)
