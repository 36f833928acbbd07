"""What the API can be asked, checked: one model for the parameters of a route."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from aggregator.clock import parse_moment
from aggregator.errors import NotFoundError
from aggregator.store.papers import MOST, Kind, PaperQuery
from aggregator.topics import Config, Topic


def _moment(value: object) -> object:
    if value is None or isinstance(value, datetime):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        return parse_moment(value)
    except (ValueError, OverflowError):
        raise ValueError(
            "expected a date or a time between 1990 and 2200, for example 2017-11-13 or "
            "2017-11-13T12:00:00Z"
        ) from None


def _printable(value: str) -> str:
    if any(ord(sign) < 32 for sign in value):
        raise ValueError("expected text without control characters")
    return value.strip()


Moment = Annotated[datetime, BeforeValidator(_moment)]
Words = Annotated[str, AfterValidator(_printable), Field(max_length=500)]


def topic_of(config: Config, name: str) -> Topic:
    """The topic of that name. Raises NotFoundError."""
    topic = config.topic(name)
    if topic is None:
        known = ", ".join(one.name for one in config.topics) or "none, topics.toml has no topic"
        raise NotFoundError(f'There is no topic "{name}" here; expected one of: {known}.')
    return topic


class PaperParams(BaseModel):
    """What `GET /api/v1/papers` can be asked."""

    model_config = ConfigDict(extra="forbid")

    topic: list[str] = Field(
        default=[], max_length=50, description="A topic; repeat it for papers that have any of them"
    )
    q: Words = Field(
        default="",
        description='Words that must all occur; "quoted words" stand together, a trailing * '
        "lets a word go on",
    )
    author: Words = Field(default="", description="Words of the authors' names")
    venue: Words = Field(default="", description="A venue, or its first words")
    source: Words = Field(default="", description="The name of a source that saw the paper")
    since: Moment | None = Field(default=None, description="First public at or after this")
    until: Moment | None = Field(default=None, description="First public before this")
    min_probability: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Instead of the tag: at least this probability, of any topic if none is named",
    )
    sort: Literal["new", "hot", "relevance", "mine"] = Field(
        default="new",
        description="Newest, most talked about (by attention, age and the probability of the topic, with "
        "papers of nearly one subject apart on each page), or best match first; or `mine`: of the newest 300 "
        "those that fit what you starred, for a browser that did or a session",
    )
    kind: Kind = Field(default="paper", description="Papers, or posts that are about no paper")
    prefix: bool = Field(default=False, description="Let the last word of q go on (as you type)")
    limit: int = Field(default=20, ge=1, le=MOST, description="Papers on one page")
    cursor: str = Field(default="", max_length=500, description="`next` of the page before")

    def query(self, config: Config) -> PaperQuery:
        """As the store is asked; `config` tells the topics."""
        values = self.model_dump(exclude={"topic", "cursor"})
        if self.sort == "mine":
            values["sort"] = "new"  # a taste ranks what is newest
        topics = self.topic
        if self.min_probability is not None and not topics:
            topics = [one.name for one in config.topics]
        return PaperQuery(topics=tuple(dict.fromkeys(topics)), **values)


class DigestParams(BaseModel):
    """What a digest can be asked."""

    model_config = ConfigDict(extra="forbid")

    date: Moment | None = Field(
        default=None, description="The last day of the digest (UTC); without it the days up to now"
    )
    days: int = Field(default=1, ge=1, le=31)
    limit: int = Field(default=25, ge=1, le=500, description="Papers of one topic")
    format: Literal["json", "html", "text", "markdown", "bibtex", "ris", "csl-json"] = "json"
    lang: Literal["en", "zh"] = Field(
        default="en", description="Language of the forms html, text and markdown"
    )
