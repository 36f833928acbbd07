"""What a kind of source is: the contract between a source, the HTTP client and the pipeline.

A source has two halves. `pull` asks (I/O, through `ctx.http` alone) and yields pages of raw bytes
with the checkpoint that says they are done; `to_drafts` turns raw bytes into drafts (pure, total).
Between two yields the pipeline stores the page and its checkpoint in one transaction, so a source
may rely on everything it yielded before being stored.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aggregator.models import Draft, Parsed, Status


@dataclass(frozen=True, slots=True)
class Validator:
    """What to send next time to hear "not modified": stored only when the answer was stored."""

    url: str
    etag: str | None
    last_modified: str | None
    digest: str  # SHA-256 of the body: some upstreams send an ETag but never answer 304


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer (status 200, or 304 and then `unchanged` with an empty body)."""

    url: str
    body: bytes
    content_type: str
    headers: Mapping[str, str]
    unchanged: bool
    validator: Validator


@dataclass(frozen=True, slots=True)
class Raw:
    """One fetched document, before anything is read from it.

    `stream` names the part of the source it belongs to ("rss:cs.CV", "list:CVPR2017",
    "detail:CVPR2017/…"); `meta` carries what `to_drafts` must know and the bytes do not say.
    """

    stream: str
    url: str
    body: bytes
    content_type: str
    fetched_at: datetime  # logical time
    meta: Mapping[str, Any] = field(default_factory=dict)
    validator: Validator | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Raw documents stored together with the checkpoint that they reach, in one transaction.

    `checkpoint` maps a stream to any JSON value; None removes it. A page may have no raws (only
    the checkpoint moves) and no checkpoint (nothing to resume). `asked` are the wanted identifiers
    ("doi:10.1145/3065386") that it answers, those that turned out to be unknown, too. `drafts` come
    from a library that owns both network and parser (the `arxiv` package); everything else gives
    raws. `backfill` marks history in a run that is not the source's first, `news_since` what was
    public before that moment.
    """

    raws: tuple[Raw, ...] = ()
    drafts: tuple[Draft, ...] = ()
    checkpoint: Mapping[str, Any] = field(default_factory=dict)
    backfill: bool = False
    asked: tuple[str, ...] = ()
    news_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Something people should know of this run; the worst note's status is the run's status."""

    status: Status
    message: str


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last finished run of a source, as far as scheduling needs it."""

    at: datetime  # logical
    status: Status
    failures: int  # runs in a row that were not ok, holiday or not_out_yet


class Http(Protocol):
    """The only way to the network: paced, limited in size and time, with retries."""

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        """GET; with `conditional`, stored validators are sent and `Answer.unchanged` may be true.
        `secret` are parameters (a key) that stand in no answer, message or log.

        Raises SourceError: UnreachableError, RefusedError (carries `http_status`: 404 …),
        ThrottledError, ChallengedError (an HTML bot wall), BrokenError (too large, truncated).
        """
        ...

    def post(
        self, url: str, *, data: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer:
        """POST a form; raises as `get` does."""
        ...

    def post_json(
        self,
        url: str,
        document: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST a JSON document; raises as `get` does."""
        ...


class Context(Protocol):
    """What a pull may know and use."""

    @property
    def http(self) -> Http: ...

    @property
    def now(self) -> datetime:
        """Logical now, aware UTC."""
        ...

    @property
    def since(self) -> datetime | None:
        """--since: how far back dated streams are wanted."""
        ...

    @property
    def checkpoint(self) -> Mapping[str, Any]:
        """Stream -> value, as at the start of the pull."""
        ...

    def known(self, keys: Collection[str], by: datetime) -> set[str]:
        """Those of the entry keys that were stored by then."""
        ...

    def citing(self, work: str, keys: Collection[str]) -> set[str]:
        """Those of the entry keys that are stored as citing this work ("arxiv:1412.6980")."""
        ...

    def incomplete(self, kind: str, prefix: str = "") -> list[tuple[str, str]]:
        """(native id, url) of stored entries of this kind that have no abstract, newest first."""
        ...

    def wanted(self, kind: str, most: int) -> list[str]:
        """Identifiers of this kind ("doi"), without the kind, that posts or works name, that nothing
        stored has, and that are to be looked up now; at most so many."""
        ...

    def want_stored(self, kind: str) -> None:
        """Have what stored posts and works name of this kind looked up, too, however long ago they
        came."""
        ...

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        """Tell people how far a long pull is."""
        ...


class Options(BaseModel):
    """Options that every kind accepts; kinds add theirs. Unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    pace_seconds: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _web_addresses(self) -> Self:
        for name, value in self:
            if (
                name.endswith("url")
                and value is not None
                and not re.match(r"https?://[^\s/]+", value)
            ):
                raise ValueError(f"{name} = {value!r}; expected a web address (http or https)")
        return self


class Source(Protocol):
    """A configured place to fetch from.

    `upstream` names whom we must be polite to: sources with the same upstream share pace,
    cooldown and connection. `base_urls` are the configured addresses, which may be fetched even
    where they are private.
    """

    kind: ClassVar[str]
    options_type: ClassVar[type[Options]]
    name: str
    upstream: str
    base_urls: tuple[str, ...]
    pace_seconds: float

    def __init__(self, config: "SourceConfig", credentials: "Credentials") -> None: ...

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Ask for what is new. Raises SourceError when nothing more can be had in this run."""
        ...

    def to_drafts(self, raw: Raw) -> Parsed:
        """Read one raw document: pure and total for items; raises BrokenError or ChallengedError
        if the document as a whole is not what this source answers with."""
        ...

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """When this source should run next; `now` or earlier means it is due."""
        ...


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One `[[sources]]` table of topics.toml, checked."""

    name: str
    kind: str
    options: Options
    every: timedelta | None
    enabled: bool


@dataclass(frozen=True, slots=True)
class Credentials:
    """What settings hold for sources: what proves who we are, and whom to write to; empty strings mean
    none."""

    reddit_client_id: str = ""
    reddit_client_secret: str = ""
    openreview_user: str = ""
    openreview_password: str = ""
    s2_api_key: str = ""
    openalex_api_key: str = ""
    contact: str = ""


BUDGET = "budget"
"""The stream in whose checkpoint a source notes {"renewed": ISO moment} when the day's budget is used."""

BACKOFF_FIRST = timedelta(minutes=5)
BACKOFF_MOST = timedelta(days=1)


def after_failure(last: LastRun) -> datetime:
    """Due time after a bad run: 5 minutes, doubled with each failure in a row, at most a day."""
    return last.at + min(BACKOFF_FIRST * 2 ** min(last.failures - 1, 12), BACKOFF_MOST)


def due_every(last: LastRun | None, now: datetime, every: timedelta) -> datetime:
    """Due time of a source that is simply asked every so often."""
    if last is None:
        return now
    return after_failure(last) if last.failures else last.at + every
