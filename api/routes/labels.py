"""Labels: the papers whose label would teach the tagger most."""

from typing import Annotated

from fastapi import APIRouter, Query

from aggregator.learn.labels import next_to_label
from api.deps import ServicesDep
from api.routes.responses import errors
from api.schemas_tagger import ToLabelList

router = APIRouter(prefix="/api/v1/labels", tags=["tagger"])

Topics = Annotated[
    list[str],
    Query(max_length=50, description="A topic; repeat it for several, leave it out for all"),
]
Limit = Annotated[int, Query(ge=1, le=100, description="Papers per topic")]


@router.get("/next", responses=errors(400))
def next_labels(
    services: ServicesDep,
    topic: Topics = [],  # noqa: B006 - FastAPI copies it
    limit: Limit = 10,
) -> ToLabelList:
    """Papers of which nobody said anything yet, near the threshold of their topic, newest first and
    unlike each other: say what they are by `POST /api/v1/papers/{id}/feedback`."""
    found = next_to_label(services.store, services.config, topic, limit, services.now())
    return ToLabelList.model_validate({"items": found})
