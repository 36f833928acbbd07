"""OPML: every feed of this place, for a feed reader to take in at once."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator.digest.select import POSTS
from aggregator.digest.show import clean
from aggregator.topics import Topic

MEDIA_TYPE = "text/x-opml"


@dataclass(frozen=True, slots=True)
class Outline:
    """One feed: what it is called, and the absolute addresses of the feed and of its page."""

    title: str
    feed: str
    page: str


def outlines(
    names: Iterable[str],
    topics: Iterable[Topic],
    base_url: str,
    title_of: Callable[[Topic], str],
    query: str = "",
) -> list[Outline]:
    """The feeds of these topics and watches, and of the posts about no paper ("discussions"), as
    Atom. `query` goes at the end of every feed's address ("?lang=zh")."""
    titles = {topic.name: title_of(topic) for topic in (*topics, POSTS)}
    return [
        Outline(
            titles.get(name, name),
            f"{base_url}/feeds/{name}.atom{query}",
            f"{base_url}/{'topics' if name in titles else 'watches'}/{name}",
        )
        for name in (*names, POSTS.name)
    ]


def opml(feeds: Iterable[Outline], at: datetime) -> bytes:
    """An OPML 2.0 document; `at` is its date."""
    root = etree.Element("opml", version="2.0")
    head = etree.SubElement(root, "head")
    etree.SubElement(head, "title").text = "Daypaper"
    etree.SubElement(head, "dateModified").text = format_datetime(at, usegmt=True)
    body = etree.SubElement(root, "body")
    for outline in feeds:
        name = clean(outline.title)
        # "rss" is OPML's word for a feed of any format.
        said = {"type": "rss", "text": name, "title": name}
        said |= {"xmlUrl": outline.feed, "htmlUrl": outline.page}
        etree.SubElement(body, "outline", said)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
