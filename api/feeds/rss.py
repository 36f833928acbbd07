"""A feed as RSS 2.0, with the authors of Dublin Core and the dates of change of Atom."""

from email.utils import format_datetime

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator.clock import iso
from api.feeds import atom
from api.feeds.build import Entry, Feed

_DC = "http://purl.org/dc/elements/1.1/"
_CONTENT = "http://purl.org/rss/1.0/modules/content/"
_LANGUAGES = {"zh-Hans": "zh-cn"}
"""RSS knows languages by country only."""


def render(feed: Feed, own: str) -> bytes:
    """The document; `own` is its absolute address."""
    head = feed.head
    spaces = {"atom": atom.NAMESPACE, "dc": _DC, "content": _CONTENT}
    root = etree.Element("rss", {"version": "2.0"}, spaces)
    channel = etree.SubElement(root, "channel")
    _add(channel, "title", head.title)
    _add(channel, "link", head.page)
    _add(channel, "description", head.about or head.title)
    _add(channel, "language", _LANGUAGES.get(feed.language, feed.language))
    _add(channel, "lastBuildDate", format_datetime(feed.updated, usegmt=True))
    _add(channel, "generator", "Daypaper")
    link = {"rel": "self", "type": "application/rss+xml", "href": own}
    etree.SubElement(channel, f"{{{atom.NAMESPACE}}}link", link)
    for entry in feed.entries:
        _item(etree.SubElement(channel, "item"), entry)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _item(item: etree._Element, entry: Entry) -> None:
    _add(item, "title", entry.title)
    _add(item, "link", entry.page)
    _add(item, "guid", entry.id).set("isPermaLink", "false")
    _add(item, "pubDate", format_datetime(entry.published, usegmt=True))
    _add(item, f"{{{atom.NAMESPACE}}}updated", iso(entry.updated))
    for name in entry.authors:
        _add(item, f"{{{_DC}}}creator", name)
    for _, title in entry.categories:
        _add(item, "category", title)
    _add(item, "description", entry.summary or entry.title)
    _add(item, f"{{{_CONTENT}}}encoded", entry.content)


def _add(above: etree._Element, name: str, text: str) -> etree._Element:
    made = etree.SubElement(above, name)
    made.text = text
    return made
