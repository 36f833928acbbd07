"""Proceedings of NeurIPS from papers.nips.cc: the lists of its years first, then abstracts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.clock import iso
from aggregator.errors import BrokenError, RefusedError
from aggregator.models import Parsed
from aggregator.parse import addresses
from aggregator.parse.dates import EARLIEST, LATEST
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
from aggregator.sources.neurips_pages import (
    KIND,
    Listing,
    detail_draft,
    first_day,
    list_drafts,
    read_listing,
)
from aggregator.sources.proceedings import (
    absent,
    asked,
    list_due,
    list_page,
    not_there,
    pull_details,
    raw_list,
)

EVERY = timedelta(days=1)


class NeuripsOptions(Options):
    """`years` are those of the conferences."""

    years: tuple[Annotated[int, Field(ge=EARLIEST, le=LATEST)], ...] = Field(min_length=1)
    base_url: str = "https://papers.nips.cc"


class NeuripsSource:
    """Some years of one NeurIPS site."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = NeuripsOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the site needs none
        options = config.options
        assert isinstance(options, NeuripsOptions)
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
        """Lists of all years, each stored at once; then pages of papers without an abstract.

        The latter is a back-fill that any later run resumes, newest year first.
        """
        for year in self.years:
            yield from self._pull_year(ctx, year)
        for year in sorted(self.years, reverse=True):
            yield from pull_details(ctx, self, f"{year}/", f"NeurIPS {year}")

    def to_drafts(self, raw: Raw) -> Parsed:
        """A list page -> a draft for each paper; a paper's page -> its draft with the abstract.

        Raises BrokenError for a page of another form, ChallengedError for a bot wall.
        """
        part, _, name = raw.stream.partition(":")
        if part == "detail":
            return Parsed((detail_draft(raw, name),))
        year = int(name[:4])
        return list_drafts(_listing(raw, year), raw, year, self.base_url)

    def _pull_year(self, ctx: Context, year: int) -> Iterator[Page | Note]:
        """The year's page and the volumes that it links to (from 2025 on, most papers are there)."""
        stream = f"list:{year}"
        state: dict[str, Any] = ctx.checkpoint.get(stream) or {}
        if list_due(state, ctx):
            try:
                url = f"{self.base_url}/paper_files/paper/{year}"
                answer = ctx.http.get(url, conditional=True)
            except RefusedError as error:
                if not not_there(error):
                    raise
                yield from absent(ctx, stream, f"NeurIPS {year}", urlsplit(self.base_url).netloc)
                return
            if answer.unchanged:
                yield Page(checkpoint={stream: {**state, **asked(answer, ctx.now)}})
            else:
                found: list[str] = []
                yield from self._pull_list(ctx, stream, year, answer, state, found)
                state = {"volumes": found}
        for path in state.get("volumes", ()):
            yield from self._pull_volume(ctx, year, path)

    def _pull_volume(self, ctx: Context, year: int, path: str) -> Iterator[Page | Note]:
        stream = f"list:{year}:{path.rpartition('/')[2]}"
        state = ctx.checkpoint.get(stream) or {}
        if not list_due(state, ctx):
            return
        try:
            answer = ctx.http.get(self.base_url + path, conditional=True)
        except RefusedError as error:
            if not not_there(error):
                raise
            what = f"NeurIPS {year}, {path.rpartition('/')[2]},"
            yield from absent(ctx, stream, what, urlsplit(self.base_url).netloc)
            return
        if answer.unchanged:
            yield Page(checkpoint={stream: asked(answer, ctx.now)})
        else:
            # A year that was waited for comes out with its volumes.
            waited = ctx.checkpoint.get(f"list:{year}") or {}
            yield from self._pull_list(ctx, stream, year, answer, {**waited, **state}, [])

    def _pull_list(
        self,
        ctx: Context,
        stream: str,
        year: int,
        answer: Answer,
        state: dict[str, Any],
        volumes: list[str],
    ) -> Iterator[Page | Note]:
        """One list, stored; the volumes that it links to are added to `volumes`."""
        raw = raw_list(stream, answer, state, ctx.now)
        try:
            listing = _listing(raw, year)
        except BrokenError as error:
            yield Note("failed", str(error))
            return
        if not listing.titles and not listing.volumes:
            if "at" not in state and ctx.now < first_day(year):
                yield Note("not_out_yet", f"NeurIPS {year} has a page, and no papers on it yet.")
                yield Page(checkpoint={stream: {"absent": iso(ctx.now)}})
            else:
                yield Note("failed", f"{answer.url} has no papers, although it should.")
            return
        volumes += listing.volumes
        reached = asked(answer, ctx.now)
        if listing.volumes:
            # They may fail to come today: since when they can be public is known here alone.
            waited = {"absent": state["absent"]} if "absent" in state else {}
            reached |= {"volumes": list(listing.volumes), **waited}
        yield from list_page(raw, answer, reached, whole=listing.whole)


def _listing(raw: Raw, year: int) -> Listing:
    return read_listing(raw.body, raw.content_type, raw.url, year)
