"""The source `arxiv`: what to ask each day, in which order, and when to ask again."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from aggregator import calendar
from aggregator.clock import iso, parse_moment
from aggregator.errors import (
    BrokenError,
    ChallengedError,
    DeniedError,
    RefusedError,
    SourceError,
    UnreachableError,
)
from aggregator.models import Draft, Parsed
from aggregator.sources.arxiv import announcement, records
from aggregator.sources.arxiv.harvest import OVERLAP, Goal, Seen, harvest
from aggregator.sources.arxiv.verdict import Day, compare, is_proven, judge, note
from aggregator.sources.base import (
    Context,
    Credentials,
    Http,
    LastRun,
    Note,
    Options,
    Page,
    Raw,
    SourceConfig,
    after_failure,
)

_SLACK = timedelta(minutes=10)  # after the minute at which a batch is due
_AGAIN = timedelta(
    minutes=20
)  # between looks at a batch that is not out yet; doubled while it is late
_AGAIN_MOST = timedelta(hours=3)
IDS_PER_REQUEST = 100  # of a look-up
_SEARCH_BACK = timedelta(days=31)  # how far the search API fills in for OAI-PMH


Category = Annotated[str, Field(pattern=r"^[a-z]+(-[a-z]+)?(\.[A-Za-z-]+)?$")]


class ArxivOptions(Options):
    """Options of `kind = "arxiv"`."""

    categories: tuple[Category, ...] = Field(min_length=1)
    oai_url: str = "https://oaipmh.arxiv.org/oai"
    rss_url: str = "https://rss.arxiv.org/rss"
    api_url: str = "https://export.arxiv.org/api/query"
    lookback_days: int = Field(default=7, ge=1, le=3650)
    pace_seconds: float = Field(default=3.0, ge=0)  # https://info.arxiv.org/help/api/tou.html


class ArxivSource:
    """arXiv's categories, each day's announcement and back-fills."""

    kind: ClassVar[str] = "arxiv"
    options_type: ClassVar[type[Options]] = ArxivOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        assert isinstance(config.options, ArxivOptions)
        del credentials
        self.options = config.options
        self.name = config.name
        self.every = config.every
        self.upstream = "arxiv"  # RSS, OAI-PMH and API count together
        self.base_urls = (self.options.oai_url, self.options.rss_url, self.options.api_url)
        self.pace_seconds = self.options.pace_seconds

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """When a batch is due by arXiv's calendar; soon again while one is not out."""
        if last is None:
            return now
        if last.status in ("not_out_yet", "stale"):
            served = calendar.oai_at(calendar.latest_listing(last.at))
            return max(last.at + min(_AGAIN * 2 ** min(last.failures, 8), _AGAIN_MOST), served)
        regular = (
            last.at + self.every if self.every else calendar.next_batch(last.at - _SLACK) + _SLACK
        )
        if not last.failures:
            return regular
        # What is amiss in each run, as one record that cannot be read, must put no batch off.
        answers = last.status in ("partial", "mismatch")
        return min(after_failure(last), regular) if answers else after_failure(last)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """The day's RSS, then OAI-PMH (or, if it does not answer, the search API), then a verdict."""
        try:
            yield from self._day(ctx)
        except ChallengedError as error:
            _stop_if_denied(error)
            raise

    def _day(self, ctx: Context) -> Iterator[Page | Note]:
        yield from self._begun(ctx)
        day = Day(
            calendar.latest_listing(ctx.now),
            ready=_ready_listing(ctx.now),
            shown=calendar.today(ctx.now).listing,
        )
        whole = False
        proven = ctx.since is None and ctx.checkpoint.get("proven") == _proof(day, ctx.now)
        feeds = self._announcements(ctx, day, proven)
        # What a category's first feed ever shows can only be judged beside OAI-PMH.
        unsure = {c: page for c, page in feeds.items() if f"rss:{c}" not in ctx.checkpoint}
        # What else is not said to be new waits for OAI-PMH, which knows since when it is public: a
        # letter that leaves meanwhile would tell old papers as new.
        late = {**feeds}
        for category in (c for c in feeds if c not in unsure):
            early, late[category] = _parted(feeds[category])
            yield early
        if not proven:
            seen = Seen()
            try:
                yield from self._harvests(ctx, seen)
                whole = not seen.broken
            except (UnreachableError, BrokenError, RefusedError) as error:
                _stop_if_denied(error)
                yield from late.values()
                yield from self._search(ctx, error)
                late, whole = {}, False
            except ChallengedError:
                yield from late.values()  # RSS shows them today only
                raise
            day.stamped = seen.stamped(day.listing)
            day.harvested = set(seen.stamps)
            compare(day)
        yield from (p for c, p in late.items() if not (c in unsure and c in day.stale))
        if not proven and whole and is_proven(day, ctx.now):
            yield Page(checkpoint={"proven": _proof(day, ctx.now)})
            proven = True
        yield judge(day, proven, ctx.now)

    def to_drafts(self, raw: Raw) -> Parsed:
        """RSS items, or OAI-PMH records."""
        if raw.stream.startswith("rss:"):
            where = f"arXiv's RSS of {raw.stream[4:]}"
            return announcement.to_drafts(raw.body, where, raw.meta.get("part", "all"))
        return records.to_drafts(
            raw.body,
            "arXiv's OAI-PMH",
            raw.meta["authors"],
            raw.fetched_at,
            regular=raw.meta["regular"],
        )

    def look_up(self, http: Http, native_ids: Sequence[str], now: datetime) -> list[Draft]:
        """Drafts of arXiv ids that something else named; unknown ids are left out."""
        from aggregator.sources.arxiv import lookup  # brings libraries that are slow to import

        try:
            return lookup.by_ids(http, self.options.api_url, native_ids, now)
        except (RefusedError, ChallengedError) as error:
            _stop_if_denied(error)
            raise

    def _announcements(self, ctx: Context, day: Day, proven: bool) -> dict[str, Page]:
        """Category -> the page of its RSS, on a day that has a listing; each feed by itself, since
        arXiv cuts new papers first where a joint feed overflows. What they show is noted in `day`."""
        listing = calendar.today(ctx.now).listing
        pages: dict[str, Page] = {}
        for category in self.options.categories if listing else ():
            url = f"{self.options.rss_url}/{category}"
            try:
                # Without a proof the ids are needed, so the feed is asked for whole.
                answer = ctx.http.get(url, conditional=proven)
                if answer.unchanged:
                    continue
                feed = announcement.read(answer.body, f"arXiv's RSS of {category}")
            except (UnreachableError, BrokenError, RefusedError, ChallengedError) as error:
                _stop_if_denied(error)
                day.feed_error = str(error)
                if isinstance(error, UnreachableError | ChallengedError):
                    break  # the same host serves every category; OAI-PMH is on another
                continue
            stream = f"rss:{category}"
            if note(day, category, feed, ctx.checkpoint.get(stream), listing):
                raw = Raw(
                    stream, url, answer.body, answer.content_type, ctx.now, {}, answer.validator
                )
                mark = {"listing": str(feed.listing), "digest": feed.digest}
                pages[category] = Page(raws=(raw,), checkpoint={stream: mark})
        return pages

    def _begun(self, ctx: Context) -> Iterator[Page]:
        """Note when each category was first asked for: what was announced before is no news, on
        whatever day it can be had."""
        known = ctx.checkpoint
        new = [c for c in self.options.categories if not {f"oai:{c}", _begin(c)} & known.keys()]
        if new:
            yield Page(checkpoint={_begin(category): iso(ctx.now) for category in new})

    def _goals(self, ctx: Context) -> list[Goal]:
        """Of each category, the one that was asked for first before the others: what is history to a
        category that was added since would keep a cross-listed paper from being news."""
        goals = [self._goal(ctx, category) for category in self.options.categories]
        return sorted(goals, key=lambda goal: iso(goal.news_since) if goal.news_since else "")

    def _harvests(self, ctx: Context, seen: Seen) -> Iterator[Page]:
        for goal in self._goals(ctx):
            yield from harvest(ctx, self.options.oai_url, goal, seen)

    def _goal(self, ctx: Context, category: str) -> Goal:
        last = ctx.checkpoint.get(f"oai:{category}")
        begun = ctx.checkpoint.get(_begin(category))
        history = parse_moment(begun) if begun else None
        if last is None:
            history = history or ctx.now
        if ctx.since:
            start = ctx.since.date()
            moves = last is None or start <= date.fromisoformat(last["from"])
            name = f"since {start}"
            return Goal(category, start, name, regular=False, moves=moves, news_since=history)
        if last is None:
            start = (ctx.now - timedelta(days=self.options.lookback_days)).date()
            return Goal(category, start, "first", regular=False, news_since=history)
        start = min(date.fromisoformat(last["from"]), ctx.now.date()) - OVERLAP
        return Goal(category, start, "daily", regular=True, news_since=history)

    def _search(self, ctx: Context, error: SourceError) -> Iterator[Page | Note]:
        """OAI-PMH failed: the search API gives what was submitted lately. What was on hold or
        revised is missing then, so the run is partial and OAI-PMH is asked again soon."""
        from aggregator.sources.arxiv import lookup  # as above

        goals, url = self._goals(ctx), self.options.api_url
        first = min(goal.start for goal in goals)
        since = datetime.combine(first, datetime.min.time(), ctx.now.tzinfo)
        since = max(since, ctx.now - _SEARCH_BACK)
        for goal in goals:
            try:
                drafts = lookup.submitted(ctx.http, url, goal.category, since, ctx.now)
            except (UnreachableError, BrokenError, RefusedError) as second:
                _stop_if_denied(second)
                raise error from None  # no better: say what was seen first
            yield Page(drafts=tuple(drafts), news_since=goal.news_since)
        yield Note("partial", f"{error} Filled in by arXiv's search, without revisions.")


def _stop_if_denied(error: SourceError) -> None:
    """arXiv takes going on after a 403 for an attack (https://info.arxiv.org/help/robots.html)."""
    if error.http_status == 403 and not isinstance(error, DeniedError):
        raise DeniedError(
            "arXiv denied access (403) and is asked nothing more. Stop every program here that asks "
            "it, wait, and write to help@arxiv.org if it stays so; then run `daypaper collect` with "
            "the name of this source.",
            url=error.url,
        ) from error


def _parted(page: Page) -> tuple[Page, Page]:
    """A feed's page as two: its new papers, which move no checkpoint, and the rest."""
    (raw,) = page.raws
    new = replace(raw, meta={"part": "new"}, validator=None)
    return Page((new,)), replace(page, raws=(replace(raw, meta={"part": "rest"}),))


def _begin(category: str) -> str:
    """The stream that holds when a category was first asked for."""
    return f"begun:{category}"


def _proof(day: Day, now: datetime) -> str:
    """What is noted of a proven listing. In the evening OAI-PMH may have a part of it only, which looks
    like all of it: from the hour of RSS on, which can tell, it is harvested once more."""
    return f"{day.ready} begun" if now < calendar.rss_at(day.ready) else str(day.ready)


def _ready_listing(now: datetime) -> date:
    """The last listing that OAI-PMH should have by now."""
    return calendar.latest_listing(now - calendar.OAI_DELAY)
