"""What the bot's handlers are given, and the form of what they answer."""

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

from slack_sdk import WebClient

from aggregator.deliver.slack.api import SlackTrouble, ask
from aggregator.deliver.slack.blocks import (
    Block,
    Unit,
    buttons,
    header,
    pack,
    paper_text,
    section,
    topic_of,
)
from aggregator.deliver.slack.words import words
from aggregator.digest.language import Language
from aggregator.sending.due import parse_zone
from api.deps import Services

_KEPT, _KEPT_TROUBLE = 3_600.0, 60.0  # seconds
_MOST_MEMBERS = 1_000
_MOST_LINES = 2_900  # characters of a section made of lines


@dataclass(frozen=True, slots=True)
class Reply:
    """What one member is told, and nobody else sees."""

    text: str
    blocks: tuple[Block, ...] = ()

    def body(self) -> dict[str, Any]:
        """As Slack takes it in answer to a command or at a `response_url`."""
        said: dict[str, Any] = {
            "response_type": "ephemeral",
            "replace_original": False,
            "text": self.text,
        }
        return said | {"blocks": list(self.blocks)} if self.blocks else said


@dataclass(frozen=True, slots=True)
class Member:
    """The language and time zone that a member has set in Slack."""

    lang: str = "en"
    zone: str = "UTC"


class Members:
    """Members as Slack knows them, asked once an hour; English and UTC where it does not say."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._known: OrderedDict[str, tuple[float, Member]] = OrderedDict()
        self._lock = Lock()

    def known(self, user: str) -> Member:
        """As `get`, as far as it is known by now."""
        with self._lock:
            return self._known.get(user, (0.0, Member()))[1]

    def get(self, user: str) -> Member:
        """The member of that id."""
        with self._lock:
            until, known = self._known.get(user, (0.0, Member()))
        if time.monotonic() < until:
            return known
        try:
            said = ask(self._client.users_info, user=user, include_locale=True)["user"]
            found, kept = _member(said), _KEPT
        except (SlackTrouble, KeyError):
            found, kept = Member(), _KEPT_TROUBLE
        with self._lock:
            self._known[user] = (time.monotonic() + kept, found)
            self._known.move_to_end(user)
            while len(self._known) > _MOST_MEMBERS:
                self._known.popitem(last=False)
        return found


@dataclass(frozen=True)
class Bot:
    """`client` posts; `quick` asks what an answer waits for, and gives up soon."""

    services: Services
    client: WebClient
    quick: WebClient

    @cached_property
    def members(self) -> Members:
        """Who speaks which language."""
        return Members(self.quick)

    @property
    def base_url(self) -> str:
        """The public address for links; "" if none is set."""
        return self.services.base_url

    def words(self, user: str) -> Language:
        """The language in which to answer this member."""
        return words(self.members.get(user).lang)

    def titles(self, t: Language) -> dict[str, str]:
        """The titles of the topics by their names."""
        return {topic.name: t.title_of(topic) for topic in self.services.config.topics}


def listed(bot: Bot, t: Language, title: str, papers: Sequence[Mapping[str, Any]]) -> Reply:
    """Papers with their buttons, under a heading; as many as one message holds."""
    titles = bot.titles(t)
    units = [Unit("head", title, (header(title),))]
    for paper in papers:
        text = paper_text(t, paper, bot.base_url, titles=titles)
        said = (section(text), buttons(t, paper["id"], topic_of(paper)))
        units.append(Unit(paper["id"], title, said))
    made = pack(units)[0]
    return Reply(made.text, tuple(made.blocks))


def lines(given: Iterable[str]) -> list[Block]:
    """Lines of markup in as few sections as hold them; each is at most 2,900 characters."""
    made: list[list[str]] = [[]]
    for line in given:
        if made[-1] and sum(len(one) + 1 for one in made[-1]) + len(line) > _MOST_LINES:
            made.append([])
        made[-1].append(line)
    return [section("\n".join(some)) for some in made if some]


def _member(said: Mapping[str, Any]) -> Member:
    lang = "zh" if str(said.get("locale") or "").lower().startswith("zh") else "en"
    try:
        return Member(lang, parse_zone(str(said.get("tz") or "UTC")).key)
    except ValueError:
        return Member(lang)
