"""The pages: a day's papers by topic, one paper, one topic or watch, the sources; and errors."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.digest.select import POSTS, in_order, select
from aggregator.errors import NotFoundError
from aggregator.status import source_states
from aggregator.store import news, papers, watches
from aggregator.store.papers import PaperQuery
from aggregator.topics import Config, Topic
from api.deps import Services, ServicesDep
from api.web import front
from api.web.language import chosen
from api.web.paper import discussions, steps
from api.web.signup_page import SCHEDULES, ZONES
from api.web.view import page
from api.web.watch import as_topic

router = APIRouter(include_in_schema=False, default_response_class=Response)

SHOWN, ALL = 12, 1_000  # papers of a topic on the front page; of the one topic asked for
ON_A_PAGE = 25
RENEW_SECONDS = 10

DateParam = Annotated[str, Query(max_length=10)]
TopicParam = Annotated[str, Query(max_length=64)]


@router.get("/")
def show_day(
    request: Request, services: ServicesDep, date: DateParam = "", topic: TopicParam = ""
) -> Response:
    """The papers of a day by topic, or all those of one topic; without `date`, of the newest day
    that has any."""
    if topic and topic != POSTS.name:
        _topic(services.config, topic)
    now = services.now()
    today = front.day_of(now)
    with services.store.read() as connection:
        newest = news.latest(connection, before=now)
        states = source_states(services.store, connection, services.sources, now)
        works = papers.starters(connection) if newest is None else {}
        if newest is None and not date:
            return _nothing_yet(request, services.config.topics, states, works)
        day = front.asked_day(date) if date else front.day_of(newest or now)
        rows = news.digest_rows(connection, day, day + front.DAY)
        earlier = news.latest(connection, before=day)
        later = news.earliest(connection, day + front.DAY, now)
    topics = services.config.topics
    digest = select(rows, topics, day, day + front.DAY, limit=ALL if topic else SHOWN)
    sections = [s for s in digest.sections if s.items and topic in ("", s.name)]
    values = {
        "sections": sections,
        "topic": topic,
        "topics": {t.name: t for t in topics},
        "day": day,
        "today": today,
        "note": front.note(day, today, bool(date), not sections),
        "earlier": front.day_of(earlier) if earlier else None,
        "later": front.day_of(later) if later else None,
        "states": states,
    }
    return page(request, "day.html", values)


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


@router.get("/papers/{name:path}")
def show_paper(request: Request, services: ServicesDep, name: str) -> Response:
    """One paper; by another of its names, a redirection to its page."""
    with services.store.read() as connection:
        doc, moved = papers.by_name(connection, name)
        if doc["id"] != name:
            return RedirectResponse(f"/papers/{quote(doc['id'], safe='')}", 301 if moved else 302)
        happened = news.timeline(connection, doc["id"])
    values = {
        "paper": doc,
        "topics": {t.name: t for t in services.config.topics},
        "steps": steps(doc, happened),
        "discussions": discussions(doc),
    }
    return page(request, "paper.html", values)


@router.get("/topics/{name}")
def show_topic(
    request: Request,
    services: ServicesDep,
    name: str,
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """The papers of a topic, newest first; or the posts about no paper."""
    topic = POSTS if name == POSTS.name else _topic(services.config, name)
    query = PaperQuery(
        topics=() if topic is POSTS else (name,),
        kind="post" if topic is POSTS else "paper",
        limit=ON_A_PAGE,
    )
    return _listed(request, services, topic, query, cursor)


@router.get("/watches/{name}")
def show_watch(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Path(max_length=64)],
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """What a watch selects, newest first; a topic's is the page of the topic."""
    if services.config.topic(name):
        return RedirectResponse(f"/topics/{name}", 302)
    with services.store.read() as connection:
        watch = watches.find(connection, services.config, name)
    shown = as_topic(chosen(request), watch, services.config)
    query = PaperQuery.of(watch, kind="paper", limit=ON_A_PAGE)
    return _listed(request, services, shown, query, cursor)


def _listed(
    request: Request, services: Services, topic: Topic, query: PaperQuery, cursor: str
) -> Response:
    """The page of a topic, or of a watch that stands as one."""
    with services.store.read() as connection:
        found = papers.page(connection, query, cursor or None)
        works = [] if cursor else papers.starters(connection).get(topic.name, [])
    values = {
        "topic": topic,
        "topics": {t.name: t for t in services.config.topics},
        # In a store without news the works are all there is: they are listed once.
        "items": [paper for paper in found.items if not (works and paper["starter"])],
        "works": works,
        "first": not cursor,
        "next": found.next,
        # One watch, one form; mail must be set up, and the posts about no paper are no watch.
        "signup": topic is not POSTS and bool(services.settings.smtp_url.get_secret_value()),
        "zones": ZONES,
        "schedules": SCHEDULES,
    }
    return page(request, "topic.html", values)


@router.get("/sources")
def show_sources(request: Request, services: ServicesDep) -> Response:
    """How each source is."""
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, services.now())
    running = any(state["running"] for state in states)
    values = {"sources": states, "renew": RENEW_SECONDS if running else None}
    return page(request, "sources.html", values)


def error_page(request: Request, status: int, detail: str) -> Response:
    """The page for an error."""
    return page(request, "error.html", {"status": status, "detail": detail}, status)


def _topic(config: Config, name: str) -> Topic:
    topic = config.topic(name)
    if topic is None:
        raise NotFoundError(f'There is no topic "{name}" here.')
    return topic
