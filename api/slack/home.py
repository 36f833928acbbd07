"""The app's home: a member's subscriptions, what else there is, and how to ask for it."""

import re

from aggregator.deliver.slack.api import ask
from aggregator.deliver.slack.blocks import Block, context, header
from aggregator.deliver.slack.text import said
from aggregator.digest.language import Language
from aggregator.store import subscriptions, watches
from aggregator.store.subscriptions import Row
from api.slack.bot import Bot, lines
from api.slack.commands import help_of
from api.slack.subscribing import CHANNEL, line, of_target, person_of

MOST_WATCHES, MOST_ROWS = 100, 100
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,20}")


def publish(bot: Bot, user: str) -> None:
    """Show the home to a member who opened it. Raises SlackTrouble."""
    view = {"type": "home", "blocks": home(bot, user)}
    ask(bot.client.views_publish, user_id=user, view=view)


def home(bot: Bot, user: str) -> list[Block]:
    """The blocks of a member's home."""
    t = bot.words(user)
    with bot.services.store.read() as connection:
        mine = of_target(connection, user)
        known = watches.everything(connection, bot.services.config)[:MOST_WATCHES]
    made = _made_by(bot, user)
    titles = bot.titles(t)
    named = [f"`{watch.name}` {said(titles.get(watch.name, ''), 100)}".rstrip() for watch in known]
    elsewhere = [line(t, row, f"{_place(row)} ") for row in made if row.target != user]
    return [
        header(t("home_title")),
        context(t("home_intro")),
        header(t("home_yours")),
        *_rows(t, [line(t, row) for row in mine]),
        *([header(t("home_made")), *_rows(t, elsewhere)] if elsewhere else []),
        header(t("home_watches")),
        *lines(named),
        *help_of(t),
    ]


def _made_by(bot: Bot, user: str) -> list[Row]:
    """The subscriptions that are this member's, wherever they go."""
    with bot.services.store.write() as connection:
        person = person_of(connection, bot, user)
        return [r for r in subscriptions.of_person(connection, person) if r.channel == CHANNEL]


def _rows(t: Language, given: list[str]) -> list[Block]:
    return lines(given[:MOST_ROWS] or [t("list_none")])


def _place(row: Row) -> str:
    return f"<#{row.target}>" if _CHANNEL_ID.fullmatch(row.target) else said(row.target, 80)
