"""The library: what a reader starred, put by, hid and wrote notes on."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response

from aggregator.store import kept
from api.deps import ServicesDep
from api.web import reader
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

ON_A_PAGE = 50

ShelfName = Annotated[Literal["starred", "later", "noted", "hidden"], Query()]
SHELVES = ("starred", "later", "noted", "hidden")


@router.get("/library")
def show_library(
    request: Request,
    services: ServicesDep,
    shelf: ShelfName = "starred",
    cursor: Annotated[str, Query(max_length=500)] = "",
) -> Response:
    """One shelf, what was put there last first."""
    person = reader.person_of(services, reader.of(request))
    counts = dict.fromkeys(SHELVES, 0)
    found = kept.Page([], None)
    if person is not None:
        with services.store.read() as connection:
            counts = kept.counts(connection, person)
            found = kept.page(connection, person, shelf, ON_A_PAGE, cursor)
    values = {
        "shelf": shelf,
        "shelves": SHELVES,
        "counts": counts,
        "items": [(doc, mine.note) for doc, _, mine in found.items],
        "kept": {doc["id"]: mine for doc, _, mine in found.items},
        "topics": {t.name: t for t in services.config.topics},
        "next": found.next,
    }
    return page(request, "library.html", values)
