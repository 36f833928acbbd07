"""A feed as Atom (RFC 4287)."""

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator.clock import iso
from api.feeds.build import Entry, Feed

NAMESPACE = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def render(feed: Feed, own: str) -> bytes:
    """The document; `own` is its absolute address."""
    head = feed.head
    root = etree.Element(f"{{{NAMESPACE}}}feed", {XML_LANG: feed.language}, {None: NAMESPACE})
    _add(root, "id", head.id)
    _add(root, "title", head.title)
    if head.about:
        _add(root, "subtitle", head.about)
    _add(root, "updated", iso(feed.updated))
    _add(_add(root, "author"), "name", "Daypaper")  # for papers whose authors nobody told us
    _add(root, "link", rel="self", type="application/atom+xml", href=own)
    _add(root, "link", rel="alternate", type="text/html", href=head.page)
    _add(root, "generator", "Daypaper")
    for entry in feed.entries:
        _entry(_add(root, "entry"), entry)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _entry(element: etree._Element, entry: Entry) -> None:
    _add(element, "id", entry.id)
    _add(element, "title", entry.title)
    _add(element, "published", iso(entry.published))
    _add(element, "updated", iso(entry.updated))
    _add(element, "link", rel="alternate", type="text/html", href=entry.page)
    if entry.outside:
        _add(element, "link", rel="via", href=entry.outside)
    for name in entry.authors:
        _add(_add(element, "author"), "name", name)
    for name, title in entry.categories:
        _add(element, "category", term=name, label=title)
    if entry.summary:
        _add(element, "summary", entry.summary)
    _add(element, "content", entry.content, type="html")


def _add(above: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    made = etree.SubElement(above, f"{{{NAMESPACE}}}{name}", attributes)
    made.text = text or None
    return made
