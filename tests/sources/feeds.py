"""Feeds for tests: RSS with items of one kind."""

from datetime import UTC, datetime, timedelta


def rss(*items: str) -> str:
    return f"<rss version='2.0'><channel><title>T</title>{''.join(items)}</channel></rss>"


def item(number: int, text: str = "", at: datetime | None = None, **more: str) -> str:
    """An item; unless told otherwise it is dated so many hours into July 2026."""
    moment = at or datetime(2026, 6, 20, tzinfo=UTC) + timedelta(hours=number)
    fields = {
        "title": f"Item {number}",
        "link": f"https://blog.example/{number}",
        "pubDate": f"{moment:%a, %d %b %Y %H:%M:%S GMT}",
        "description": text,
    } | more
    return "<item>" + "".join(f"<{k}>{v}</{k}>" for k, v in fields.items() if v) + "</item>"
