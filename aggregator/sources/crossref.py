"""The source `crossref`: the works behind DOIs that posts and topics name and nothing here has."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import quote

from pydantic import Field

from aggregator.clock import iso
from aggregator.errors import RefusedError
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
from aggregator.sources.crossref_works import KIND, read_works

_EARLIER = "earlier"
"""The checkpoint that says that what was named earlier waits with the rest."""
EVERY = timedelta(minutes=30)
PER_REQUEST = 50
"""DOIs in one request: an address of about 3 kB, well below what servers take."""
MOST = 200
"""DOIs in one run; posts name a few a day."""
# Only what is read; the list of references alone is ten times as long.
_FIELDS = (
    "DOI,type,title,subtitle,author,abstract,issued,posted,published-online,published-print,created,"
    "container-title,event,relation"
)
_NOT_KNOWN = (400, 404)
"""Crossref's answers to what it does not have, or cannot read as a DOI."""


class CrossrefOptions(Options):
    """`daily_requests` is the budget of a day (UTC), retries included."""

    base_url: str = "https://api.crossref.org"
    daily_requests: int = Field(default=300, ge=1)


class CrossrefSource:
    """Crossref's REST API: https://www.crossref.org/documentation/retrieve-metadata/rest-api/"""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = CrossrefOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        options = config.options
        assert isinstance(options, CrossrefOptions)
        self.name = config.name
        self.base_url, _ = addresses.parted(options.base_url.rstrip("/"))
        self.base_urls = (options.base_url,)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.daily_requests = options.daily_requests
        self.every = config.every or EVERY
        self._contact = credentials.contact

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Often: a run that finds nothing to ask costs nobody anything."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Each wanted DOI once: many in one request, halved where Crossref stumbles over one. The first
        time also those that posts named before there was a look-up."""
        if _EARLIER not in ctx.checkpoint:
            ctx.want_stored("doi")
            yield Page(checkpoint={_EARLIER: {"at": iso(ctx.now)}})
        wanted = ctx.wanted("doi", MOST)
        if not wanted:
            yield Note("ok", "Nothing to look up.")
        for start in range(0, len(wanted), PER_REQUEST):
            yield from self._ask(ctx, wanted[start : start + PER_REQUEST])

    def to_drafts(self, raw: Raw) -> Parsed:
        """The works that were asked for; what Crossref does not know is just not there."""
        return read_works(raw.body, raw.content_type, raw.url, raw.meta["dois"], raw.fetched_at)

    def _ask(self, ctx: Context, dois: Sequence[str]) -> Iterator[Page]:
        asked = tuple(f"doi:{one}" for one in dois)
        try:
            answer = self._get(ctx, dois)
        except RefusedError as error:
            if error.http_status not in _NOT_KNOWN:
                raise
            if len(dois) == 1:
                yield Page(asked=asked)
                return
            middle = len(dois) // 2
            yield from self._ask(ctx, dois[:middle])
            yield from self._ask(ctx, dois[middle:])
            return
        meta = {"dois": list(dois)}
        raw = Raw("works", answer.url, answer.body, answer.content_type, ctx.now, meta)
        yield Page(raws=(raw,), asked=asked)

    def _get(self, ctx: Context, dois: Sequence[str]) -> Answer:
        # A contact puts a request into Crossref's polite pool; it belongs into no log.
        contact = {"mailto": self._contact} if self._contact else None
        if len(dois) == 1:
            return ctx.http.get(f"{self.base_url}/works/{quote(dois[0], safe='')}", secret=contact)
        params = {
            "filter": ",".join(f"doi:{one}" for one in dois),
            "select": _FIELDS,
            "rows": str(len(dois)),
        }
        return ctx.http.get(f"{self.base_url}/works", params=params, secret=contact)
