"""Explanations: who gave a paper a topic's tag, and the words that spoke for and against it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from aggregator.learn.explaining import explain_paper
from api.deps import ServicesDep
from api.routes.responses import errors
from api.schemas_tagger import Explained, ExplanationAnswer

# Before the router of papers, whose last route takes every path below its own.
router = APIRouter(prefix="/api/v1/papers", tags=["tagger"])

Topics = Annotated[
    list[str],
    Query(max_length=50, description="A topic; repeat it for several, leave it out for all"),
]


@router.get("/{name:path}/explain", responses=errors(400, 404))
def explain(
    services: ServicesDep,
    name: Annotated[str, Path(examples=["arxiv:1512.03385"])],
    topic: Topics = [],  # noqa: B006 - FastAPI copies it
) -> Explained:
    """Why a paper has its topics or not: the probability, who says so, and the words and phrases
    for and against with their weights and places in title and abstract."""
    doc, found = explain_paper(services.store, services.settings, services.config, name, topic)
    return Explained(
        id=doc["id"],
        title=doc["title"],
        abstract=doc["abstract"],
        topics=[ExplanationAnswer.model_validate(one, from_attributes=True) for one in found],
    )
