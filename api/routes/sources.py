"""Sources: how each of them is and was, in the words of `daypaper status`."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from aggregator.errors import NotFoundError
from aggregator.status import run_state, source_states
from aggregator.store import health
from api.deps import ServicesDep
from api.routes.responses import errors, json_bytes
from api.schemas import RunList, SourceList

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])


@router.get("", response_model=SourceList, responses=errors())
def list_sources(services: ServicesDep) -> Response:
    """Every enabled source, in the order of topics.toml."""
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, services.now())
    return json_bytes({"items": states, "next": None})


@router.get("/{name}/runs", response_model=RunList, responses=errors(400, 404))
def list_runs(
    services: ServicesDep,
    name: Annotated[str, Path(max_length=100)],
    limit: Annotated[int, Query(ge=1, le=health.MOST_RUNS)] = 20,
    cursor: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The attempts at a source, newest first; they are kept for 90 days."""
    if name not in {source.name for source in services.sources}:
        raise NotFoundError(f'There is no source "{name}" here.')
    with services.store.read() as connection:
        found, following = health.history(connection, name, limit, cursor)
    return json_bytes({"items": [run_state(one) for one in found], "next": following})
