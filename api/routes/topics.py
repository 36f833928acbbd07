"""Topics: what is watched, how many papers each has, and its representative works."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response

from aggregator.learn.learning import topic_figures
from aggregator.store import papers
from aggregator.topics import Topic
from api.deps import ServicesDep
from api.params import topic_of
from api.routes.responses import errors, json_bytes, with_url
from api.schemas import TopicDetail, TopicList

router = APIRouter(prefix="/api/v1/topics", tags=["topics"])

_SHOWN = {"name", "title", "title_zh", "description", "description_zh", "parent"}


@router.get("", response_model=TopicList, responses=errors())
def list_topics(services: ServicesDep) -> Response:
    """Every topic, in the order of topics.toml."""
    with services.store.read() as connection:
        counts = papers.topic_counts(connection)
    figures = topic_figures(services.store, services.settings, services.config)
    items = [
        _summary(topic, counts) | {"figures": figures[topic.name]}
        for topic in services.config.topics
    ]
    return json_bytes({"items": items, "next": None})


@router.get("/{name}", response_model=TopicDetail, responses=errors(404))
def get_topic(services: ServicesDep, name: Annotated[str, Path(examples=["gan"])]) -> Response:
    """A topic with its representative works."""
    topic = topic_of(services.config, name)
    with services.store.read() as connection:
        counts = papers.topic_counts(connection)
        works = papers.starters(connection).get(name, [])
    shown = [with_url(doc, services.base_url) for doc in works]
    figures = topic_figures(services.store, services.settings, services.config)
    return json_bytes(_summary(topic, counts) | {"figures": figures[name], "works": shown})


def _summary(topic: Topic, counts: dict[str, int]) -> dict[str, Any]:
    return topic.model_dump(include=_SHOWN) | {"papers": counts.get(topic.name, 0)}
