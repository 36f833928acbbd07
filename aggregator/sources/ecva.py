"""Proceedings of ECCV from ecva.net: one list for all years first, then abstracts."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.clock import iso
from aggregator.models import Parsed
from aggregator.parse import addresses
from aggregator.parse.dates import LATEST
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
from aggregator.sources.ecva_pages import KIND, Listing, detail_draft, list_drafts, read_listing
from aggregator.sources.proceedings import asked, list_due, list_page, pull_details, raw_list

EVERY = timedelta(days=1)
STREAM = "list"


class EcvaOptions(Options):
    """`years` are those of the conferences; ECCV is held in even years."""

    years: tuple[Annotated[int, Field(ge=2018, le=LATEST)], ...] = Field(min_length=1)
    base_url: str = "https://www.ecva.net"


class EcvaSource:
    """Some years of one ECVA site."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = EcvaOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the site needs none
        options = config.options
        assert isinstance(options, EcvaOptions)
        self.name = config.name
        self.years = options.years
        self.base_url, _ = addresses.parted(options.base_url.rstrip("/"))
        self.base_urls = (options.base_url,)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day: a year that comes out is seen on its day."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """The list, stored at once; then pages of papers without an abstract, newest year first."""
        yield from self._pull_list(ctx)
        for year in sorted(self.years, reverse=True):
            yield from pull_details(ctx, self, f"ECCV{year}/", f"ECCV {year}")

    def to_drafts(self, raw: Raw) -> Parsed:
        """The list -> a draft for each paper of the years; a paper's page -> its draft.

        Raises BrokenError for a page of another form, ChallengedError for a bot wall.
        """
        part, _, native_id = raw.stream.partition(":")
        if part == "detail":
            return Parsed((detail_draft(raw, native_id),))
        return list_drafts(_listing(raw), raw, self.years, self.base_url)

    def _pull_list(self, ctx: Context) -> Iterator[Page | Note]:
        state: dict[str, Any] = ctx.checkpoint.get(STREAM) or {}
        absent: dict[str, str] = state.get("absent", {})
        # A year that was configured since stands in the list that we have, and was not read.
        unread = set(self.years) - {*state.get("years", ()), *map(int, absent)}
        if not (unread or absent or list_due(state, ctx)):
            return
        answer = ctx.http.get(f"{self.base_url}/papers.php", conditional=not unread)
        if answer.unchanged:
            waited = {year: iso(ctx.now) for year in absent}
            yield Page(checkpoint={STREAM: {**state, **asked(answer, ctx.now), "absent": waited}})
            yield from (self._not_out(year) for year in absent)
            return
        raw = raw_list(STREAM, answer, {}, ctx.now)
        raw = replace(raw, meta={f"absent:{year}": at for year, at in absent.items()})
        yield from self._read_list(raw, answer, state)

    def _read_list(self, raw: Raw, answer: Answer, state: dict[str, Any]) -> Iterator[Page | Note]:
        listing = _listing(raw)
        missing = set(self.years) - listing.years
        gone = missing & set(state.get("years", ()))
        if gone:  # no checkpoint: it is asked again, and compared with what was there
            yield Page((raw,))
            yield Note("failed", f"ECCV {min(gone)} is gone from {self._site}.")
            return
        unheard = missing - listing.headed
        reached = {
            **asked(answer, raw.fetched_at),
            "years": sorted(set(self.years) - missing),
            "absent": {str(year): iso(raw.fetched_at) for year in sorted(unheard)},
        }
        yield from list_page(raw, answer, reached, whole=listing.whole)
        yield from (self._not_out(year) for year in sorted(unheard))
        for year in sorted(missing & listing.headed):
            lost = f"{self._site} has a heading for ECCV {year}, and no paper of it was recognised"
            yield Note("mismatch", f"{lost}; the page may have changed its form.")

    def _not_out(self, year: int | str) -> Note:
        return Note("not_out_yet", f"ECCV {year} is not on {self._site} yet.")

    @property
    def _site(self) -> str:
        return urlsplit(self.base_url).netloc


def _listing(raw: Raw) -> Listing:
    return read_listing(raw.body, raw.content_type, raw.url)
