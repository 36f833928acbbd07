"""How Semantic Scholar and OpenAlex are asked who cites a work, and how their answers are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import ClassVar, Protocol
from urllib.parse import quote

from aggregator.errors import BrokenError, RefusedError, SourceError, ThrottledError
from aggregator.models import Draft, Parsed
from aggregator.parse import jsonpage
from aggregator.sources.base import Raw
from aggregator.sources.citing_works import ARXIV_DOI, openalex_draft, openalex_id, s2_draft

REACH = 10_000
"""Neither shows more citing works of one work: Semantic Scholar no offset beyond 9,999, OpenAlex no
page beyond 10,000 works without a cursor, which needs a key."""
BATCH = 500  # ids that Semantic Scholar looks up at once


@dataclass(frozen=True, slots=True)
class Ask:
    """A request; `secret` are parameters that no message and no log may show."""

    url: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: Mapping[str, str] = field(default_factory=dict)


class Provider(Protocol):
    """A service that knows who cites what."""

    label: ClassVar[str]
    site: ClassVar[str]

    def __init__(self, base_url: str, key: str) -> None: ...

    def find(self, name: str) -> Ask | None:
        """How to ask for the service's own id of a work; None if it takes ours."""
        ...

    def found(self, raw: Raw) -> str:
        """The id in that answer. Raises BrokenError."""
        ...

    def page(self, own: str, place: int) -> Ask:
        """How to ask for a page of the works that cite one, from `place` on (0 is the first)."""
        ...

    def read(self, raw: Raw) -> tuple[Parsed, int | None]:
        """(drafts, the place of the next page) of such a page; `raw.meta` has "cites" (our name of
        the cited work) and "place". Raises BrokenError, ChallengedError."""
        ...

    def lacking(self, parsed: Parsed) -> list[str]:
        """The ids of those drafts that are worth looking up once more for their abstract."""
        ...

    def refusal(self, error: ThrottledError | RefusedError, now: datetime) -> SourceError:
        """What a refusal means here."""
        ...


class SemanticScholar:
    """api.semanticscholar.org/graph/v1."""

    label: ClassVar[str] = "Semantic Scholar"
    site: ClassVar[str] = "https://api.semanticscholar.org"
    PAGE = 1000
    FIELDS = "title,abstract,year,publicationDate,venue,externalIds,authors"

    def __init__(self, base_url: str, key: str) -> None:
        self._base, self._headers = base_url, {"x-api-key": key} if key else {}

    def find(self, name: str) -> Ask | None:
        """It takes arXiv ids and DOIs."""
        del name
        return None

    def found(self, raw: Raw) -> str:
        """Never asked for."""
        raise BrokenError(f"{raw.url} was not asked for an id.", url=raw.url)

    def page(self, own: str, place: int) -> Ask:
        """1,000 at a time; the last page is shorter, since offset and limit together end at 9,999."""
        kind, _, value = own.partition(":")
        url = f"{self._base}/graph/v1/paper/{kind.upper()}:{quote(value, safe='/')}/citations"
        limit = min(self.PAGE, REACH - 1 - place)
        params = {"fields": self.FIELDS, "offset": str(place), "limit": str(limit)}
        return Ask(url, params, self._headers)

    def batch(self) -> Ask:
        """Where up to 500 ids are looked up by POST."""
        url = f"{self._base}/graph/v1/paper/batch?fields={self.FIELDS}"
        return Ask(url, headers=self._headers)

    def read(self, raw: Raw) -> tuple[Parsed, int | None]:
        """`next` is absent at the end, and a page may be empty before it; `data` may be missing."""
        document = jsonpage.load(raw.body, raw.content_type, raw.url)
        if not isinstance(document, Mapping) or "offset" not in document:
            raise BrokenError(f"{raw.url} answered with JSON that is no page.", url=raw.url)
        listed = document.get("data") or []
        if not isinstance(listed, list):
            raise BrokenError(f"{raw.url} answered with JSON that is no list.", url=raw.url)
        found = [one.get("citingPaper") if isinstance(one, Mapping) else one for one in listed]
        cites = (raw.meta["cites"],)
        parsed = _parsed(raw, [s2_draft(one, cites, raw.fetched_at, 0) for one in found])
        following = jsonpage.number(document, "next")
        if following is None or not raw.meta["place"] < following < REACH - 1:
            return parsed, None
        return parsed, following

    def read_batch(self, raw: Raw) -> Parsed:
        """Papers in the order of the ids that were asked for; null for those it does not have."""
        document = jsonpage.load(raw.body, raw.content_type, raw.url)
        if not isinstance(document, list):
            raise BrokenError(f"{raw.url} answered with JSON that is no list.", url=raw.url)
        found = [one for one in document if one is not None]
        return _parsed(raw, [s2_draft(one, (), raw.fetched_at, 1) for one in found])

    def lacking(self, parsed: Parsed) -> list[str]:
        """Abstracts are often null in lists of citations and there in a look-up."""
        return [draft.native_id for draft in parsed.drafts if not draft.abstract]

    def refusal(self, error: ThrottledError | RefusedError, now: datetime) -> SourceError:
        """All who ask without a key share one allowance, which is always used up."""
        del now
        if isinstance(error, ThrottledError):
            hint = "" if self._headers else " A key helps: set DAYPAPER_S2_API_KEY."
            return ThrottledError(f"{error}{hint}", url=error.url, retry_after=error.retry_after)
        return _key_refused(self.label, error)


class OpenAlex:
    """api.openalex.org."""

    label: ClassVar[str] = "OpenAlex"
    site: ClassVar[str] = "https://api.openalex.org"
    PAGE = 100
    FIELDS = (
        "id,doi,title,display_name,publication_year,publication_date,primary_location,locations,"
        "authorships,abstract_inverted_index"
    )

    def __init__(self, base_url: str, key: str) -> None:
        self._base, self._secret = base_url, {"api_key": key} if key else {}

    def find(self, name: str) -> Ask | None:
        """By DOI; an arXiv paper has one."""
        kind, _, value = name.partition(":")
        named = f"{ARXIV_DOI}{value}" if kind == "arxiv" else value
        return Ask(f"{self._base}/works/doi:{quote(named, safe='/')}", secret=self._secret)

    def found(self, raw: Raw) -> str:
        """Its W id."""
        document = jsonpage.load(raw.body, raw.content_type, raw.url)
        own = openalex_id(jsonpage.mark(document, "id"))
        if not own:
            raise BrokenError(f"{raw.url} answered with JSON that is no work.", url=raw.url)
        return own

    def page(self, own: str, place: int) -> Ask:
        """100 at a time, the newest first."""
        params = {
            "filter": f"cites:{own}",
            "sort": "publication_date:desc",
            "per_page": str(self.PAGE),
            "page": str(place // self.PAGE + 1),
            "select": self.FIELDS,
        }
        return Ask(f"{self._base}/works", params, secret=self._secret)

    def read(self, raw: Raw) -> tuple[Parsed, int | None]:
        """A page with fewer works than its own total says is no page to go on from."""
        document = jsonpage.load(raw.body, raw.content_type, raw.url)
        listed = jsonpage.items(document, "results", raw.url)
        place, cites = raw.meta["place"], (raw.meta["cites"],)
        total = jsonpage.number(document.get("meta"), "count")
        if total is None:
            raise BrokenError(f"{raw.url} answered with JSON that is no page.", url=raw.url)
        if len(listed) < min(self.PAGE, total - place):
            short = f"{raw.url} shows {len(listed)} works where its total of {total} says more"
            raise BrokenError(f"{short}.", url=raw.url)
        parsed = _parsed(raw, [openalex_draft(one, cites, raw.fetched_at) for one in listed])
        following = place + self.PAGE
        return parsed, following if listed and following < min(total, REACH) else None

    def lacking(self, parsed: Parsed) -> list[str]:
        """What it has stands in the list."""
        del parsed
        return []

    def refusal(self, error: ThrottledError | RefusedError, now: datetime) -> SourceError:
        """429: the day's credit is used, it comes back at midnight UTC; 403: asked too fast."""
        if isinstance(error, ThrottledError):
            midnight = datetime.combine(now.date(), time(), UTC) + timedelta(days=1)
            hint = "" if self._secret else " A free key gives more: set DAYPAPER_OPENALEX_API_KEY."
            wait = error.retry_after or midnight - now
            return ThrottledError(f"{error}{hint}", url=error.url, retry_after=wait)
        if error.http_status == 403:
            said = f"{self.label} says that it is asked too fast (403)."
            return ThrottledError(said, url=error.url, retry_after=error.retry_after)
        return _key_refused(self.label, error)


PROVIDERS: dict[str, type[SemanticScholar] | type[OpenAlex]] = {
    "semanticscholar": SemanticScholar,
    "openalex": OpenAlex,
}


def _key_refused(label: str, error: RefusedError) -> RefusedError:
    if error.http_status not in (401, 403):
        return error
    said = f"{label} does not accept the key ({error.http_status})."
    return RefusedError(
        said, url=error.url, http_status=error.http_status, retry_after=error.retry_after
    )


def _parsed(raw: Raw, read: list[Draft | str]) -> Parsed:
    drafts = {one.key: one for one in read if isinstance(one, Draft)}
    bad = [
        f"{raw.stream}: work {place} {one}."
        for place, one in enumerate(read, 1)
        if isinstance(one, str) and one
    ]
    return Parsed(tuple(drafts.values()), tuple(bad))
