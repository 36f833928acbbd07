"""Proceedings of CVPR, ICCV and WACV from the CVF open access site: lists first, then abstracts."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.clock import iso
from aggregator.errors import BrokenError, RefusedError
from aggregator.models import Parsed
from aggregator.parse import addresses
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
from aggregator.sources.cvf_pages import KIND, detail_draft, list_drafts, read_listing
from aggregator.sources.cvf_venues import first_day
from aggregator.sources.proceedings import (
    absent,
    asked,
    list_due,
    list_page,
    not_there,
    public_since,
    pull_details,
    raw_list,
)

EVERY = timedelta(days=1)


class CvfOptions(Options):
    """`venues` are named as in the site's addresses: "CVPR2026"."""

    venues: tuple[Annotated[str, Field(pattern=r"^[A-Z]{3,8}\d{4}$")], ...] = Field(min_length=1)
    base_url: str = "https://openaccess.thecvf.com"


class CvfSource:
    """Some venues of one CVF site."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = CvfOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the site needs none
        options = config.options
        assert isinstance(options, CvfOptions)
        self.name = config.name
        self.venues = options.venues
        self.base_url, _ = addresses.parted(options.base_url.rstrip("/"))
        self.base_urls = (options.base_url,)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day: a list that comes out is seen on its day."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Lists of all venues, each stored at once; then pages of papers without an abstract.

        The latter is a back-fill that any later run resumes, newest venue first.
        """
        for venue in self.venues:
            yield from self._pull_lists(ctx, venue)
        for venue in sorted(self.venues, key=_first_day, reverse=True):
            yield from pull_details(ctx, self, f"{venue}/", venue)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A list page -> a draft for each paper; a paper's page -> its draft with the abstract.

        Raises BrokenError for a page of another form, ChallengedError for a bot wall.
        """
        if raw.stream.startswith("detail:"):
            native_id = raw.stream.removeprefix("detail:")
            return Parsed((detail_draft(raw.body, raw.content_type, raw.url, native_id),))
        listing = read_listing(raw.body, raw.content_type, raw.url, self.base_url)
        parsed = list_drafts(listing, raw.stream, self.base_url)
        public = (replace(d, published=public_since(d.published, raw)) for d in parsed.drafts)
        return replace(parsed, drafts=tuple(public))

    def _pull_lists(self, ctx: Context, venue: str) -> Iterator[Page | Note]:
        stream = f"list:{venue}"
        state = ctx.checkpoint.get(stream) or {}
        if not list_due(state, ctx):
            return
        try:
            answer = self._front(ctx, venue, conditional=not state.get("menu"))
        except RefusedError as error:
            if not not_there(error):
                raise
            yield from absent(ctx, stream, venue, urlsplit(self.base_url).netloc)
            return
        if answer.unchanged:
            yield Page(checkpoint={stream: asked(answer, ctx.now)})
            return
        try:
            listing = read_listing(answer.body, answer.content_type, answer.url, self.base_url)
        except BrokenError as error:
            yield Note("failed", str(error))
            return
        if not listing.days:
            yield from _listed(stream, answer, state, ctx.now, whole=listing.whole)
            return
        complete = True
        for page in self._pull_days(ctx, venue, listing.days, state):
            complete = complete and not isinstance(page, Note)
            yield page
        if complete:
            yield Page(checkpoint={stream: {"at": iso(ctx.now), "menu": True}})

    def _pull_days(
        self, ctx: Context, venue: str, days: tuple[str, ...], state: Mapping[str, Any]
    ) -> Iterator[Page | Note]:
        for done, url in enumerate(days):
            ctx.progress(f"{venue}: days", done, len(days))
            stream = f"list:{venue}:{url.rpartition('day=')[2]}"
            if not list_due(ctx.checkpoint.get(stream) or {}, ctx):
                continue
            answer = ctx.http.get(url, conditional=True)
            if answer.unchanged:
                yield Page(checkpoint={stream: asked(answer, ctx.now)})
                continue
            try:
                listing = read_listing(answer.body, answer.content_type, answer.url, self.base_url)
            except BrokenError as error:
                yield Note("failed", str(error))
                continue
            yield from _listed(stream, answer, state, ctx.now, whole=listing.whole)

    def _front(self, ctx: Context, venue: str, *, conditional: bool) -> Answer:
        """The venue's first page, by its address of today or by that of the first years."""
        try:
            return ctx.http.get(f"{self.base_url}/{venue}", conditional=conditional)
        except RefusedError as error:
            if error.http_status != 404:
                raise
            return ctx.http.get(f"{self.base_url}/{venue}.py", conditional=conditional)


def _first_day(venue: str) -> datetime:
    return first_day(venue[:-4], int(venue[-4:]))


def _listed(
    stream: str, answer: Answer, state: Mapping[str, Any], now: datetime, *, whole: bool
) -> Iterator[Page | Note]:
    """A list of papers; `state` is the checkpoint of its venue."""
    raw = raw_list(stream, answer, state, now)
    yield from list_page(raw, answer, asked(answer, now), whole=whole)
