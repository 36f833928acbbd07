"""Sources: how each of them is, in the words of `daypaper status`."""

from fastapi import APIRouter, Response

from aggregator.status import source_states
from api.deps import ServicesDep
from api.routes.responses import errors, json_bytes
from api.schemas import SourceList

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


@router.get("", response_model=SourceList, responses=errors())
def list_sources(services: ServicesDep) -> Response:
    """Every enabled source, in the order of topics.toml."""
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, services.now())
    return json_bytes({"items": states, "next": None})
