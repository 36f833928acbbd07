"""Posts of subreddits, by Atom for everybody, by OAuth and JSON for holders of a key."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from aggregator.clock import iso, parse_moment
from aggregator.errors import BrokenError, RefusedError, ThrottledError
from aggregator.models import Draft, Parsed
from aggregator.parse.page import decode, is_html
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
from aggregator.sources.reddit_posts import KIND, Listing, html_error, read_listing

EVERY = timedelta(hours=1)
MOST_PAGES = 10
"""A listing ends after about 1,000 posts, which is ten pages."""
FULL_PAGE = 100
PACE_WITHOUT_KEY = 60.0
"""Seconds: Reddit allows about one logged-out request a minute (FreshRSS #8928)."""
PAUSE = timedelta(minutes=10)
"""How long to stay away after a refusal, which names no time itself (NetNewsWire 834decf)."""


class RedditOptions(Options):
    """`min_score` holds where the format tells scores: with a key."""

    subreddits: tuple[Annotated[str, Field(pattern=r"^\w{2,30}$")], ...] = Field(min_length=1)
    base_url: str = "https://www.reddit.com"
    oauth_url: str = "https://oauth.reddit.com"
    min_score: int | None = None


class RedditSource:
    """The newest posts of some subreddits, asked for together."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = RedditOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        options = config.options
        assert isinstance(options, RedditOptions)
        self.name = config.name
        self.upstream = KIND
        self.every = config.every or EVERY
        self.min_score = options.min_score
        self.key = (credentials.reddit_client_id, credentials.reddit_client_secret)
        self.base_url = options.base_url.rstrip("/")
        self.oauth_url = options.oauth_url.rstrip("/")
        self.base_urls = (self.base_url, self.oauth_url)
        self.subreddits = "+".join(options.subreddits)
        self.stream = "new:" + "+".join(sorted(name.lower() for name in options.subreddits))
        chosen = "pace_seconds" in options.model_fields_set or all(self.key)
        self.pace_seconds = options.pace_seconds if chosen else PACE_WITHOUT_KEY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Hourly: on a busy day 100 posts are some hours' worth."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Page back from the newest post to one already seen, or to `since`; first run: one page.

        The checkpoint moves with the last page only: a killed run starts anew and misses nothing.
        """
        seen = ctx.checkpoint.get(self.stream)
        goal = ctx.since or (parse_moment(seen["at"]) if seen else None)
        headers = self._login(ctx) if all(self.key) else {}
        posts: dict[str, Draft] = {}
        after, sound = "", True
        for number in range(MOST_PAGES):
            ctx.progress(f"{self.name}: pages back", number)
            answer = self._ask(ctx, headers, after)
            if answer.unchanged and not number:
                return
            raw = Raw(self.stream, answer.url, answer.body, answer.content_type, ctx.now)
            listing = self._read(raw)
            if not listing.posts and not posts:
                yield self._empty(listing, seen)
                return
            known = len(posts)
            posts |= {post.native_id: post for post in listing.posts}
            reached = goal is None or (bool(posts) and _last(posts).published <= goal)
            if not reached and listing.after and len(posts) > known and number < MOST_PAGES - 1:
                yield Page((raw,), backfill=not seen)
                after, sound = listing.after, sound and listing.sound
                continue
            sound = sound and listing.sound
            # a later "not modified" must mean that nothing was left behind
            marked = replace(raw, validator=answer.validator) if reached and not number else raw
            yield Page(
                (marked if sound else raw,),
                checkpoint=self._newest(posts, seen) if sound else {},
                backfill=not seen,
            )
            if not sound:
                yield Note(
                    "partial", f"r/{self.subreddits} came damaged; it is read again next time."
                )
            if goal and not reached and len(posts) >= FULL_PAGE:
                yield self._short(_last(posts).published, goal, seen)
            return

    def _empty(self, listing: Listing, seen: Mapping[str, Any] | None) -> Note:
        """A first page without a post: Reddit at times shows none for a while."""
        if not listing.sound:
            return Note("mismatch", f"r/{self.subreddits} shows no post that can be read.")
        if seen:
            return Note("stale", f"r/{self.subreddits} shows no posts any more; it had some.")
        return Note("not_out_yet", f"r/{self.subreddits} has no posts yet.")

    def _newest(self, posts: dict[str, Draft], seen: Mapping[str, Any] | None) -> dict[str, Any]:
        if not posts:
            return {}
        post = max(posts.values(), key=lambda post: post.published)
        if seen and parse_moment(seen["at"]) >= post.published:
            return {}
        return {self.stream: {"id": post.native_id, "at": iso(post.published)}}

    def _short(self, oldest: datetime, goal: datetime, seen: Mapping[str, Any] | None) -> Note:
        """The listing ended before the goal: a loss where we had been there, else all there is."""
        shown = f"r/{self.subreddits} shows posts back to {iso(oldest)} only"
        before = parse_moment(seen["at"]) if seen else None
        if before is None or oldest <= before:
            return Note("ok", f"{shown}; those since {iso(goal)} cannot be had any more.")
        return Note("partial", f"{shown}; those between {iso(before)} and then are lost.")

    def _login(self, ctx: Context) -> dict[str, str]:
        """A token for this run, as a header. Raises what `html_error` makes of a page, BrokenError where
        no token comes back."""
        url = f"{self.base_url}/api/v1/access_token"
        answer = ctx.http.post(url, data={"grant_type": "client_credentials"}, auth=self.key)
        try:
            token = json.loads(answer.body)["access_token"]
        except (ValueError, KeyError, TypeError) as error:
            if is_html(answer.body):
                raise html_error(decode(answer.body, answer.content_type), url) from error
            raise BrokenError("Reddit gave no token for the client id.", url=url) from error
        return {"Authorization": f"bearer {token}"}

    def _ask(self, ctx: Context, headers: dict[str, str], after: str) -> Answer:
        """One page. Raises ThrottledError for a 403 without a key: so Reddit says "too many"."""
        if headers:
            url = f"{self.oauth_url}/r/{self.subreddits}/new"
            params = {"limit": str(FULL_PAGE), "raw_json": "1"}
        else:
            url = f"{self.base_url}/r/{self.subreddits}/new/.rss"
            params = {"limit": str(FULL_PAGE)}
        if after:
            params["after"] = after
        conditional = not after and ctx.since is None
        try:
            return ctx.http.get(url, params=params, headers=headers, conditional=conditional)
        except RefusedError as error:
            if error.http_status != 403 or headers:
                raise
            raise ThrottledError(
                "Reddit answered 403, its way to ask for fewer requests.",
                url=error.url,
                retry_after=error.retry_after or PAUSE,
            ) from error
        except ThrottledError as error:
            error.retry_after = error.retry_after or PAUSE
            raise

    def _read(self, raw: Raw) -> Listing:
        return read_listing(raw.body, raw.content_type, raw.url, self.min_score, raw.fetched_at)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A page of a listing, Atom or JSON -> drafts.

        Raises ThrottledError, ChallengedError, RefusedError or BrokenError if it is no listing.
        """
        return self._read(raw).parsed


def _last(posts: dict[str, Draft]) -> Draft:
    """The post at which the pages so far end; not the oldest: an old one may be shown anew."""
    return next(reversed(posts.values()))
