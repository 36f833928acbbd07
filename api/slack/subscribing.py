"""Subscriptions by slash command: for the channel in which it is given, or for the member alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aggregator.deliver.slack.api import SlackTrouble, ask
from aggregator.deliver.slack.blocks import header
from aggregator.deliver.slack.text import said
from aggregator.digest.language import Language
from aggregator.errors import NotFoundError
from aggregator.sending.due import parse_schedule, parse_zone
from aggregator.store import people, subscriptions, watches
from aggregator.store.subscriptions import Row
from aggregator.watches import NAME, Terms, Wanted
from api.slack.bot import Bot, Reply, lines

CHANNEL = "slack"
_DIRECT = "D"  # what the ids of conversations of two begin with


@dataclass(frozen=True, slots=True)
class Asked:
    """A command: who gave it where, and the words after its first. `t` is their language."""

    user: str
    channel: str
    rest: str
    t: Language

    @property
    def target(self) -> str:
        """Where subscriptions go: the channel; in a conversation of two, the member."""
        return self.user if self.channel.startswith(_DIRECT) else self.channel

    @property
    def place(self) -> str:
        """The target in words."""
        return self.t("you" if self.target == self.user else "this_channel")


class Misunderstood(Exception):
    """A word that is neither a schedule nor a time zone."""

    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def subscribe(bot: Bot, asked: Asked) -> Reply:
    """Send a watch here from now on; one that is sent here already gets the new schedule."""
    t, given = asked.t, asked.rest.split()
    if not given:
        return Reply(t("which_watch", name=_example(bot)))
    member, name, now = bot.members.get(asked.user), given[0].lower(), bot.services.now()
    with bot.services.store.write() as connection:
        if (no_watch := _unknown(bot, connection, asked, given[0])) is not None:
            return no_watch
        known = _row(connection, asked.target, name)
        terms = known.terms if known else Terms(lang=_lang(t), tz=member.zone)
        try:
            changed = understood(given[1:], terms)
        except Misunderstood as what:
            return Reply(t("not_understood", word=said(what.word, 100)))
        # A channel's subscriptions are everybody's in it, so they keep the person they have.
        person, origin = (known.person_pk, known.origin) if known else (None, CHANNEL)
        if person is None:
            person = person_of(connection, bot, asked.user)
        wanted = Wanted(**changed.model_dump(), watch=name, channel=CHANNEL, target=asked.target)
        subscriptions.add(connection, wanted, person, now, origin=origin, confirmed=True)
    key = "changed" if known else "subscribed"
    text = t(key, place=asked.place, watch=name, schedule=schedule_of(t, changed))
    return Reply(text, tuple(lines([text, *_invitation(bot, asked)])))


def unsubscribe(bot: Bot, asked: Asked) -> Reply:
    """Send a watch here no more."""
    t, name = asked.t, asked.rest.strip().lower()
    if not name:
        return Reply(t("which_watch", name=_example(bot)).replace("subscribe", "unsubscribe"))
    with bot.services.store.write() as connection:
        known = _row(connection, asked.target, name)
        if known is None:
            shown = said(name, 64)
            return Reply(t("not_subscribed", place=asked.place, watch=shown))
        subscriptions.end(connection, known.id, bot.services.now())
    return Reply(t("unsubscribed", place=asked.place, watch=name))


def show(bot: Bot, asked: Asked) -> Reply:
    """What comes here, and what the member gets alone."""
    t = asked.t
    places = [("list_you", asked.user)]
    if asked.target != asked.user:
        places.insert(0, ("list_channel", asked.target))
    with bot.services.store.read() as connection:
        found = [(key, of_target(connection, target)) for key, target in places]
    blocks = []
    for key, rows in found:
        blocks += [header(t(key)), *lines([line(t, row) for row in rows] or [t("list_none")])]
    return Reply(t(places[0][0]), tuple(blocks))


def of_target(connection: Any, target: str) -> list[Row]:
    """What is sent to a channel or member."""
    return subscriptions.of_target(connection, CHANNEL, target)


def line(t: Language, row: Row, before: str = "") -> str:
    """A subscription in a line."""
    state = ""
    if row.state in ("pending", "paused", "suspended"):
        state = t(f"state_{row.state}", trouble=said(row.trouble, 200))
    elif row.told_at:
        state = t("state_told", time=t.when("time", row.told_at))
    schedule = schedule_of(t, row.terms)
    return before + t("list_line", watch=said(row.watch, 64), schedule=schedule, state=state)


def schedule_of(t: Language, terms: Terms) -> str:
    """ "daily at 08:00 (Europe/Berlin)" """
    schedule = parse_schedule(terms.schedule)
    if schedule.clock is None:
        return t("schedule_asap")
    clock = f"{schedule.clock:%H:%M}"
    if schedule.weekday is None:
        return t("schedule_daily", clock=clock, zone=terms.tz)
    weekday = t.sentences["weekdays"][schedule.weekday]
    return t("schedule_weekly", weekday=weekday, clock=clock, zone=terms.tz)


def understood(given: Sequence[str], terms: Terms) -> Terms:
    """The terms with the schedule and the time zone that these words say, in either order.

    Raises Misunderstood.
    """
    for word in given:
        try:
            terms = terms.model_copy(update={"schedule": str(parse_schedule(word))})
        except ValueError:
            try:
                terms = terms.model_copy(update={"tz": parse_zone(word).key})
            except ValueError:
                raise Misunderstood(word) from None
    return terms


def person_of(connection: Any, bot: Bot, user: str) -> int:
    """The key of the person that a member is; Slack's word proves who that is."""
    member = bot.members.get(user)
    return people.ensure(
        connection,
        f"slack:{user}",
        bot.services.now(),
        lang=member.lang,
        tz=member.zone,
        confirmed=True,
    )


def _unknown(bot: Bot, connection: Any, asked: Asked, name: str) -> Reply | None:
    """What to say if there is no such watch."""
    try:
        if re.fullmatch(NAME, name.lower()):
            watches.find(connection, bot.services.config, name.lower())
            return None
    except NotFoundError:
        pass
    known = [watch.name for watch in watches.everything(connection, bot.services.config)][:100]
    shown = said(", ".join(known), 2_000)
    return Reply(asked.t("no_watch", name=said(name, 64), known=shown))


def _invitation(bot: Bot, asked: Asked) -> list[str]:
    """A channel in which the bot is not gets nothing, so its members are told."""
    if asked.target == asked.user:
        return []
    try:
        channel = ask(bot.quick.conversations_info, channel=asked.channel)["channel"]
        inside = channel.get("is_member", False)
    except SlackTrouble as trouble:
        inside = trouble.code != "channel_not_found"  # so Slack calls a private one without the bot
    return [] if inside else [asked.t("invite")]


def _row(connection: Any, target: str, name: str) -> Row | None:
    return next((row for row in of_target(connection, target) if row.watch == name), None)


def _lang(t: Language) -> Literal["en", "zh"]:
    return "zh" if t.code == "zh" else "en"


def _example(bot: Bot) -> str:
    return next((topic.name for topic in bot.services.config.topics), "gan")
