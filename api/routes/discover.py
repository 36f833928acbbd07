"""What leads from one thing to others: papers like a paper, a topic's weeks and rising terms."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query

from aggregator import trend
from aggregator.store import papers, similar
from api.deps import ServicesDep
from api.leads import (
    Similar,
    SimilarPaper,
    TopicTrend,
    TrendPart,
    TrendPeriod,
    TrendTerm,
    TrendWeek,
    TrendWork,
)
from api.params import Moment, topic_of
from api.routes.responses import errors, with_url

# Before the router of papers, whose last route takes every path below its own.
router = APIRouter(prefix="/api/v1", tags=["papers"])

Name = Annotated[
    str,
    Path(description="Its id, or an external one: arxiv:1512.03385", examples=["arxiv:1512.03385"]),
]


@router.get("/papers/{name:path}/similar", responses=errors(400, 404))
def list_similar(
    services: ServicesDep, name: Name, limit: Annotated[int, Query(ge=1, le=20)] = 6
) -> Similar:
    """Papers that share the rare words of this one, the most alike first, with some of the words."""
    with services.store.read() as connection:
        doc = papers.by_name(connection, name).doc
        found = similar.of(connection, doc, limit)
    items = [
        SimilarPaper.model_validate({**with_url(one, services.base_url), "shared": list(words)})
        for one, words in found
    ]
    return Similar(items=items)


@router.get("/topics/{name}/trend", tags=["topics"], responses=errors(400, 404))
def get_trend(
    services: ServicesDep,
    name: Annotated[str, Path(examples=["gan"])],
    weeks: Annotated[int, Query(ge=1, le=260)] = trend.WEEKS,
    week: Annotated[
        Moment | None,
        Query(description="A day of the week up to which terms and works are looked at"),
    ] = None,
) -> TopicTrend:
    """How many papers a topic had each week (from Monday, UTC); the terms that stand in a greater share
    of its titles lately than before, and how often its representative works are named."""
    topic = topic_of(services.config, name)
    begins = trend.monday(week) if week else None
    with services.store.read() as connection:
        found = services.trends.of_topic(connection, topic, services.now(), weeks, begins)
    return TopicTrend(
        name=name,
        weeks=[TrendWeek(week=f"{monday:%Y-%m-%d}", papers=n) for monday, n in found.weeks],
        lately=TrendPeriod(**asdict(found.lately)) if found.lately else None,
        before=TrendPeriod(**asdict(found.before)) if found.before else None,
        parts=[TrendPart(since=p.since, lately=p.lately, titles=p.titles) for p in found.parts],
        rising=[
            TrendTerm(**asdict(one), parts=[part.having[n] for part in found.parts])
            for n, one in enumerate(found.rising)
        ],
        works=[
            TrendWork(
                title=one.work.title,
                names=list(one.work.called),
                lately=one.lately,
                before=one.before,
                q=one.q,
            )
            for one in found.works
        ],
    )
