"""Proceedings of CVPR, ICCV and WACV from the CVF open access site: lists first, then abstracts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.clock import iso, parse_moment
from aggregator.errors import BrokenError, RefusedError, SourceError, ThrottledError
from aggregator.models import Parsed
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

EVERY = timedelta(days=1)
LIST_AGAIN = timedelta(days=7)
"""Proceedings hardly change: a list that gives no ETag or Last-Modified is asked once a week."""
DETAIL_AGAIN = timedelta(days=30)
"""When to ask again for a paper's page that was missing or had no abstract."""
GROUP = 20
"""Papers' pages stored at a time: what a killed process may have to repeat."""
GIVE_UP = 3
"""Papers' pages that fail in a row before the run stops asking."""


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
        self.base_url = options.base_url.rstrip("/")
        self.base_urls = (self.base_url,)
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
            yield from self._pull_details(ctx, venue)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A list page -> a draft for each paper; a paper's page -> its draft with the abstract.

        Raises BrokenError for a page of another form, ChallengedError for a bot wall.
        """
        if raw.stream.startswith("detail:"):
            native_id = raw.stream.removeprefix("detail:")
            return Parsed((detail_draft(raw.body, raw.content_type, raw.url, native_id),))
        listing = read_listing(raw.body, raw.content_type, raw.url, self.base_url)
        parsed = list_drafts(listing, raw.stream, self.base_url)
        # A list may be out before the conference: then it is public from the day it was first seen.
        early = (replace(d, published=min(d.published, raw.fetched_at)) for d in parsed.drafts)
        return replace(parsed, drafts=tuple(early))

    def _pull_lists(self, ctx: Context, venue: str) -> Iterator[Page | Note]:
        stream = f"list:{venue}"
        state = ctx.checkpoint.get(stream) or {}
        if not _due(state, ctx):
            return
        try:
            answer = self._front(ctx, venue, conditional=not state.get("menu"))
        except RefusedError as error:
            if error.http_status not in (404, 410):
                raise
            yield Note("not_out_yet", f"{venue} is not on {urlsplit(self.base_url).netloc} yet.")
            return
        if answer.unchanged:
            yield Page(checkpoint={stream: _asked(answer, ctx.now)})
            return
        try:
            listing = read_listing(answer.body, answer.content_type, answer.url, self.base_url)
        except BrokenError as error:
            yield Note("failed", str(error))
            return
        if not listing.days:
            yield from _list_page(stream, answer, ctx.now, whole=listing.whole)
            return
        complete = True
        for page in self._pull_days(ctx, venue, listing.days):
            complete = complete and not isinstance(page, Note)
            yield page
        if complete:
            yield Page(checkpoint={stream: {"at": iso(ctx.now), "menu": True}})

    def _pull_days(self, ctx: Context, venue: str, days: tuple[str, ...]) -> Iterator[Page | Note]:
        for done, url in enumerate(days):
            ctx.progress(f"{venue}: days", done, len(days))
            stream = f"list:{venue}:{url.rpartition('day=')[2]}"
            if not _due(ctx.checkpoint.get(stream) or {}, ctx):
                continue
            answer = ctx.http.get(url, conditional=True)
            if answer.unchanged:
                yield Page(checkpoint={stream: _asked(answer, ctx.now)})
                continue
            try:
                listing = read_listing(answer.body, answer.content_type, answer.url, self.base_url)
            except BrokenError as error:
                yield Note("failed", str(error))
                continue
            yield from _list_page(stream, answer, ctx.now, whole=listing.whole)

    def _front(self, ctx: Context, venue: str, *, conditional: bool) -> Answer:
        """The venue's first page, by its address of today or by that of the first years."""
        try:
            return ctx.http.get(f"{self.base_url}/{venue}", conditional=conditional)
        except RefusedError as error:
            if error.http_status != 404:
                raise
            return ctx.http.get(f"{self.base_url}/{venue}.py", conditional=conditional)

    def _pull_details(self, ctx: Context, venue: str) -> Iterator[Page | Note]:
        stream = f"missing:{venue}"
        gaps = _Gaps(iso(ctx.now), dict(ctx.checkpoint.get(stream) or {}))
        wanted = [
            (native_id, url)
            for native_id, url in ctx.incomplete(KIND, f"{venue}/")
            if _ask_again(gaps.missing.get(native_id), ctx.now)
        ]
        had = 0
        for start in range(0, len(wanted), GROUP):
            ctx.progress(f"{venue}: abstracts", start, len(wanted))
            raws, fatal = self._details(ctx, wanted[start : start + GROUP], gaps)
            yield Page(raws, checkpoint=gaps.checkpoint(stream))
            if fatal:
                raise fatal
            had += len(raws)
        if gaps.failed and had:
            gaps.settle()
            yield Page(checkpoint=gaps.checkpoint(stream))
        if gaps.troubles:
            yield Note(
                "partial",
                f"{venue}: pages of papers that could not be read: {len(gaps.troubles)}. "
                f"The last one: {gaps.troubles[-1]}",
            )

    def _details(
        self, ctx: Context, group: list[tuple[str, str]], gaps: "_Gaps"
    ) -> tuple[tuple[Raw, ...], SourceError | None]:
        """Ask for a group of papers' pages; what was had, and the error that ends the run, if any."""
        raws: list[Raw] = []
        for native_id, url in group:
            try:
                raw = _raw(f"detail:{native_id}", ctx.http.get(url), ctx.now)
                if not self.to_drafts(raw).drafts[0].abstract:
                    gaps.missing[native_id] = gaps.at
            except ThrottledError as error:
                return tuple(raws), error
            except SourceError as error:
                if isinstance(error, RefusedError) and error.http_status in (404, 410):
                    gaps.missing[native_id] = gaps.at
                    continue
                gaps.failed.append(native_id)
                if len(gaps.failed) == GIVE_UP:
                    return tuple(raws), error
                gaps.troubles.append(str(error))
            else:
                raws.append(raw)
                gaps.settle()
        return tuple(raws), None


@dataclass(slots=True)
class _Gaps:
    """Papers' pages that did not give an abstract, so that they are not asked for every day.

    `missing` (id -> when) are those gone or without abstract. `failed` are those that could not be
    read just now: they become missing once a good page shows that the site itself is well, since
    a bot wall's words may stand in a paper's title.
    """

    at: str
    missing: dict[str, str]
    failed: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def settle(self) -> None:
        self.missing |= dict.fromkeys(self.failed, self.at)
        self.failed.clear()

    def checkpoint(self, stream: str) -> dict[str, Any]:
        return {stream: dict(self.missing)} if self.missing else {}


def _first_day(venue: str) -> datetime:
    return first_day(venue[:-4], int(venue[-4:]))


def _due(state: Mapping[str, Any], ctx: Context) -> bool:
    """Whether to ask for a list: always where "not modified" can be heard, else once a week."""
    if not state or ctx.since is not None or state.get("conditional"):
        return True
    return ctx.now - parse_moment(state["at"]) >= LIST_AGAIN


def _ask_again(missed: str | None, now: datetime) -> bool:
    return missed is None or now - parse_moment(missed) >= DETAIL_AGAIN


def _asked(answer: Answer, now: datetime) -> dict[str, Any]:
    mark = answer.validator
    return {"at": iso(now), "conditional": bool(mark.etag or mark.last_modified)}


def _raw(stream: str, answer: Answer, now: datetime) -> Raw:
    return Raw(stream, answer.url, answer.body, answer.content_type, now)


def _list_page(stream: str, answer: Answer, now: datetime, *, whole: bool) -> Iterator[Page | Note]:
    """A list with its checkpoint; without, if its end is missing, so that it is asked again."""
    raw = _raw(stream, answer, now)
    if whole:
        raw = replace(raw, validator=answer.validator)
        yield Page((raw,), checkpoint={stream: _asked(answer, now)})
        return
    yield Page((raw,))
    yield Note("partial", f"{answer.url} ends in the middle; it is asked again next time.")
