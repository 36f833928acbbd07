"""What a channel is: it takes a letter, hands it over, and says what became of it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from aggregator.digest.pages import AS_IT_IS, Page
from aggregator.digest.select import Digest

Handed = Literal["sent", "deferred", "refused"]


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses in a letter, all absolute; "" where there is none. `feedback` maps a paper's id to
    the page that says "not relevant", `topic` and watch pages are made from `base_url`."""

    base_url: str
    unsubscribe: str = ""
    preferences: str = ""
    feedback: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Letter:
    """One digest for one target, before it takes the form of a channel.

    `key` is unique and the same on every try: Message-ID, idempotency key and the like are made
    from it. `watches` are the names of the watches that selected, `pages` says how their subscriptions
    have the pages of those that are not simply the watch's. `late_since`: this digest catches
    up, its news goes back to then. `paused_since`: what came between then and `paused_until` (the
    digest's `since` without it) was skipped and is on the watch's page. `withdrawn` are papers told of
    before and withdrawn now. `test` marks a trial message that stands in no ledger.
    """

    key: str
    target: str
    lang: str
    at: datetime
    digest: Digest
    watches: tuple[str, ...]
    sources: tuple[Mapping[str, Any], ...]
    links: Links
    late_since: datetime | None = None
    paused_since: datetime | None = None
    paused_until: datetime | None = None
    withdrawn: tuple[Mapping[str, Any], ...] = ()
    test: bool = False
    pages: Mapping[str, Page] = field(default_factory=dict)

    def page(self, watch: str) -> str:
        """The path of a watch's page, as its subscription has it."""
        return self.pages.get(watch, AS_IT_IS).of_watch(watch)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter. "sent": it is with the other side. "deferred": not now, try again
    (after `retry_after`, if the other side said so). "refused": this target does not take it.

    `unsure`: the connection broke after everything was handed over, so it may have arrived all the
    same. `message` says in one sentence what happened, without secrets. `blames_target` is False
    where a refusal is about our own setting (a revoked token), not about the target.
    """

    status: Handed
    message: str = ""
    retry_after: timedelta | None = None
    unsure: bool = False
    blames_target: bool = True


class Session(Protocol):
    """A connection that carries several letters, one after the other."""

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        """Hand the letter over; `again`: an earlier try may have got through, so a channel that can
        find out looks first. Raises nothing: what goes wrong is an outcome."""
        ...


class Channel(Protocol):
    """One way out. `connections` is how many sessions may be open at once."""

    name: str
    connections: int

    def normal(self, target: str) -> str:
        """The target in the one form in which it is stored and compared.

        Raises UsageError with one sentence if it is none of this channel's.
        """
        ...

    def redacted(self, target: str) -> str:
        """The target as logs and tables may show it: without the secrets that some addresses hold."""
        ...

    def advice(self, target: str) -> str:
        """What who subscribes this target must know or do, "" for nothing: a webhook's secret, say."""
        ...

    def trouble(self) -> str:
        """Why nothing can be sent with the settings as they are; "" if all is there."""
        ...

    def session(self) -> AbstractContextManager[Session]:
        """Open lazily: a connection that fails makes each letter's outcome "deferred"."""
        ...
