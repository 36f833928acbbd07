"""A feed as JSON Feed 1.1."""

import json
from typing import Any

from aggregator.clock import iso
from api.feeds.build import Entry, Feed


def render(feed: Feed, own: str) -> bytes:
    """The document; `own` is its absolute address."""
    head = feed.head
    made = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": head.title,
        "home_page_url": head.page,
        "feed_url": own,
        "description": head.about or head.title,
        "language": feed.language,
        "authors": [{"name": "Daypaper"}],
        "items": [_item(entry) for entry in feed.entries],
    }
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _item(entry: Entry) -> dict[str, Any]:
    item = {
        "id": entry.id,
        "url": entry.page,
        "external_url": entry.outside,
        "title": entry.title,
        "summary": entry.summary,
        "content_html": entry.content,
        "date_published": iso(entry.published),
        "date_modified": iso(entry.updated),
        "authors": [{"name": name} for name in entry.authors],
        "tags": [title for _, title in entry.categories],
    }
    return {name: value for name, value in item.items() if value}
