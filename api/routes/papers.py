"""Papers: lists by topic, words, author, venue, source and date; and one by any of its names."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import RedirectResponse

from aggregator.errors import UsageError
from aggregator.store import news, papers
from api.deps import ServicesDep
from api.params import PaperParams
from api.routes.responses import errors, json_bytes, paper_list, with_url
from api.schemas import PaperDetail, PaperList

router = APIRouter(prefix="/api/v1/papers", tags=["papers"])


@router.get("", response_model=PaperList, responses=errors(400))
def list_papers(services: ServicesDep, params: Annotated[PaperParams, Query()]) -> Any:
    """Papers, newest first; `next` of the answer is the `cursor` of the next page."""
    for name in params.topic:
        if services.config.topic(name) is None:
            known = ", ".join(topic.name for topic in services.config.topics)
            raise UsageError(f'topic: there is no topic "{name}"; expected one of: {known}.')
    with services.store.read() as connection:
        page = papers.page(connection, params.query(), params.cursor or None)
    return paper_list(page, services.base_url)


@router.get(
    "/{name:path}",
    response_model=PaperDetail,
    responses={301: {"description": "The paper was merged into another one"}, **errors(404)},
)
def get_paper(
    services: ServicesDep,
    name: Annotated[
        str,
        Path(
            description="Its id, or an external one: arxiv:1512.03385, doi:10.1109/cvpr.2016.90",
            examples=["arxiv:1512.03385"],
        ),
    ],
) -> Response:
    """A paper with its entries, tags and timeline."""
    with services.store.read() as connection:
        doc, moved = papers.by_name(connection, name)
        if moved:
            return RedirectResponse(f"/api/v1/papers/{quote(doc['id'], safe='')}", 301)
        happened = news.timeline(connection, doc["id"])
    return json_bytes(with_url(doc, services.base_url) | {"timeline": happened})
