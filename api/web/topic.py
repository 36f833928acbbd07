"""The pages of topics and watches: all topics, and one with what it has, newest, hottest, or what fits the
reader's taste first."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import RedirectResponse

from aggregator import trend
from aggregator.digest.select import POSTS, in_order
from aggregator.errors import NotFoundError
from aggregator.store import citations, papers, watches
from aggregator.store.papers import PaperQuery
from aggregator.topics import Topic
from aggregator.watches import Terms, Watch
from api.deps import Services, ServicesDep
from api.params import topic_of
from api.web import chart, front, reader
from api.web.language import chosen
from api.web.mail_pages import PRIVATE
from api.web.mine import listed
from api.web.signup_page import SCHEDULES, ZONES
from api.web.subscribe import slack_form
from api.web.view import page
from api.web.watch import as_topic

router = APIRouter(include_in_schema=False, default_response_class=Response)

ON_A_PAGE = 25
CITING = 2
"""Papers shown that cite a representative work lately."""

Cursor = Annotated[str, Query(max_length=500)]
Sorted = Literal["new", "hot", "mine"]
Order = Annotated[Sorted, Query()]
Least = Annotated[float | None, Query(ge=0, le=1)]
"""A least probability above that of the topic or watch: a subscription's own, as its letters link it."""


@router.get("/topics")
def show_topics(request: Request, services: ServicesDep) -> Response:
    """Every topic, with how many papers it has."""
    with services.store.read() as connection:
        counts = papers.topic_counts(connection)
    values = {"topics": in_order(services.config.topics), "counts": counts, "posts": POSTS}
    return page(request, "topics.html", values)


@router.get("/topics/{name}")
def show_topic(
    request: Request,
    services: ServicesDep,
    name: str,
    cursor: Cursor = "",
    sort: Order = "new",
    week: Annotated[str, Query(max_length=10)] = "",
    min_probability: Least = None,
) -> Response:
    """The papers of a topic, newest, hottest or the reader's own first, or those of one week (from its
    Monday on); or the posts about no paper."""
    topic = POSTS if name == POSTS.name else topic_of(services.config, name)
    begins = trend.monday(front.asked_day(week)) if week else None
    query = PaperQuery(
        topics=() if topic is POSTS else (name,),
        kind="post" if topic is POSTS else "paper",
        sort=_stored(sort),
        limit=ON_A_PAGE,
        since=begins,
        until=begins + timedelta(weeks=1) if begins else None,
        min_probability=None if topic is POSTS else min_probability,
    )
    more: dict[str, Any] = {"week": begins, "least": query.min_probability}
    if topic is not POSTS and not cursor:
        with services.store.read() as connection:
            found = services.trends.of_topic(connection, topic, services.now(), week=begins)
        risers = [one for one in found.works if one.rises]
        more |= {
            "weeks": chart.of_weeks(found.weeks, services.now()),
            "shares": chart.of_shares(found),
            "trend": found,
            "risers": risers,
        }
    mine = sort == "mine" and not begins
    return _listed(request, services, topic, query, cursor, more, mine=mine)


@router.get("/watches/{name}")
def show_watch(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Path(max_length=64)],
    cursor: Cursor = "",
    sort: Order = "new",
    min_probability: Least = None,
    key: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """What a watch selects; a topic's is the page of the topic. A person's own opens for them, and for
    who has its `key`, as its letters link it: to read it and nothing else."""
    if services.config.topic(name):
        asked = request.url.query
        return RedirectResponse(f"/topics/{name}" + (f"?{asked}" if asked else ""), 302)
    with services.store.read() as connection:
        found = _seen(request, services, connection, name, key)
        own = watches.owner(connection, name) is not None
    watch, keyed = found
    shown = as_topic(chosen(request), watch, services.config)
    asked = watch.under(Terms(min_probability=min_probability))
    query = PaperQuery.of(asked, kind="paper", limit=ON_A_PAGE, sort=_stored(sort))
    account = reader.of(request).account
    more: dict[str, Any] = {"least": min_probability}
    if keyed:
        more |= {"key": key, "feed_key": key, "signup": False, "slack": ""}
    elif own and account:
        more["feed_key"] = reader.signer(request).feed_token(account.person_id, name)
    response = _listed(request, services, shown, query, cursor, more, mine=sort == "mine")
    response.headers.update(PRIVATE if keyed else {})
    return response


def _seen(
    request: Request, services: Services, connection: Any, name: str, key: str
) -> tuple[Watch, bool]:
    """(the watch of that name, whether only the key of a link opens it). Raises NotFoundError."""
    try:
        return watches.find(connection, services.config, name, reader.viewer(request)), False
    except NotFoundError:
        owner = reader.of_key(request, connection, name, key)
        return watches.find(connection, services.config, name, owner), True


def _stored(sort: Sorted) -> Literal["new", "hot"]:
    """The order that the store is asked for: a taste ranks what is newest."""
    return "new" if sort == "mine" else sort


def _listed(
    request: Request,
    services: Services,
    topic: Topic,
    query: PaperQuery,
    cursor: str,
    more: dict[str, Any] | None = None,
    *,
    mine: bool = False,
) -> Response:
    """The page of a topic, or of a watch that stands as one."""
    for_me = listed(request, services, query, cursor) if mine else None
    with services.store.read() as connection:
        found = for_me.page if for_me else papers.page(connection, query, cursor or None)
        works = [] if cursor else papers.starters(connection).get(topic.name, [])
        citing = {doc["id"]: _citing(connection, doc["id"]) for doc in works}
    # In a store without news the works are all there is: they are listed once.
    items = [paper for paper in found.items if not (works and paper["starter"])]
    values = {
        "topic": topic,
        "topics": {t.name: t for t in services.config.topics},
        "items": items,
        "kept": reader.kept_of(request, services, {paper["id"] for paper in items}),
        "works": works,
        "citing": citing,
        "key": "",
        "feed_key": "",
        "least": None,
        "week": None,
        "weeks": None,
        "shares": None,
        "trend": None,
        "risers": (),
        "first": not cursor,
        "sort": "mine" if for_me else query.sort,
        "for_me": for_me,
        "next": found.next,
        # One watch, one form; mail must be set up, and the posts about no paper are no watch.
        "signup": topic is not POSTS and bool(services.settings.smtp_url.get_secret_value()),
        "slack": "" if topic is POSTS else slack_form(services, owner=reader.of(request).local),
        "zones": ZONES,
        "schedules": SCHEDULES,
        **(more or {}),
    }
    return page(request, "topic.html", values)


def _citing(connection: Any, paper_id: str) -> list[dict[str, Any]]:
    """The papers that cited a work last."""
    return citations.page(connection, paper_id, CITING).items
