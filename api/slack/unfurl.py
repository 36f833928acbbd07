"""Previews of arXiv links: title, authors and tags of papers that are here; silent about others."""

from collections.abc import Mapping
from typing import Any

from aggregator.deliver.slack.api import ask
from aggregator.deliver.slack.blocks import Block, paper_text, section
from aggregator.deliver.slack.words import words
from aggregator.errors import NotFoundError
from aggregator.parse import ids
from aggregator.store import papers
from api.slack.bot import Bot

MOST_LINKS = 10


def unfurl(bot: Bot, event: Mapping[str, Any]) -> None:
    """Answer a `link_shared` event. Raises SlackTrouble."""
    shown = previews(bot, [str(one.get("url") or "") for one in event.get("links") or ()])
    if not shown:
        return
    if event.get("unfurl_id") and event.get("source"):
        where = {"unfurl_id": event["unfurl_id"], "source": event["source"]}
    else:
        where = {"channel": event["channel"], "ts": event["message_ts"]}
    ask(bot.client.chat_unfurl, **where, unfurls=shown)


def previews(bot: Bot, urls: list[str]) -> dict[str, dict[str, list[Block]]]:
    """The previews by address. They are seen by everybody in the channel, so they are in English."""
    t = words("en")
    shown: dict[str, dict[str, list[Block]]] = {}
    with bot.services.store.read() as connection:
        for url in urls[:MOST_LINKS]:
            found = ids.arxiv_id(url) if url.startswith(("http://", "https://")) else None
            if found is None:
                continue
            try:
                paper = papers.by_name(connection, f"arxiv:{found[0]}").doc
            except NotFoundError:
                continue
            text = paper_text(t, paper, bot.base_url, titles=bot.titles(t))
            shown[url] = {"blocks": [section(text)]}
    return shown
