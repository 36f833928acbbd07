"""Volumes of the Proceedings of Machine Learning Research: ICML, AISTATS, CoRL and others."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from aggregator.errors import BrokenError, RefusedError
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
from aggregator.sources.pmlr_volumes import KIND, VOLUMES, is_whole, volume_drafts, volume_of
from aggregator.sources.proceedings import absent, asked, list_due, list_page, not_there, raw_list

EVERY = timedelta(days=1)

_Number = Annotated[int, Field(ge=1, le=9999)]
_Conference = Annotated[str, Field(pattern=r"^[A-Za-z][\w&]*[ -]\d{4}$")]


class PmlrOptions(Options):
    """`volumes` are numbers of volumes (70), or conference and year ("ICML 2017")."""

    volumes: tuple[_Number | _Conference, ...] = Field(min_length=1)
    base_url: str = "https://proceedings.mlr.press"


class PmlrSource:
    """Some volumes of one site; each is one file that has everything, abstracts too."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = PmlrOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the site needs none
        options = config.options
        assert isinstance(options, PmlrOptions)
        self.name = config.name
        self.volumes = tuple(v if isinstance(v, int) else _named(v) for v in options.volumes)
        self.base_url, _ = addresses.parted(options.base_url.rstrip("/"))
        self.base_urls = (options.base_url,)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Once a day: "not modified" costs them nothing, and a new volume is seen on its day."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """One file per volume, each stored before the next is asked for.

        Volumes that are not known by name are looked for on the page of all volumes first.
        """
        numbers: dict[int | str, int] = {}
        yield from self._look_up(ctx, numbers)
        for done, wanted in enumerate(self.volumes):
            ctx.progress("volumes", done, len(self.volumes))
            if wanted in numbers:
                yield from self._pull_volume(ctx, numbers[wanted], wanted)

    def to_drafts(self, raw: Raw) -> Parsed:
        """A volume's file -> a draft for each paper; raises as `volume_drafts` does."""
        _, number, conference = f"{raw.stream}:".split(":")[:3]
        return volume_drafts(raw, int(number.removeprefix("v")), conference, self.base_url)

    def _look_up(self, ctx: Context, numbers: dict[int | str, int]) -> Iterator[Page | Note]:
        """Fill `numbers`; the page of all volumes is asked at most once, and only if it must be."""
        unknown: list[str] = []
        for wanted in self.volumes:
            if isinstance(wanted, int):
                numbers[wanted] = wanted
                continue
            conference, _, year = wanted.partition(" ")
            found = VOLUMES.get(conference, {}).get(int(year)) or ctx.checkpoint.get(
                f"volume:{wanted}"
            )
            if found:
                numbers[wanted] = found
            else:
                unknown.append(wanted)
        if not unknown:
            return
        answer = ctx.http.get(f"{self.base_url}/")
        for wanted in unknown:
            try:
                number = volume_of(wanted, answer.body, answer.content_type, answer.url)
            except BrokenError as error:
                yield Note("failed", str(error))
                return
            if number is None:
                yield from absent(ctx, f"list:?:{wanted}", wanted, urlsplit(self.base_url).netloc)
                continue
            numbers[wanted] = number
            yield Page(checkpoint={f"volume:{wanted}": number})

    def _pull_volume(self, ctx: Context, number: int, wanted: int | str) -> Iterator[Page | Note]:
        label = "" if isinstance(wanted, int) else wanted
        stream = f"list:v{number}" + (f":{label}" if label else "")
        state = ctx.checkpoint.get(stream) or ctx.checkpoint.get(f"list:?:{label}") or {}
        if not list_due(state, ctx):
            return
        try:
            url = f"{self.base_url}/v{number}/assets/bib/citeproc.yaml"
            answer = ctx.http.get(url, conditional=True)
        except RefusedError as error:
            if not not_there(error):
                raise
            what = label or f"Volume {number}"
            yield from absent(ctx, stream, what, urlsplit(self.base_url).netloc)
            return
        if answer.unchanged:
            yield Page(checkpoint={stream: asked(answer, ctx.now)})
            return
        raw = raw_list(stream, answer, state, ctx.now)
        try:
            self.to_drafts(raw)
        except BrokenError as error:
            yield Note("failed", str(error))
            return
        yield from list_page(raw, answer, asked(answer, ctx.now), whole=is_whole(answer.body))


def _named(wanted: str) -> str:
    """ "icml-2017" -> "ICML 2017", in the capitals of those that are known."""
    name, year = re.split("[ -]", wanted)
    return f"{next((k for k in VOLUMES if k.casefold() == name.casefold()), name)} {year}"
