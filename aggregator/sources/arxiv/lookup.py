"""arXiv's search API through the `arxiv` package, on our HTTP client: look-ups by id, and search
back-fill where OAI-PMH does not answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import arxiv

from aggregator.errors import BrokenError
from aggregator.models import Draft
from aggregator.parse import ids
from aggregator.parse.text import plain
from aggregator.sources.arxiv import months
from aggregator.sources.arxiv.records import build, parse_xml
from aggregator.sources.base import Http

_FEED = "{http://www.w3.org/2005/Atom}feed"
_ENTRY = "{http://www.w3.org/2005/Atom}entry"
_COUNT = "{http://a9.com/-/spec/opensearch/1.1/}"
RESULTS_PER_PAGE = 1000  # arXiv allows 2,000; its larger pages time out more often
MOST_RESULTS = 10_000


@dataclass(frozen=True, slots=True)
class _Response:
    """What arxiv.Client reads of an answer."""

    status_code: int
    content: bytes


class _Session:
    """Stands in for the package's `requests` session, which has no time limit, a User-Agent that
    draws 429s and its own idea of pace (STACK.md 4)."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> _Response:
        del headers  # the package's User-Agent; ours names Daypaper
        body = self._http.get(url).body
        # The package takes what it cannot read for an empty page, which would hide papers.
        feed = parse_xml(body, "arXiv's API")
        if feed.tag != _FEED:
            raise BrokenError("arXiv's API answered with XML that is no Atom feed.", url=url)
        # In trouble, arXiv shows empty pages of results that it has.
        total, start = (feed.findtext(_COUNT + name, "") for name in ("totalResults", "startIndex"))
        more = total.isdecimal() and int(total) > (int(start) if start.isdecimal() else 0)
        if more and feed.find(_ENTRY) is None:
            said = f"arXiv's API showed none of the {total} results that it says it has."
            raise BrokenError(said, url=url)
        return _Response(200, body)


def client(http: Http, api_url: str) -> arxiv.Client:
    """An arxiv.Client that asks through `http`; its errors are those of `http`."""
    made = arxiv.Client(page_size=RESULTS_PER_PAGE, delay_seconds=0, num_retries=0)
    made.query_url_format = api_url + "?{}"
    made._session = _Session(http)  # type: ignore[assignment]
    return made


def by_ids(http: Http, api_url: str, native_ids: Sequence[str], now: datetime) -> list[Draft]:
    """Drafts of the latest versions; an id that arXiv does not have is left out.

    Raises SourceError as `http` does, BrokenError if the answer is no feed of papers.
    """
    search = arxiv.Search(id_list=list(native_ids), max_results=len(native_ids))
    return list(_drafts(http, api_url, search, now))


def submitted(
    http: Http, api_url: str, category: str, since: datetime, until: datetime
) -> list[Draft]:
    """Drafts of what was submitted to a category in a period, newest first, at most 10,000.

    Raises SourceError as `http` does, BrokenError if the answer is no feed of papers.
    """
    window = f"[{since:%Y%m%d%H%M} TO {until:%Y%m%d%H%M}]"
    search = arxiv.Search(
        query=f"cat:{category} AND submittedDate:{window}",
        max_results=MOST_RESULTS,
        sort_by=arxiv.SortCriterion.SubmittedDate,
    )
    return list(_drafts(http, api_url, search, until))


def _drafts(http: Http, api_url: str, search: arxiv.Search, now: datetime) -> Iterator[Draft]:
    try:
        for result in client(http, api_url).results(search):
            draft = _draft(result, now)
            if draft is not None:
                yield draft
    except (arxiv.ArxivError, ValueError, TypeError, AttributeError, SyntaxError) as error:
        # The package is not total: a date of the year 0 or a page cut short raises as it comes.
        raise BrokenError(
            f"arXiv's API answered with no feed of papers ({error}).", url=api_url
        ) from error


def _draft(result: arxiv.Result, now: datetime) -> Draft | None:
    found = ids.arxiv_id(result.entry_id)
    if found is None or not result.title:
        return None  # arXiv's errors come as a feed with one entry that has no id
    native, version = found
    if result.updated > now:
        return None  # a replay: this version was not there yet
    first = min(months.announced(native, result.published), now)
    latest = min(months.announced(native, result.updated), now)
    number = version or 1
    return build(
        native,
        [(number, result.updated)],
        first_public=first,
        published=latest if number > 1 else first,
        title=result.title,
        abstract=result.summary,
        authors=[plain(author.name) for author in result.authors],
        categories=result.categories,
        comments=result.comment or "",
        journal_ref=result.journal_ref or "",
        doi=result.doi or "",
    )
