"""What the API is sent and gives about watches, subscriptions, sign-ups and feedback."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from pydantic.config import JsonDict

from aggregator.models import EventKind
from aggregator.watches import NAME, Language, Terms, Wanted, Watch
from api.params import Moment
from api.schemas import TopicTag


class WatchAnswer(Watch):
    """A watch with where it comes from."""

    made_by: Literal["topic", "file", "api"] = Field(
        description="topic: every topic is a watch; file: [[watches]] of topics.toml; api: saved here"
    )
    url: str = Field(description="Its page here")


class WatchList(BaseModel):
    """Every watch."""

    items: list[WatchAnswer]
    next: None = None


_WANTED: JsonDict = {
    "watch": "gan",
    "channel": "email",
    "target": "ada@example.org",
    "schedule": "daily@08:00",
    "tz": "Europe/Berlin",
    "lang": "en",
    "events": ["new", "published", "withdrawn"],
    "limit": 25,
}


class SubscriptionRequest(Wanted):
    """A subscription to make. `confirmed` (an administrator's word) skips the confirmation mail."""

    model_config = ConfigDict(json_schema_extra={"example": _WANTED})

    confirmed: StrictBool = False
    since: Moment | None = Field(
        default=None, description="The first digest goes back to here; a day without it"
    )

    @property
    def wanted(self) -> Wanted:
        """The subscription itself."""
        return Wanted(**self.model_dump(include=set(Wanted.model_fields)))


class SubscriptionChange(BaseModel):
    """What is to change; the rest stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"state": "paused"}})

    schedule: str | None = None
    tz: str | None = None
    lang: Language | None = None
    events: tuple[EventKind, ...] | None = None
    limit: int | None = None
    min_probability: float | None = None
    empty: Literal["skip", "say"] | None = None
    state: Literal["active", "paused"] | None = None


class SubscriptionAnswer(Terms):
    """A subscription as it stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "id": "pX3kLw0aZr9tQ2mB",
                **_WANTED,
                "min_probability": None,
                "empty": "skip",
                "state": "active",
                "origin": "api",
                "created_at": "2026-11-23T09:00:00Z",
                "confirmed_at": "2026-11-23T09:02:10Z",
                "told_at": None,
                "next_due": None,
                "trouble": "",
            }
        }
    )

    id: str
    watch: str
    channel: str
    target: str = Field(description="Without what is secret in it")
    state: Literal["pending", "active", "paused", "suspended", "ended"]
    origin: str = Field(description="Who made it: cli, file, api, signup, slack, web")
    created_at: datetime
    confirmed_at: datetime | None
    told_at: datetime | None = Field(description="Time of the latest digest")
    next_due: datetime | None = Field(description="null: at once, or never while it is not active")
    trouble: str = Field(description="Why the latest try failed; empty when all is well")


class SubscriptionMade(SubscriptionAnswer):
    """A subscription that was just made."""

    advice: str = Field(
        description="What its maker must know, said only now: a webhook's signing secret"
    )


class SubscriptionList(BaseModel):
    """The subscriptions that the token may see."""

    items: list[SubscriptionAnswer]
    next: None = None


class SignupRequest(BaseModel):
    """An address that asks for a watch by e-mail."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"email": "ada@example.org", "watch": "gan"}},
    )

    email: str = Field(min_length=3, max_length=320)
    watch: str = Field(pattern=NAME)
    schedule: str = Field(default="daily@08:00", max_length=20)
    tz: str = Field(default="UTC", max_length=64)
    lang: Language = "en"


class SignupAnswer(BaseModel):
    """The same for everybody, whoever is subscribed."""

    status: Literal["accepted"] = "accepted"
    message: str = (
        "If this address is not subscribed yet, a mail is on its way to it that asks for its "
        "owner's word."
    )


class Word(BaseModel):
    """Is the paper about the topic?"""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"topic": "gan", "relevant": False}}
    )

    topic: str = Field(pattern=NAME)
    relevant: StrictBool


class SplitRequest(BaseModel):
    """Which entries leave a paper."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"entries": ["cvf:CVPR2018/Deep_Widgets"]}}
    )

    entries: list[Annotated[str, Field(max_length=500)]] = Field(
        min_length=1, max_length=1_000, description="Their keys, as a paper's `entries` give them"
    )


class JoinRequest(BaseModel):
    """Which papers are one with this one."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"others": ["arxiv:1512.03385"]}}
    )

    others: list[Annotated[str, Field(max_length=500)]] = Field(
        min_length=1, max_length=100, description="Their ids, or external ones"
    )


class Parted(BaseModel):
    """A paper after a split, and what its entries became."""

    paper: str = Field(description="The paper that keeps the rest")
    made: list[str] = Field(description="The papers of the entries that left")


class Joined(BaseModel):
    """The one paper that several became."""

    paper: str


class Tagged(BaseModel):
    """A paper's topics after a person's word."""

    id: str
    topics: list[TopicTag]
