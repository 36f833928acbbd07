"""Papers that people put on Hugging Face's daily page: posts about arXiv papers, with votes."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from aggregator.errors import BrokenError, RefusedError
from aggregator.models import Draft, Parsed
from aggregator.parse import addresses, jsonpage
from aggregator.parse.dates import iso8601
from aggregator.parse.ids import arxiv_id
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

KIND = "hf_daily"
SITE = "https://huggingface.co"
EVERY = timedelta(hours=6)
FULL_PAGE = 100
"""The most papers that are shown at once; a day has about 30."""
SETTLING = timedelta(days=3)
"""How long a day's page is asked again: votes and comments come in for some days."""
MOST_DAYS = 366
"""How far back one run goes, one request a day."""
FIRST_DAY = date(2023, 5, 4)
"""The first day that has a page."""


class HfDailyOptions(Options):
    """`base_url` is the site, or a mirror of the same form."""

    base_url: str = SITE


class HfDailySource:
    """The daily page, day by day."""

    kind: ClassVar[str] = KIND
    options_type: ClassVar[type[Options]] = HfDailyOptions

    def __init__(self, config: SourceConfig, credentials: Credentials) -> None:
        del credentials  # the page needs none
        options = config.options
        assert isinstance(options, HfDailyOptions)
        self.name = config.name
        self.base_url, _ = addresses.parted(options.base_url.rstrip("/"))
        self.base_urls = (options.base_url,)
        self.upstream = KIND
        self.pace_seconds = options.pace_seconds
        self.every = config.every or EVERY

    def next_due(self, last: LastRun | None, now: datetime) -> datetime:
        """Four times a day: papers are put there all day long."""
        return due_every(last, now, self.every)

    def pull(self, ctx: Context) -> Iterator[Page | Note]:
        """Each day from the last one that had settled until today, oldest first.

        The checkpoint moves with each day, so a killed run goes on where it was.
        """
        state = ctx.checkpoint.get("days") or {}
        today = ctx.now.date()
        first = _first_day(state, ctx)
        if (today - first).days >= MOST_DAYS:
            first = today - timedelta(days=MOST_DAYS - 1)
            yield Note(
                "partial", f"Days before {first} are left out: {MOST_DAYS} at most in a run."
            )
        days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
        empty: set[date] = {date.fromisoformat(day) for day in state.get("empty", ())}
        for number, day in enumerate(days):
            ctx.progress(f"{self.name}: days", number, len(days))
            answer = self._ask(ctx, day)
            if answer is None:
                yield Note("not_out_yet", f"Hugging Face has no page for {day} yet.")
                continue
            raw = Raw(f"day:{day}", answer.url, answer.body, answer.content_type, ctx.now)
            if answer.unchanged:
                yield Page(checkpoint=_reached(day, state, empty))
                continue
            listed = len(_listed(raw))
            empty = empty - {day} if listed else empty | {day}
            raw = replace(raw, validator=answer.validator)
            yield Page((raw,), checkpoint=_reached(day, state, empty), backfill=not state)
            if listed >= FULL_PAGE:
                yield Note("partial", f"{day}: only the first {FULL_PAGE} papers are shown.")
        if empty.issuperset(days[-SETTLING.days - 1 :]) and len(days) > SETTLING.days:
            yield Note("mismatch", f"Hugging Face shows no paper of the last {SETTLING.days} days.")

    def _ask(self, ctx: Context, day: date) -> Answer | None:
        """The page of a day; None for today while the day has not begun where it is made."""
        url = f"{self.base_url}/api/daily_papers"
        params = {"date": str(day), "limit": str(FULL_PAGE)}
        try:
            return ctx.http.get(url, params=params, conditional=ctx.since is None)
        except RefusedError as error:
            if error.http_status not in (400, 404) or day < ctx.now.date():
                raise
            return None

    def to_drafts(self, raw: Raw) -> Parsed:
        """A day's page -> a post for each paper.

        Raises BrokenError for a document of another form, ChallengedError for a bot wall.
        """
        drafts: dict[str, Draft] = {}
        skipped: list[str] = []
        for place, item in enumerate(_listed(raw), 1):
            draft = _draft(item, raw)
            if isinstance(draft, str):
                skipped.append(f"{raw.stream}: paper {place} {draft}.")
            else:
                drafts[draft.native_id] = draft
        return Parsed(tuple(drafts.values()), tuple(skipped))


def _listed(raw: Raw) -> list[Any]:
    document = jsonpage.load(raw.body, raw.content_type, raw.url)
    if not isinstance(document, list):
        raise BrokenError(f"{raw.url} answered with JSON that is no list of papers.", url=raw.url)
    return document


def _draft(item: Any, raw: Raw) -> Draft | str:
    """One paper of the page as a post about it, or the reason why it cannot be read."""
    paper = item.get("paper") if isinstance(item, Mapping) else None
    if not isinstance(paper, Mapping):
        return "is none"
    found = arxiv_id(jsonpage.mark(paper, "id"))
    title = jsonpage.text(paper, "title") or jsonpage.text(item, "title")
    if found is None or not title:
        return f"has no {'title' if found else 'arXiv id'}"
    put_there = iso8601(jsonpage.text(paper, "submittedOnDailyAt"))
    day = datetime.fromisoformat(raw.stream.removeprefix("day:")).replace(tzinfo=UTC)
    by = paper.get("submittedOnDailyBy") or item.get("submittedBy")
    name = jsonpage.text(by, "name") or jsonpage.text(by, "user")
    return Draft(
        kind=KIND,
        native_id=found[0],
        role="post",
        title=title,
        url=f"{SITE}/papers/{found[0]}",
        published=min(put_there or day, raw.fetched_at),
        authors=(name,) if name else (),
        about=f"arxiv:{found[0]}",
        extra=_extra(item, paper),
    )


def _extra(item: Mapping[str, Any], paper: Mapping[str, Any]) -> dict[str, Any]:
    """Votes and comments are kept where they are 0, too; of the rest what is there."""
    numbers = {
        "score": jsonpage.number(paper, "upvotes"),
        "num_comments": jsonpage.number(item, "numComments"),
        "stars": jsonpage.number(paper, "githubStars"),
    }
    words = {
        "tldr": jsonpage.text(paper, "ai_summary"),
        "keywords": jsonpage.words(paper.get("ai_keywords")),
        "code": jsonpage.web(paper.get("githubRepo"), ""),
        "project_page": jsonpage.web(paper.get("projectPage"), ""),
        "organization": jsonpage.text(paper.get("organization"), "fullname"),
    }
    kept = {key: number for key, number in numbers.items() if number is not None}
    return kept | {key: word for key, word in words.items() if word}


def _first_day(state: Mapping[str, Any], ctx: Context) -> date:
    """Where to begin: `since`, or some days before the last one that is stored, or today."""
    if ctx.since is not None:
        return max(min(ctx.since.date(), ctx.now.date()), FIRST_DAY)
    if not state:
        return ctx.now.date() - timedelta(days=1)
    return min(date.fromisoformat(state["until"]), ctx.now.date()) - SETTLING


def _reached(day: date, state: Mapping[str, Any], empty: Collection[date]) -> dict[str, Any]:
    """The checkpoint after a day; one that is asked again moves nothing back."""
    until = max(str(day), state.get("until", ""))
    recent = [str(one) for one in sorted(empty) if one > day - 2 * SETTLING]
    return {"days": {"until": until, "empty": recent}}
