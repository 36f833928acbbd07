"""Submissions and decisions of conferences that review on OpenReview, by both versions of its API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import Field

from aggregator.clock import iso, parse_moment
from aggregator.errors import BrokenError, ChallengedError, RefusedError
from aggregator.models import Parsed
from aggregator.parse import jsonpage
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
from aggregator.sources.openreview_notes import (
    CHALLENGE,
    KIND,
    Listing,
    drafts,
    read_listing,
    venue_year,
)

EVERY = timedelta(days=1)
FULL_PAGE = 1000
"""The most notes that the API gives at once."""
FEW = 50
"""Notes asked for first where a venue is known: mostly nothing has changed."""
OVERLAP = 10
"""Notes asked for twice from page to page: one that vanishes meanwhile moves the others up."""
MOST_PAGES = 100
TOKEN_LASTS = timedelta(days=7)
"""The longest that OpenReview gives a token for."""
TOKEN_SPARE = timedelta(hours=12)
"""How long before its end a token is no longer used."""
FIRST_OF_V2 = 2023
"""Conferences moved to version 2 in this year, ICLR one later (openreview-py #1808, #1865, #2097)."""
INVITATIONS = {2: ("Submission",), 1: ("Blind_Submission", "Submission", "submission")}
"""By what submissions are called; the last one until 2017."""


class OpenReviewOptions(Options):
    """`venues` are named as OpenReview's groups: "ICLR.cc/2026/Conference"."""

    venues: tuple[Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)*$")], ...] = Field(min_length=1)
    base_url: str = "https://api2.openreview.net"
    base_url_v1: str = "https://api.openreview.net"


class OpenReviewSource:
    """Some venues of OpenReview."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = OpenReviewOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        options = config.options
        assert isinstance(options, OpenReviewOptions)
        self.name = config.name
        self.venues = options.venues
        self.account = (credentials.openreview_user, credentials.openreview_password)
        self._urls = {2: options.base_url.rstrip("/"), 1: options.base_url_v1.rstrip("/")}
        self._headers: dict[str, str] = {}
        self.base_urls = (self._urls[2], self._urls[1])
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day: submissions and decisions come out on few days of a year."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """What is new or changed of each venue, latest change first; with an account logged in.

        The token is kept with the checkpoints, since only three log-ins a minute are allowed, and
        is good for both versions of the API.
        """
        login = ctx.checkpoint.get("login") or {}
        if all(self.account) and not self._is_good(login, ctx.now):
            login = self._login(ctx)
            yield Page(checkpoint={"login": login})
        self._headers = {"Authorization": f"Bearer {login['token']}"} if all(self.account) else {}
        for venue in self.venues:
            try:
                yield from self._pull_venue(ctx, venue)
            except BrokenError as error:
                yield Note("failed", f"{venue}: {error}")
            except RefusedError as error:
                if error.http_status == 401:  # the token was revoked: the next run logs in anew
                    yield Page(checkpoint={"login": None})
                raise

    def _is_good(self, login: Mapping[str, Any], now: datetime) -> bool:
        return login.get("user") == self.account[0] and parse_moment(login["until"]) > now

    def _login(self, ctx: Context) -> dict[str, Any]:
        """A new token. Raises RefusedError for a wrong password, BrokenError where none comes."""
        user, password = self.account
        url = f"{self._urls[2]}/login"
        asked = {"id": user, "password": password, "expiresIn": int(TOKEN_LASTS.total_seconds())}
        try:
            answer = ctx.http.post_json(url, asked)
        except RefusedError as error:
            raise RefusedError(
                "OpenReview does not take the account: see DAYPAPER_OPENREVIEW_USER and _PASSWORD.",
                url=url,
                http_status=error.http_status,
            ) from error
        token = jsonpage.mark(jsonpage.load(answer.body, answer.content_type, url), "token")
        if not token:
            raise BrokenError(
                "OpenReview gave no token; an account with a second factor cannot be used.", url=url
            )
        return {"user": user, "token": token, "until": iso(ctx.now + TOKEN_LASTS - TOKEN_SPARE)}

    def to_drafts(self, raw: Raw) -> Parsed:
        """A page of notes -> drafts of submissions and acceptances.

        Raises ChallengedError for a web page, BrokenError for a document of another form.
        """
        listing = read_listing(raw.body, raw.content_type, raw.url)
        return drafts(listing, raw.stream.removeprefix("notes:"), raw.fetched_at)

    def _pull_venue(self, ctx: Context, venue: str) -> Iterator[Page | Note]:
        """Walk back from the latest change to the last one known; a killed walk goes on.

        The checkpoint holds `until`, up to which all is had, and during a walk `top`, its first
        change, and `offset`: notes that change meanwhile move to the front, and the next run
        meets them there.
        """
        state = ctx.checkpoint.get(f"notes:{venue}") or {}
        step = self._first(ctx, venue, state)
        if step is None or not step.listing.notes:
            yield _nothing(venue, state, step)
            return
        until = state.get("until", 0)
        since = int(ctx.since.timestamp() * 1000) if ctx.since else until
        kept = {"api": step.way.api, "invitation": step.way.invitation, "until": until}
        top = state.get("top") or step.newest(ctx.now)
        for _ in range(MOST_PAGES):
            ctx.progress(f"{venue}: notes", step.reached, max(step.said, step.reached))
            if step.is_last and step.reached < step.said:
                # From the front next time: of a list that always says more, nothing new would be seen.
                yield Page((step.raw,), checkpoint={step.raw.stream: kept})
                yield Note("partial", f"{venue}: {step.reached} of {step.said} notes were shown.")
                return
            if step.is_last or step.oldest <= min(until, since):
                done = kept | {"until": max(top, until)}
                yield Page((step.raw,), checkpoint={step.raw.stream: done})
                return
            offset = step.reached - OVERLAP
            going = kept | {"top": top, "offset": offset}
            yield Page((step.raw,), checkpoint={step.raw.stream: going})
            step = self._ask(ctx, venue, step.way, offset, FULL_PAGE)

    def _first(self, ctx: Context, venue: str, state: Mapping[str, Any]) -> "_Step | None":
        """Where a walk begins or goes on: by the way known, else the first that has something."""
        offset = state.get("offset", 0)
        limit = FEW if state and not offset else FULL_PAGE
        step = None
        for way in _ways(venue, state):
            try:
                step = self._ask(ctx, venue, way, offset, limit)
            except RefusedError as error:
                if error.http_status not in (400, 404):
                    raise
                continue  # no such invitation
            if offset and not step.listing.notes:  # what was there has gone: from the beginning
                step = self._ask(ctx, venue, way, 0, FULL_PAGE)
            if step.listing.notes or step.said:
                return step
        return step

    def _ask(self, ctx: Context, venue: str, way: "_Way", offset: int, limit: int) -> "_Step":
        """A page of notes. Raises ChallengedError where guests are refused."""
        params = {
            "invitation": way.invitation,
            "sort": "tmdate:desc",
            "limit": str(limit),
            "offset": str(offset),
        }
        try:
            answer = ctx.http.get(
                f"{self._urls[way.api]}/notes", params=params, headers=self._headers
            )
        except RefusedError as error:
            if error.http_status != 403 or b"ChallengeRequired" not in error.page:
                raise
            raise ChallengedError(CHALLENGE, url=error.url) from error
        listing = read_listing(answer.body, answer.content_type, answer.url)
        raw = Raw(f"notes:{venue}", answer.url, answer.body, answer.content_type, ctx.now)
        return _Step(way, offset, limit, raw, listing)


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a venue's submissions are to be had: version of the API and invitation."""

    api: int
    invitation: str


@dataclass(frozen=True, slots=True)
class _Step:
    """One page of a walk through a venue's notes."""

    way: _Way
    offset: int
    limit: int
    raw: Raw
    listing: Listing

    @property
    def reached(self) -> int:
        return self.offset + len(self.listing.notes)

    @property
    def said(self) -> int:
        return self.listing.count or 0

    @property
    def is_last(self) -> bool:
        return len(self.listing.notes) < self.limit

    @property
    def oldest(self) -> int:
        """The change at which the page ends."""
        return self.listing.changes[-1] if self.listing.changes else 0

    def newest(self, now: datetime) -> int:
        """The latest change, never in the future: nothing would be asked for until then."""
        return min(max(self.listing.changes, default=0), int(now.timestamp() * 1000))


def _nothing(venue: str, state: Mapping[str, Any], step: _Step | None) -> Note:
    if step and step.said:
        return Note("mismatch", f"{venue}: {step.said} notes are said, none shown.")
    if state:
        return Note("failed", f"{venue} is empty on OpenReview; it had submissions before.")
    return Note("not_out_yet", f"{venue} has no public submissions on OpenReview yet.")


def _ways(venue: str, state: Mapping[str, Any]) -> list[_Way]:
    if state:
        return [_Way(state["api"], state["invitation"])]
    first = FIRST_OF_V2 + venue.lower().startswith("iclr.")
    order = (2, 1) if (venue_year(venue) or first) >= first else (1, 2)
    return [_Way(api, f"{venue}/-/{name}") for api in order for name in INVITATIONS[api]]
