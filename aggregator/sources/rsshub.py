"""Zhihu columns, Weibo and WeChat accounts, and whatever else an RSSHub instance makes feeds of."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from aggregator.errors import BrokenError, ChallengedError, SourceError, ThrottledError
from aggregator.models import Parsed
from aggregator.parse import addresses
from aggregator.sources.base import (
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
from aggregator.sources.feed import CHINA
from aggregator.sources.feed_items import Manner
from aggregator.sources.feed_pages import Reading, read
from aggregator.sources.feed_window import known_marks, steps, unchanged
from aggregator.sources.rsshub_pages import complaint, said

KIND = "rsshub"
EVERY = timedelta(hours=2)
"""The sites behind it answer 418 to those who ask often; RSSHub itself keeps an answer some minutes."""
GIVE_UP = 2
"""Routes in a row without any word from RSSHub before the run stops asking."""


class RsshubOptions(Options):
    """`routes` as in RSSHub's documentation: "/zhihu/zhuanlan/paperweekly"."""

    base_url: str = "https://rsshub.app"
    routes: tuple[Annotated[str, Field(pattern=r"^/[^\s#]+$")], ...] = Field(min_length=1)


class RsshubSource:
    """Some routes of one RSSHub instance."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = RsshubOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the instance has them
        options = config.options
        assert isinstance(options, RsshubOptions)
        self.name = config.name
        self.routes = options.routes
        self.base_url = options.base_url.rstrip("/")
        self.base_urls = (self.base_url,)
        self.upstream = f"{KIND} {addresses.host(self.base_url)}"
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY
        self._last: tuple[bytes, Reading] | None = None

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Every two hours."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Each route for itself: that one account is shut says nothing of the others."""
        silent = 0
        for done, route in enumerate(self.routes):
            ctx.progress("routes", done, len(self.routes))
            try:
                yield from self._pull_route(ctx, route)
                silent = 0
            except SourceError as error:
                error.args = (str(error).replace(route, _shown(route)),)
                words = said(error.page)
                silent = 0 if words else silent + 1
                of_instance = isinstance(error, (ThrottledError, ChallengedError))
                if not words and (of_instance or silent == GIVE_UP):
                    raise
                yield complaint(_shown(route), words, error)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A route's feed -> drafts of posts.

        Raises ChallengedError for a bot wall, BrokenError for what is no feed.
        """
        return self._read(raw).parsed

    def _pull_route(self, ctx: Context, route: str) -> Iterator[Page | Note]:
        stream = f"route:{_shown(route)}"
        state = ctx.checkpoint.get(stream)
        asked = f"{self.base_url}{route}"
        answer = ctx.http.get(asked, conditional=ctx.since is None)
        if answer.unchanged:
            yield unchanged(stream, state, ctx.now)
            return
        mark = replace(answer.validator, url=asked)
        raw = Raw(
            stream, _shown(answer.url), answer.body, answer.content_type, ctx.now, validator=mark
        )
        try:
            marks = known_marks(ctx.checkpoint, stream) if ctx.since is None else frozenset[str]()
            reading = self._read(raw, marks)
        except (BrokenError, ChallengedError) as error:
            error.page = answer.body  # an error page that came as a success
            raise
        yield from steps(raw, reading, state, _shown(route), ctx.known, self.every)

    def _read(self, raw: Raw, known: frozenset[str] = frozenset()) -> Reading:
        # The pipeline wants the drafts of the very bytes that `pull` has just looked at.
        if self._last is None or self._last[0] is not raw.body:
            scope = raw.stream.removeprefix("route:")
            # RSSHub calls everything English; its items' addresses are those of the sites behind it.
            manner = Manner(KIND, scope, CHINA, declares=False)
            self._last = (raw.body, read(raw, manner, known))
        return self._last[1]


def _shown(route: str) -> str:
    """The route without its query, where an instance's access key may stand."""
    return route.partition("?")[0]
