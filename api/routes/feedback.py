"""Feedback: a person's word on a paper and a topic, which goes before the tagger's at once."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from aggregator.errors import UsageError
from aggregator.learn import taggers
from aggregator.store import feedback, papers, people
from api.auth import Writer
from api.deps import Services, ServicesDep
from api.forms import Tagged, Word
from api.routes.responses import errors

# Before the router of papers, whose last route takes every path below its own.
router = APIRouter(prefix="/api/v1/papers", tags=["feedback"])

Name = Annotated[
    str,
    Path(description="Its id, or an external one: arxiv:1512.03385", examples=["arxiv:1512.03385"]),
]
Topic = Annotated[str, Query(max_length=64, description="The topic of which it was said")]


@router.post("/{name:path}/feedback", responses=errors(400, 401, 403, 404))
def say(services: ServicesDep, token: Writer, name: Name, word: Word) -> Tagged:
    """Say that a paper is about a topic, or that it is not. The latest word on a topic counts, and
    goes before what the tagger thinks, now and later."""
    _check(services, word.topic)
    now, topics = services.now(), services.config.topics
    with services.store.write() as connection:
        paper_id = papers.by_name(connection, name).doc["id"]
        person = people.ensure(connection, people.LOCAL, now, confirmed=True)
        feedback.say(connection, person, paper_id, word.topic, word.relevant, now, topics=topics)
        doc = papers.by_name(connection, paper_id).doc
    return Tagged(id=paper_id, topics=doc["topics"])


@router.delete("/{name:path}/feedback", responses=errors(400, 401, 403, 404))
def unsay(services: ServicesDep, token: Writer, name: Name, topic: Topic) -> Tagged:
    """Take back what was said of a topic; what the tagger thinks of it shows again."""
    _check(services, topic)
    look = taggers.looking(services.store, services.settings, services.config)
    with services.store.write() as connection:
        paper_id = papers.by_name(connection, name).doc["id"]
        person = people.ensure(connection, people.LOCAL, services.now(), confirmed=True)
        feedback.unsay(connection, person, paper_id, topic, look=look)
        doc = papers.by_name(connection, paper_id).doc
    return Tagged(id=paper_id, topics=doc["topics"])


def _check(services: Services, topic: str) -> None:
    if services.config.topic(topic) is None:
        known = ", ".join(one.name for one in services.config.topics)
        raise UsageError(f'topic: there is no topic "{topic}"; expected one of: {known}.')
