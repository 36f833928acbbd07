"""The slash command: /daypaper help, topics, topic, search, subscribe, unsubscribe, list."""

import html
from collections.abc import Callable, Mapping
from typing import Any

from aggregator.deliver.slack.blocks import header
from aggregator.deliver.slack.text import said
from aggregator.digest.language import Language
from aggregator.digest.select import in_order
from aggregator.digest.show import clean
from aggregator.store import papers
from aggregator.store.query import PaperQuery
from api.slack.bot import Bot, Reply, lines, listed
from api.slack.subscribing import Asked, show, subscribe, unsubscribe

SHOWN = 5
"""Papers in one answer."""
MOST_WORDS = 500
"""Characters of a search, as in the API."""


def answer(bot: Bot, command: Mapping[str, Any]) -> Reply:
    """What a command is answered. Raises nothing but what the store raises."""
    # Slack writes &, < and > as entities, and nothing else.
    name, _, rest = html.unescape(str(command.get("text") or "")).strip().partition(" ")
    user = str(command["user_id"])
    asked = Asked(user, str(command["channel_id"]), rest.strip(), bot.words(user))
    known = COMMANDS.get(name.lower())
    if known:
        return known(bot, asked)
    if name:
        unknown = asked.t("unknown_command", name=said(name, 64))
        return Reply(unknown, (*lines([unknown]), *help_of(asked.t)))
    return help_me(bot, asked)


def help_me(bot: Bot, asked: Asked) -> Reply:
    """What can be asked."""
    return Reply(asked.t("help_title"), help_of(asked.t))


def help_of(t: Language) -> tuple[dict[str, Any], ...]:
    """What can be asked, as blocks."""
    given = [said(f"• {line}", 400) for line in t.sentences["help"]]
    return (header(t("help_title")), *lines(given))


def topics(bot: Bot, asked: Asked) -> Reply:
    """Every topic with the number of its papers."""
    with bot.services.store.read() as connection:
        counts = papers.topic_counts(connection)
    found = []
    for topic in in_order(bot.services.config.topics):
        shown = asked.t.count("papers", counts.get(topic.name, 0))
        title = said(asked.t.title_of(topic), 100)
        line = asked.t("topic_line", title=title, name=topic.name, papers=shown)
        found.append(("   " if topic.parent else "") + line)
    return Reply(asked.t("help_title"), tuple(lines(found)))


def topic(bot: Bot, asked: Asked) -> Reply:
    """The newest papers of a topic."""
    t, known = asked.t, bot.services.config.topics
    if not asked.rest:
        return Reply(t("which_topic", name=known[0].name if known else ""))
    found = bot.services.config.topic(asked.rest.lower())
    if found is None:
        names = said(", ".join(one.name for one in known), 2_000)
        return Reply(t("no_topic", name=said(asked.rest, 64), known=names))
    query = PaperQuery(topics=(found.name,), kind="paper", limit=SHOWN)
    with bot.services.store.read() as connection:
        page = papers.page(connection, query)
    if not page.rows:
        return Reply(t("topic_empty"))
    return listed(bot, t, t("topic_title", title=t.title_of(found)), page.items)


def search(bot: Bot, asked: Asked) -> Reply:
    """The papers that fit words best."""
    t, wanted = asked.t, clean(asked.rest)
    if not wanted:
        return Reply(t("which_words"))
    if len(wanted) > MOST_WORDS:
        return Reply(t("search_long", most=MOST_WORDS))
    query = PaperQuery(q=wanted, sort="relevance", kind="any", limit=SHOWN)
    with bot.services.store.read() as connection:
        page = papers.page(connection, query)
    if not page.rows:
        return Reply(t("search_none", words=said(wanted, 200)))
    return listed(bot, t, t("search_title", words=wanted), page.items)


COMMANDS: Mapping[str, Callable[[Bot, Asked], Reply]] = {
    "help": help_me,
    "topics": topics,
    "topic": topic,
    "search": search,
    "subscribe": subscribe,
    "unsubscribe": unsubscribe,
    "list": show,
}
