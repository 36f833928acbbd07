"""Who cites the representative works: new citing papers, by Semantic Scholar or OpenAlex.

Each work has a turn: its newest page, then a page of the walk that is still to be made through the
older ones. Who had no turn for longest comes first, so that a small budget reaches every work. What
is left of the budget then goes to the walks, the shortest first.
"""

from collections.abc import Collection, Generator, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from aggregator.clock import iso, parse_moment
from aggregator.errors import BrokenError, RefusedError, SpentError, ThrottledError
from aggregator.models import Parsed
from aggregator.parse.ids import arxiv_id, doi
from aggregator.sources.base import (
    BUDGET,
    Answer,
    Context,
    Credentials,
    LastRun,
    Note,
    Options,
    Page,
    Raw,
    SourceConfig,
    due_every,
)
from aggregator.sources.citation_providers import BATCH, PROVIDERS, Ask, SemanticScholar

EVERY = timedelta(days=1)
WALK_AGAIN = timedelta(days=30)
"""Neither service keeps strictly to an order, and both learn of old citations late."""
UNKNOWN_AGAIN = timedelta(days=30)
"""When to ask again for a work that the service does not know."""
GIVE_UP = 3
"""Answers in a row that cannot be read before the run stops asking."""


class CitationsOptions(Options):
    """`works` are those of the topics, or arXiv ids and DOIs; `daily_requests` is the budget of a
    day (UTC)."""

    provider: Literal["semanticscholar", "openalex"]
    base_url: str | None = None
    works: Literal["topics"] | tuple[str, ...] = "topics"
    daily_requests: int = Field(default=300, ge=1)

    @field_validator("works")
    @classmethod
    def _named(cls, value: str | tuple[str, ...]) -> str | tuple[str, ...]:
        return value if isinstance(value, str) else tuple(map(_name, value))


def _name(text: str) -> str:
    """An arXiv id or a DOI, in any way of writing -> "arxiv:1412.6980", "doi:10.…"."""
    if found := arxiv_id(text):
        return f"arxiv:{found[0]}"
    if named := doi(text):
        return f"doi:{named}"
    raise ValueError(f"{text!r}; expected an arXiv id such as 1412.6980, or a DOI")


@dataclass(frozen=True, slots=True)
class _Work:
    """How far a work has been read. `at` is when its newest page was asked for, `next` the place
    where its walk goes on (-1: none), `whole` whether that walk goes to the end, `walked` when the
    last whole one ended ("": never: what is found is no news), `own` the service's id."""

    at: str = ""
    next: int = -1
    whole: bool = True
    walked: str = ""
    own: str = ""
    unknown: bool = False

    @property
    def first(self) -> bool:
        return not self.walked


class CitationsSource:
    """The works to watch, through one service."""

    kind: ClassVar[str] = "citations"
    options_type: ClassVar[type[Options]] = CitationsOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        options = config.options
        assert isinstance(options, CitationsOptions)
        provider = PROVIDERS[options.provider]
        keys = {"semanticscholar": credentials.s2_api_key, "openalex": credentials.openalex_api_key}
        base_url = (options.base_url or provider.site).rstrip("/")
        self.name = config.name
        self.upstream = options.provider
        self.base_urls = (base_url,)
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY
        self.works = () if options.works == "topics" else options.works
        self._provider = provider(base_url, keys[options.provider])
        self.daily_requests = options.daily_requests

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Every work's turn, then the walks, until the day's budget is used."""
        yield from _Round(self, ctx).carry_out()

    def to_drafts(self, raw: Raw) -> Parsed:
        """A page of citing works -> their drafts; raises BrokenError, ChallengedError."""
        if raw.stream == "abstracts":
            assert isinstance(self._provider, SemanticScholar)
            return self._provider.read_batch(raw)
        return self._provider.read(raw)[0]


class _Round:
    """One pull."""

    def __init__(self, source: CitationsSource, ctx: Context) -> None:
        self._source, self._ctx, self._provider = source, ctx, source._provider
        self._lacking: list[str] = list(self._kept("abstracts") or ())
        self._works = {name: _read(self._kept(f"work:{name}")) for name in source.works}
        self._waiting = 0
        self._broken = 0

    def carry_out(self) -> Iterator[Page | Note]:
        """See the module."""
        turns = sorted(self._due(), key=lambda name: (self._works[name].at, name))
        self._waiting = len(turns)
        try:
            yield from self._abstracts()
            for done, name in enumerate(turns):
                self._ctx.progress(f"{self._source.name}: works", done, len(turns))
                yield from self._turn(name)
                self._waiting -= 1
            while name := self._shortest_walk():
                yield from self._page(name, self._works[name].next)
        except SpentError:
            yield from self._rest()

    def _rest(self) -> Iterator[Page | Note]:
        """The budget is a day's (UTC): what waits goes on when it is renewed."""
        midnight = datetime.combine(self._ctx.now.astimezone(UTC), time(), UTC) + timedelta(days=1)
        yield Page(checkpoint={BUDGET: {"renewed": iso(midnight)}})
        walks = sum(work.next >= 0 for work in self._works.values())
        waiting = f"{self._waiting} works wait for their turn, {walks} for their older citations"
        used = f"The day's {self._source.daily_requests} requests are used"
        yield Note("ok", f"{used}; {waiting}. They go on at {iso(midnight)}, when it is renewed.")

    def _due(self) -> list[str]:
        again = iso(self._ctx.now - UNKNOWN_AGAIN)
        return [n for n, work in self._works.items() if not work.unknown or work.at <= again]

    def _shortest_walk(self) -> str:
        walks = [(work.next, name) for name, work in self._works.items() if work.next >= 0]
        return min(walks)[1] if walks else ""

    def _turn(self, name: str) -> Iterator[Page | Note]:
        """Its newest page and, of the older ones, one more."""
        if not self._works[name].own:
            yield from self._find(name)
        if not self._works[name].own:
            return
        going_on = self._works[name].next
        yield from self._page(name, 0)
        if going_on >= 0 and self._works[name].next >= 0:
            yield from self._page(name, self._works[name].next)

    def _find(self, name: str) -> Iterator[Page | Note]:
        """Learn the service's own id of a work."""
        ask = self._provider.find(name)
        if ask is None:
            self._works[name] = replace(self._works[name], own=name)
            return
        answer = yield from self._asked(name, ask)
        if answer:
            try:
                own = self._provider.found(_raw("work", ask, answer, self._ctx.now))
            except BrokenError as error:
                yield from self._unreadable(name, error)
                return
            self._works[name] = replace(self._works[name], own=own, unknown=False)
            yield Page(checkpoint=self._reached(name))

    def _page(self, name: str, place: int) -> Iterator[Page | Note]:
        """One page of the works that cite one, and their abstracts."""
        work = self._works[name]
        ask = self._provider.page(work.own, place)
        answer = yield from self._asked(name, ask)
        if not answer:
            return
        meta = {"cites": name, "place": place}
        raw = _raw(f"citing:{name}", ask, answer, self._ctx.now, meta)
        try:
            parsed, following = self._provider.read(raw)
        except BrokenError as error:
            yield from self._unreadable(name, error)
            return
        self._broken = 0
        if not (parsed.drafts or place or work.first):
            label = self._provider.label
            yield Note(
                "partial", f"{label} shows no work that cites {name}, though some are known."
            )
        keys = {draft.key for draft in parsed.drafts}
        known = self._ctx.citing(name, keys)
        fresh = keys - known
        self._works[name] = _moved(work, place, following, fresh, known, self._ctx.now)
        self._lacking = [i for i in self._provider.lacking(parsed) if f"s2:{i}" in fresh]
        yield Page((raw,), checkpoint=self._reached(name), backfill=work.first)
        yield from self._abstracts()

    def _abstracts(self) -> Iterator[Page | Note]:
        """Look up the works that came without an abstract, 500 at once."""
        while self._lacking:
            assert isinstance(self._provider, SemanticScholar)
            some, self._lacking = self._lacking[:BATCH], self._lacking[BATCH:]
            ask = self._provider.batch()
            raws: tuple[Raw, ...] = ()
            try:
                answer = self._ctx.http.post_json(ask.url, {"ids": some}, headers=ask.headers)
                raws = (_raw("abstracts", ask, answer, self._ctx.now),)
                self._source.to_drafts(raws[0])
            except (BrokenError, RefusedError) as error:  # only abstracts: they are not asked again
                raws = ()
                yield Note("partial", f"{len(some)} abstracts could not be looked up: {error}")
            yield Page(raws, checkpoint=self._reached())

    def _asked(self, name: str, ask: Ask) -> Generator[Page | Note, None, Answer | None]:
        """The answer, as the value of the generator; None for a work that the service has not."""
        try:
            return self._ctx.http.get(
                ask.url, params=ask.params, headers=ask.headers, secret=ask.secret
            )
        except (ThrottledError, RefusedError) as error:
            if isinstance(error, ThrottledError) or error.http_status != 404:
                raise self._provider.refusal(error, self._ctx.now) from error
        self._works[name] = _Work(at=iso(self._ctx.now), unknown=True)
        yield Page(checkpoint=self._reached(name))
        label = self._provider.label
        yield Note("partial", f"{label} does not know {name}; asked again in 30 days.")
        return None

    def _unreadable(self, name: str, error: BrokenError) -> Iterator[Page | Note]:
        """One broken page stops neither the other works nor, tomorrow, its own turn."""
        self._broken += 1
        if self._broken >= GIVE_UP:
            raise error
        self._works[name] = replace(self._works[name], at=iso(self._ctx.now))
        yield Page(checkpoint=self._reached(name))
        yield Note("failed", str(error))

    def _reached(self, *names: str) -> dict[str, Any]:
        """The checkpoint; the services have their own, should a source change from one to the other."""
        found: dict[str, Any] = {f"work:{name}": asdict(self._works[name]) for name in names}
        found["abstracts"] = self._lacking or None
        return {f"{self._source.upstream}:{stream}": value for stream, value in found.items()}

    def _kept(self, stream: str) -> Any:
        return self._ctx.checkpoint.get(f"{self._source.upstream}:{stream}")


def _moved(
    work: _Work,
    place: int,
    following: int | None,
    fresh: Collection[str],
    known: Collection[str],
    now: datetime,
) -> _Work:
    """How far a work has been read after a page.

    Its newest page starts a walk where that is due, or where it told anything new. A walk under way
    goes on where it was, unless everything on the newest page was new: then some may lie between.
    """
    after = -1 if following is None else following
    if place == 0 and not (fresh or known):  # two empty answers are believed, one may be a glitch
        believed = work.first and work.at and work.next < 0
        return replace(work, at=iso(now), walked=iso(now) if believed else work.walked)
    if place == 0:
        overdue = work.first or parse_moment(work.walked) <= now - WALK_AGAIN
        going = work.next >= 0 and bool(known)
        if going:
            return replace(work, at=iso(now))
        begins = bool(fresh) or overdue
        work = replace(work, at=iso(now), whole=overdue, next=after if begins else -1)
    else:
        work = replace(work, next=after if work.whole or fresh else -1)
    if work.whole and after < 0:
        return replace(work, walked=iso(now), whole=False)
    return work


def _read(state: Mapping[str, Any] | None) -> _Work:
    return _Work(**state) if state else _Work()


def _raw(
    stream: str, ask: Ask, answer: Answer, now: datetime, meta: Mapping[str, Any] | None = None
) -> Raw:
    return Raw(stream, ask.url, answer.body, answer.content_type, now, meta or {})
