"""The buttons below papers: relevant, not relevant, save."""

from collections.abc import Mapping
from typing import Any

from aggregator.deliver.slack.api import PACE, patiently
from aggregator.deliver.slack.blocks import VERBS, paper_text, section
from aggregator.deliver.slack.text import said
from aggregator.digest import show
from aggregator.digest.language import Language
from aggregator.errors import NotFoundError
from aggregator.store import feedback, papers
from api.slack.bot import Bot, Reply
from api.slack.subscribing import person_of


def answer(bot: Bot, user: str, action: Mapping[str, Any]) -> Reply | None:
    """Do what the button says, and tell the member; None for a button that is none of ours.

    Raises SlackTrouble where a paper cannot be sent to the member.
    """
    chosen = action.get("selected_option") or action
    parts = str(chosen.get("value") or "").split("|")
    if len(parts) != 3 or parts[0] not in VERBS:
        return None
    verb, paper_id, topic = parts
    t = bot.words(user)
    try:
        with bot.services.store.read() as connection:
            paper = papers.by_name(connection, paper_id).doc
    except NotFoundError:
        return Reply(t("unknown_paper"))
    if verb == "save":
        return _save(bot, t, user, paper)
    return _judge(bot, t, user, paper, topic, relevant=verb == "relevant")


def _judge(
    bot: Bot, t: Language, user: str, paper: Mapping[str, Any], name: str, *, relevant: bool
) -> Reply:
    services = bot.services
    topic = services.config.topic(name)
    if topic is None:
        return Reply(t("unknown_topic", name=said(name, 64)))
    now, topics = services.now(), services.config.topics
    with services.store.write() as connection:
        person = person_of(connection, bot, user)
        feedback.say(connection, person, paper["id"], name, relevant, now, topics=topics)
    key = "noted_relevant" if relevant else "noted_not_relevant"
    return Reply(t(key, title=_title(t, paper), topic=said(t.title_of(topic), 100)))


def _save(bot: Bot, t: Language, user: str, paper: Mapping[str, Any]) -> Reply:
    """A saved paper is a message to the member, where Slack finds it again."""
    text = paper_text(t, paper, bot.base_url, titles=bot.titles(t))
    patiently(
        PACE,
        user,
        bot.client.chat_postMessage,
        text=f"{t('saved_copy')} {_title(t, paper)}",
        blocks=[section(t("saved_copy")), section(text)],
        unfurl_links=False,
        unfurl_media=False,
    )
    return Reply(t("saved", title=_title(t, paper)))


def _title(t: Language, paper: Mapping[str, Any]) -> str:
    return said(show.title(paper) or t("untitled"), 200)
