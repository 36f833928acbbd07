"""Watches and subscriptions as people write them: in topics.toml, on the command line, in the API.

A watch is a saved filter; every topic is a watch of the same name from the start. A subscription
sends what a watch selects to one target by one channel.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from aggregator.models import EventKind
from aggregator.parse.tokens import search_tokens
from aggregator.sending.due import parse_schedule, parse_zone

NAME = r"^[a-z0-9][a-z0-9_-]{0,63}$"
LIMIT, MOST_LIMIT = 25, 200


def _printable(value: str) -> str:
    if any(ord(sign) < 32 for sign in value):
        raise ValueError("expected text without control characters")
    return value


EVENTS: tuple[EventKind, ...] = ("new", "published", "withdrawn")
"""What a subscription tells if it does not say."""

Words = Annotated[str, Field(max_length=500), AfterValidator(_printable)]
Term = Annotated[str, Field(pattern=r"\w", max_length=200), AfterValidator(_printable)]
Named = Annotated[str, AfterValidator(_printable)]
Language = Literal["en", "zh"]
ChannelName = Literal["email", "slack", "webhook", "apprise"]


class Watch(BaseModel):
    """A saved filter. Every condition given must hold; of a list, any one suffices; what an
    `exclude_` names must not hold. Without `min_probability` a topic means its tag, with it at
    least that probability. `max_per_day` bounds what one subscription shows in a day; what is
    beyond is counted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME)
    topics: tuple[Named, ...] = ()
    query: Words = ""
    authors: tuple[Term, ...] = ()
    venues: tuple[Term, ...] = ()
    sources: tuple[Named, ...] = ()
    min_probability: float | None = Field(default=None, ge=0, le=1, strict=True)
    exclude_topics: tuple[Named, ...] = ()
    exclude_query: Words = ""
    exclude_authors: tuple[Term, ...] = ()
    exclude_venues: tuple[Term, ...] = ()
    exclude_sources: tuple[Named, ...] = ()
    max_per_day: int | None = Field(default=None, ge=1, strict=True)

    def under(self, terms: "Terms") -> "Watch":
        """As a subscription of these terms has it."""
        if terms.min_probability is None:
            return self
        return self.model_copy(update={"min_probability": terms.min_probability})

    @model_validator(mode="after")
    def _selects(self) -> "Watch":
        if not (self.topics or self.query or self.authors or self.venues or self.sources):
            raise ValueError(
                "expected at least one of topics, query, authors, venues, sources: a watch of "
                "everything is none"
            )
        return self


def wordless(watch: Watch) -> str:
    """What of a new watch is signs alone, "-" or "_", by which no paper is ever found, in words; "" if
    nothing is. Not a rule of the model: of what was saved before, it would spoil every list."""
    words = {"query": watch.query, "exclude_query": watch.exclude_query}
    given = [(name, value) for name, value in words.items() if value]
    lists = ("authors", "venues", "exclude_authors", "exclude_venues")
    given += [(name, value) for name in lists for value in getattr(watch, name)]
    for name, value in given:
        if not search_tokens(value):
            return f'{name}: "{value}" has no letter and no digit; expected words to look for.'
    return ""


class Terms(BaseModel):
    """What a subscription is besides its watch and target; the defaults are those of the contract.

    `min_probability` goes above the watch's; `empty` says what happens on a day without news:
    "skip" sends nothing, "say" sends why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    schedule: str = "daily@08:00"
    tz: str = "UTC"
    lang: Language = "en"
    events: tuple[EventKind, ...] = Field(default=EVENTS, min_length=1)
    limit: int = Field(default=LIMIT, ge=1, le=MOST_LIMIT, strict=True)
    min_probability: float | None = Field(default=None, ge=0, le=1, strict=True)
    empty: Literal["skip", "say"] = "skip"

    @field_validator("schedule")
    @classmethod
    def _schedule(cls, value: str) -> str:
        return str(parse_schedule(value))

    @field_validator("tz")
    @classmethod
    def _tz(cls, value: str) -> str:
        return parse_zone(value).key

    @field_validator("events")
    @classmethod
    def _once(cls, value: tuple[EventKind, ...]) -> tuple[EventKind, ...]:
        return tuple(dict.fromkeys(value))

    @property
    def asap(self) -> bool:
        """Is it due all the time, until there is something to tell?"""
        return self.schedule == "asap"


class Wanted(Terms):
    """A subscription as it is asked for; `target` is in the channel's own form."""

    watch: str = Field(pattern=NAME)
    channel: ChannelName
    target: str = Field(min_length=1, max_length=2_000)

    @property
    def terms(self) -> Terms:
        """The part that may be changed later."""
        return Terms(**self.model_dump(include=set(Terms.model_fields)))
