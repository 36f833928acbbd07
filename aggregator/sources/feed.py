"""Items of any feed: RSS 0.9x to 2.0, RDF, Atom, JSON Feed, or the feed that a web page names."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.errors import RefusedError
from aggregator.models import Parsed
from aggregator.parse import addresses
from aggregator.parse.page import is_html
from aggregator.sources.base import (
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
from aggregator.sources.feed_items import Manner
from aggregator.sources.feed_pages import Reading, discover, no_feed, read
from aggregator.sources.feed_window import known_marks, steps, unchanged

KIND = "feed"
EVERY = timedelta(hours=1)
CHINA = timezone(timedelta(hours=8))
"""China has one zone and no summer time since 1992."""
_STREAM = "feed"
_FOUND = "found"
_SHARED = {
    "arxiv.org": ("arxiv", 3.0),
    "reddit.com": ("reddit", 60.0),
    "huggingface.co": ("hf_daily", 1.0),
}
"""Hosts that other kinds of sources ask, too: their upstream, and the least pace there."""


class FeedOptions(Options):
    """`url` is that of a feed, or of a page that names one."""

    url: str
    language: str | None = Field(default=None, pattern=r"^[a-z]{2,3}(-\w{2,8})*$")
    papers_only: bool = False


class FeedSource:
    """One feed."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = FeedOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # a feed that needs some has them in its address
        options = config.options
        assert isinstance(options, FeedOptions)
        self.name = config.name
        self.url = options.url
        self.base_urls = (options.url,)
        self.upstream, least = _manners(urlsplit(options.url).hostname or "")
        self.pace_seconds = max(options.pace_seconds, least)
        self.every = config.every or EVERY
        chinese = (options.language or "").startswith("zh")
        self._manner = Manner(
            KIND,
            config.name,
            CHINA if chinese else UTC,
            hosts=frozenset({urlsplit(options.url).netloc}),
            language=options.language,
            papers_only=options.papers_only,
        )
        self._last: tuple[bytes, Reading] | None = None

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Hourly, which costs a few bytes where the feed can say "not modified"."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """The feed as it stands; a feed shows its last items only, and has no pages to go back."""
        state = ctx.checkpoint.get(_STREAM)
        found = (ctx.checkpoint.get(_FOUND) or {}).get("url", "")
        answer, asked = self._ask(ctx, found)
        if asked != (found or self.url):
            yield Page(checkpoint={_FOUND: {"url": asked} if asked != self.url else None})
        if answer.unchanged:
            yield unchanged(_STREAM, state, ctx.now)
            return
        # A redirect must not hide what the next request is to send.
        mark = replace(answer.validator, url=asked)
        raw = Raw(_STREAM, answer.url, answer.body, answer.content_type, ctx.now, validator=mark)
        what = addresses.host(asked)
        # Whoever asks for more than what is new, or for papers alone, has everything looked at again.
        again = ctx.since is not None or self._manner.papers_only
        marks = frozenset() if again else known_marks(ctx.checkpoint, _STREAM)
        reading = self._read(raw, marks)
        yield from steps(raw, reading, state, what, ctx.known, self.every)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A feed -> a draft of a post for each item.

        Raises ChallengedError for a bot wall, BrokenError for what is no feed.
        """
        return self._read(raw).parsed

    def _read(self, raw: Raw, known: frozenset[str] = frozenset()) -> Reading:
        # The pipeline wants the drafts of the very bytes that `pull` has just looked at.
        if self._last is None or self._last[0] is not raw.body:
            self._last = (raw.body, read(raw, self._manner, known))
        return self._last[1]

    def _ask(self, ctx: Context, found: str) -> tuple[Answer, str]:
        """(the feed's answer, its address): where it was found before, else where the page says."""
        conditional = ctx.since is None
        if found:
            try:
                answer = ctx.http.get(found, conditional=conditional)
                if answer.unchanged or not is_html(answer.body):
                    return answer, found
            except RefusedError as error:
                if error.http_status not in (404, 410):
                    raise
        answer = ctx.http.get(self.url, conditional=conditional)
        if answer.unchanged or not is_html(answer.body):
            return answer, self.url
        address = discover(answer.body, answer.content_type, answer.url)
        if not address:
            raise no_feed(answer.body, answer.content_type, answer.url)
        return ctx.http.get(address, conditional=conditional), address


def _manners(host: str) -> tuple[str, float]:
    """(upstream, least pace) of a host: feeds of one host are one upstream."""
    for name, shared in _SHARED.items():
        if host == name or host.endswith(f".{name}"):
            return shared
    return f"{KIND} {host}", 0.0
