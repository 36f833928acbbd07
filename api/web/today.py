"""The front page: a day's papers by topic, or what is new since the reader was last here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from aggregator.digest.pick import shortened
from aggregator.digest.select import POSTS, Digest, Section, in_order, papers_of, select
from aggregator.errors import UsageError
from aggregator.status import source_states
from aggregator.store import kept, news, papers
from aggregator.topics import Topic
from api.address import is_https
from api.deps import ServicesDep
from api.params import topic_of
from api.web import front, reader
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

SHOWN, ALL = 12, 1_000  # papers of a topic on the front page; of the one topic asked for
RENEW_SECONDS = 10
STRIP = 14
"""Days whose new papers are shown as a row of bars."""
MOST_DAYS = 31
"""The longest period that one page shows."""
HEIGHT = 31  # of the highest bar

VISIT_COOKIE = "visit"
VISIT_ENDS = timedelta(minutes=30)
"""Who comes back after that begins another visit."""
VISIT_KEPT = 90 * 24 * 3600

DateParam = Annotated[str, Query(max_length=10)]
TopicParam = Annotated[str, Query(max_length=64)]


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of the row."""

    day: datetime
    count: int
    height: int


@dataclass(frozen=True, slots=True)
class Missed:
    """What came since the reader's visit before this one; `since` is the day of the first of it."""

    visit: datetime
    papers: int
    since: datetime


@router.get("/")
def show_day(
    request: Request,
    services: ServicesDep,
    date: DateParam = "",
    topic: TopicParam = "",
    since: DateParam = "",
) -> Response:
    """The papers of a day by topic, or all those of one topic; without `date`, of the newest day
    that has any. With `since`, of all days from that one on."""
    if topic and topic != POSTS.name:
        topic_of(services.config, topic)
    now = services.now()
    today = front.day_of(now)
    begins = front.asked_day(since) if since else None
    if begins and not today - timedelta(days=MOST_DAYS) <= begins <= today:
        raise UsageError(f"since: expected a day at most {MOST_DAYS} days ago.")
    before, visit = _visit(request, now)
    topics = services.config.topics
    with services.store.read() as connection:
        newest = news.latest(connection, before=now)
        states = source_states(services.store, connection, services.sources, now)
        if newest is None and not date:
            works = papers.starters(connection)
            return _nothing_yet(request, topics, states, works)
        day = begins or (front.asked_day(date) if date else front.day_of(newest or now))
        until = now if begins else day + front.DAY
        rows = news.outlines(connection, day, until)
        whole = select(rows, topics, day, until, limit=len(rows))  # its numbers are those of all
        sections = _shown(connection, whole, topic)
        earlier = news.latest(connection, before=day)
        goes_on = not begins and newest is not None and day < front.day_of(newest)
        later = news.earliest(connection, day + front.DAY, now) if goes_on else None
        strip = _strip(connection, topics, day, today)
        visited = None if date or begins else before
        missed = _missed(connection, topics, visited, today)
    shown = {item.paper["id"] for section in sections for item in section.items}
    values = {
        "sections": sections,
        "firsts": _firsts(sections),
        "kept": reader.kept_of(request, services, shown),
        "topic": topic,
        "topics": {t.name: t for t in topics},
        "day": day,
        "since": begins,
        "today": today,
        "note": front.note(day, today, bool(date or begins), not sections, states),
        "earlier": front.day_of(earlier) if earlier else None,
        "later": front.day_of(later) if later else None,
        "strip": strip,
        "missed": missed,
        "states": states,
        "morning": front.morning(states),
        "more_address": f"/?since={day.date()}" if begins else f"/?date={day.date()}",
        **_tally(whole),
    }
    response = page(request, "day.html", values)
    _remember(request, response, visit)
    return response


def _remember(request: Request, response: Response, visit: str) -> None:
    response.set_cookie(
        VISIT_COOKIE,
        visit,
        max_age=VISIT_KEPT,
        httponly=True,
        samesite="lax",
        secure=is_https(request),
    )


def _shown(connection: Any, whole: Digest, topic: str) -> list[Section]:
    """The sections to show, of all topics or of one, with the papers' whole documents."""
    digest = shortened(whole, ALL if topic else SHOWN)
    sections = [s for s in digest.sections if s.items and topic in ("", s.name)]
    names = {item.paper["id"] for section in sections for item in section.items}
    read = {doc["id"]: doc for doc in kept.documents(connection, sorted(names))}
    return [
        replace(s, items=tuple(replace(item, paper=read[item.paper["id"]]) for item in s.items))
        for s in sections
    ]


def _nothing_yet(
    request: Request,
    topics: tuple[Topic, ...],
    states: list[dict[str, Any]],
    works: dict[str, list[dict[str, Any]]],
) -> Response:
    happening = front.situation(states)
    values = {
        "situation": happening,
        "topics": [topic for topic in in_order(topics) if works.get(topic.name)],
        "works": works,
        "sources": states,
        "renew": RENEW_SECONDS if happening.progress else None,
    }
    return page(request, "empty.html", values)


def _visit(request: Request, now: datetime) -> tuple[datetime | None, str]:
    """(when the visit before this one ended, the cookie that remembers it).

    The cookie holds two moments, in seconds: the end of the visit before, and the latest page of
    this one. It changes nothing but a sentence, so it needs no signature.
    """
    ended, _, latest = request.cookies.get(VISIT_COOKIE, "").partition(".")
    known = [int(n) for n in (ended, latest) if n.isdecimal() and len(n) <= 12]
    before, last = known if len(known) == 2 else (0, 0)
    moment = int(now.timestamp())
    before = min(before, moment)  # else it might name a moment that no date is of
    if last and not 0 <= moment - last <= VISIT_ENDS.total_seconds():
        before = min(last, moment)
    oldest = moment - MOST_DAYS * 24 * 3600
    told = datetime.fromtimestamp(before, UTC) if before > oldest else None
    return told, f"{before}.{moment}"


def _missed(
    connection: Any, topics: Sequence[Topic], visit: datetime | None, today: datetime
) -> Missed | None:
    if visit is None:
        return None
    count, first = news.since_seen(connection, visit, [topic.name for topic in topics])
    if not count or first is None:
        return None
    # Not further back than a page goes.
    eldest = max(front.day_of(visit) - front.DAY, today - timedelta(days=MOST_DAYS))
    return Missed(visit, count, max(front.day_of(first), eldest))


def _strip(connection: Any, topics: Sequence[Topic], day: datetime, today: datetime) -> list[Bar]:
    """The row of days: some before this one and, if there are any, some after it."""
    last = min(today, day + timedelta(days=STRIP // 2))
    since = last - timedelta(days=STRIP - 1)
    names = [topic.name for topic in topics]
    counts = news.days(connection, since, last + front.DAY, names)
    highest = max(counts.values(), default=0)
    days = [since + timedelta(days=n) for n in range(STRIP)]
    found = [(one, counts.get(str(one.date()), 0)) for one in days]
    return [
        Bar(one, count, max(1, round(HEIGHT * count / highest)) if count else 0)
        for one, count in found
    ]


def _firsts(sections: list[Section]) -> dict[str, set[str]]:
    """Which papers a section shows first on the page: there a link from elsewhere leads."""
    seen: set[str] = set()
    found: dict[str, set[str]] = {}
    for section in sections:
        found[section.name] = {item.paper["id"] for item in section.items} - seen
        seen |= found[section.name]
    return found


def _tally(digest: Digest) -> dict[str, Any]:
    """How many papers there are, and how many of each mark."""
    marks = {item.paper["id"]: item.marks for section in digest.sections for item in section.items}
    counted = Counter(mark for of_paper in marks.values() for mark in of_paper)
    order = ("new", "new_version", "published", "cited", "discussed")
    tally = {name: counted[name] for name in order if counted[name]}
    return {"papers": len(papers_of(digest)), "tally": tally}
