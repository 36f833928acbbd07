"""The label page: the papers whose label teaches the tagger most, to be confirmed, rejected or passed by."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from aggregator.digest.select import in_order
from aggregator.errors import NotFoundError
from aggregator.learn.labels import next_to_label
from aggregator.store import feedback, labels, papers, people
from api.deps import Services, ServicesDep
from api.params import topic_of
from api.web import reader
from api.web.reader import Reader
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

ON_A_PAGE = 10


@router.get("/label")
def show_labels(
    request: Request,
    services: ServicesDep,
    topic: Annotated[str, Query(max_length=64)] = "",
    last: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The papers of a topic to label next; `last` is the one that was just judged, to be undone.

    Who may not label is told so, and nothing is looked for.
    """
    config = services.config
    topics = in_order(config.topics)
    chosen = topic_of(config, topic) if topic else next(iter(topics), None)
    items: list[dict[str, Any]] = []
    judged = None
    mine = reader.of(request)
    if mine.member and chosen:
        items = next_to_label(services.store, config, (chosen.name,), ON_A_PAGE, services.now())
        judged = _judged(services, mine, last, chosen.name) if last else None
    values = {"topics": topics, "topic": chosen, "items": items, "judged": judged}
    return page(request, "label.html", values)


def _judged(services: Services, mine: Reader, name: str, topic: str) -> dict[str, Any] | None:
    """What this person said of a paper: {"id", "title", "said"}, `said` one of yes, no and pass;
    None if nothing."""
    with services.store.read() as connection:
        try:
            doc, _ = papers.by_name(connection, name)
        except NotFoundError:
            return None
        local = people.find(connection, people.LOCAL)
        person = mine.account.person_pk if mine.account else local
        if person is None:
            return None
        word = feedback.of_person(connection, person, doc["id"]).get(topic)
        by = labels.is_passed(connection, person, doc["id"], topic)
    if word is None and not by:
        return None
    said = "pass" if word is None else "yes" if word else "no"
    return {"id": doc["id"], "title": doc["title"], "said": said}
