"""Accepted papers of ICML, NeurIPS, ICLR and others from the virtual sites of the conferences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from aggregator.clock import iso, parse_moment
from aggregator.errors import BrokenError, RefusedError, SourceError, ThrottledError
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
from aggregator.sources.virtual_pages import (
    KIND,
    Listing,
    list_drafts,
    read_abstracts,
    read_listing,
)

EVERY = timedelta(days=1)
LIST_AGAIN = timedelta(days=7)
"""For a list that cannot say "not modified", and for one whose abstracts are still missing."""
MOST_PAGES = 100
SITES = {
    "aistats": "virtual.aistats.org",
    "cvpr": "cvpr.thecvf.com",
    "eccv": "eccv.ecva.net",
    "iccv": "iccv.thecvf.com",
    "iclr": "iclr.cc",
    "icml": "icml.cc",
    "mlsys": "mlsys.org",
    "neurips": "neurips.cc",
    "wacv": "wacv.thecvf.com",
}
"""Hosts as their own pages link them."""


class VirtualOptions(Options):
    """In `base_url` {site} is the conference's own host, {conference} its short name."""

    conferences: tuple[Annotated[str, Field(pattern=r"^[a-z]{3,10}-\d{4}$")], ...] = Field(
        min_length=1
    )
    base_url: str = "https://{site}"

    @model_validator(mode="after")
    def _known_sites(self) -> Self:
        for conference in self.conferences if "{site}" in self.base_url else ():
            if conference.partition("-")[0] not in SITES:
                raise ValueError(
                    f"conferences: no site is known for {conference!r}; expected one of "
                    f"{', '.join(SITES)} with a year, or base_url"
                )
        return self


class VirtualSource:
    """Some years of some conferences."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = VirtualOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the sites need none
        options = config.options
        assert isinstance(options, VirtualOptions)
        self.name = config.name
        self.conferences = options.conferences
        self._base_url = options.base_url.rstrip("/")
        self.base_urls = tuple(dict.fromkeys(map(self._site, self.conferences)))
        self._base_url, _ = addresses.parted(self._base_url)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day: a list that comes out is seen on its day."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """The list of each conference; one in trouble does not stop the others, a throttle does."""
        for number, conference in enumerate(self.conferences):
            ctx.progress(f"{self.name}: lists", number, len(self.conferences))
            try:
                yield from self._pull_list(ctx, conference)
            except ThrottledError:
                raise
            except SourceError as error:
                status: Any = error.status
                yield Note(status, f"{conference}: {error}")

    def to_drafts(self, raw: Raw) -> Parsed:
        """A page of a list -> a draft for each paper.

        Raises BrokenError for a document of another form, ChallengedError for a bot wall.
        """
        conference = raw.stream.removeprefix("list:")
        listing = read_listing(raw.body, raw.content_type, raw.url)
        abstracts = raw.meta.get("abstracts", {})
        return list_drafts(listing, conference, self._site(conference), raw.fetched_at, abstracts)

    def _pull_list(self, ctx: Context, conference: str) -> Iterator[Page | Note]:
        stream = f"list:{conference}"
        state = ctx.checkpoint.get(stream) or {}
        whole = _whole_due(state, ctx)
        if not whole and not state["conditional"]:
            return
        first = self._ask(ctx, conference, "orals-posters", conditional=not whole)
        if first is None:
            yield self._not_out(conference)
            return
        if first.unchanged:
            return
        listing = read_listing(first.body, first.content_type, first.url)
        if not listing.events:
            yield self._empty(conference, listing, state)
            return
        rest = self._rest(ctx, conference, first, listing)
        had = sum(len(page.events) for _, page in rest.pages)
        meta = {"abstracts": rest.abstracts}
        raws = [Raw(stream, a.url, a.body, a.content_type, ctx.now, meta) for a, _ in rest.pages]
        if rest.trouble or had < (listing.count or 0):
            yield Page(tuple(raws))
            yield Note("partial", _short(conference, listing.count, had, rest.trouble))
            return
        reached = _asked(first, ctx.now) | {"events": had, "mute": rest.mute}
        if misdated := sum(page.misdated for _, page in rest.pages):
            news = misdated != state.get("misdated")  # else the site itself has them so
            doubted = {"conditional": False, "misdated": misdated, "again": news}
            yield Page(tuple(raws), checkpoint={stream: reached | doubted})
            yield Note("mismatch", f"{conference}: times of events that are none: {misdated}.")
            return
        # a later "not modified" must mean that nothing was left behind
        raws[0] = replace(raws[0], validator=first.validator)
        yield Page(tuple(raws), checkpoint={stream: reached})

    def _rest(self, ctx: Context, conference: str, first: Answer, listing: Listing) -> "_Rest":
        """What belongs to a first page: the pages after it, and abstracts that stand apart."""
        rest = _Rest([(first, listing)])
        try:
            for page in self._following(ctx, first, listing):
                rest.pages.append(page)
            if any(page.mute for _, page in rest.pages):
                rest.abstracts = self._abstracts(ctx, conference)
                rest.mute = not rest.abstracts
        except ThrottledError:
            raise
        except SourceError as error:
            rest.trouble = str(error)
        return rest

    def _following(
        self, ctx: Context, first: Answer, listing: Listing
    ) -> Iterator[tuple[Answer, Listing]]:
        """The pages after the first one, of sites that part their lists."""
        seen = {first.url}
        while listing.next and listing.next not in seen and len(seen) < MOST_PAGES:
            seen.add(listing.next)
            answer = ctx.http.get(listing.next)
            listing = read_listing(answer.body, answer.content_type, answer.url)
            yield answer, listing

    def _abstracts(self, ctx: Context, conference: str) -> dict[str, str]:
        """The abstracts where they stand apart, as far as they are there."""
        answer = self._ask(ctx, conference, "abstracts", conditional=False)
        return read_abstracts(answer.body, answer.content_type, answer.url) if answer else {}

    def _ask(self, ctx: Context, conference: str, what: str, *, conditional: bool) -> Answer | None:
        """A file of the site; None if there is none (yet)."""
        url = f"{self._site(conference)}/static/virtual/data/{conference}-{what}.json"
        try:
            return ctx.http.get(url, conditional=conditional)
        except RefusedError as error:
            if error.http_status not in (404, 410):
                raise
            return None

    def _site(self, conference: str) -> str:
        name = conference.partition("-")[0]
        return self._base_url.replace("{site}", SITES.get(name, "")).replace("{conference}", name)

    def _not_out(self, conference: str) -> Note:
        host = urlsplit(self._site(conference)).netloc
        return Note("not_out_yet", f"{conference} has no list of papers on {host} yet.")

    def _empty(self, conference: str, listing: Listing, state: Mapping[str, Any]) -> Note:
        """A list without papers: before the conference that is right, later it is not."""
        if listing.count:
            return Note("mismatch", f"{conference}: {listing.count} events are said, none shown.")
        if state.get("events"):
            raise BrokenError(f"the list is empty; it had {state['events']} events before.")
        return self._not_out(conference)


@dataclass(slots=True)
class _Rest:
    """All pages of a list with its abstracts; `trouble` says why some could not be had."""

    pages: list[tuple[Answer, Listing]]
    abstracts: dict[str, str] = field(default_factory=dict)
    mute: bool = False
    trouble: str = ""


def _whole_due(state: Mapping[str, Any], ctx: Context) -> bool:
    """Whether to ask for the whole list, instead of whether it changed."""
    if not state or ctx.since is not None:
        return True
    lasting = state["conditional"] and not state["mute"]
    after = EVERY if state.get("again") else LIST_AGAIN
    return not lasting and ctx.now - parse_moment(state["at"]) >= after


def _asked(answer: Answer, now: datetime) -> dict[str, Any]:
    mark = answer.validator
    return {"at": iso(now), "conditional": bool(mark.etag or mark.last_modified)}


def _short(conference: str, count: int | None, had: int, trouble: str) -> str:
    why = f" ({trouble.rstrip('.')})" if trouble else ""
    return f"{conference}: {had} of {count} events could be had{why}; it is asked again next time."
