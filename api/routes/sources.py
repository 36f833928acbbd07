"""Sources: how each of them is and was, in the words of `daypaper status`; and having one fetched."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query, Response

from aggregator.collect import wanted
from aggregator.errors import NotFoundError
from aggregator.sources.base import Source
from aggregator.status import run_state, source_states
from aggregator.store import health, wishes
from api.auth import Admin
from api.deps import Services, ServicesDep
from api.routes.responses import errors, json_bytes
from api.schemas import FetchAnswer, RunList, SourceList

router = APIRouter(prefix="/api/v1/sources", tags=["sources"])

Name = Annotated[str, Path(max_length=100)]


@router.get("", response_model=SourceList, responses=errors())
def list_sources(services: ServicesDep) -> Response:
    """Every enabled source, in the order of topics.toml."""
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, services.now())
    return json_bytes({"items": states, "next": None})


@router.get("/{name}/runs", response_model=RunList, responses=errors(400, 404))
def list_runs(
    services: ServicesDep,
    name: Name,
    limit: Annotated[int, Query(ge=1, le=health.MOST_RUNS)] = 20,
    cursor: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """The attempts at a source, newest first; they are kept for 90 days."""
    _source(services, name)
    with services.store.read() as connection:
        found, following = health.history(connection, name, limit, cursor)
    return json_bytes({"items": [run_state(one) for one in found], "next": following})


@router.post("/{name}/fetch", status_code=202, responses=errors(401, 403, 404, 409))
def fetch(services: ServicesDep, token: Admin, name: Name) -> FetchAnswer:
    """Have a source fetched now, due or not, by whichever process fetches. 409 while its upstream may
    not be asked."""
    source, now = _source(services, name), services.now()
    against = wanted.fetch_now(services.store, source, now)
    if against:
        wait = against.until and max(1, int((against.until - now).total_seconds()))
        headers = {"Retry-After": str(wait)} if wait and against.kind == "rests" else None
        raise HTTPException(409, wanted.said(source, against), headers)
    with services.store.read() as connection:
        wish = wishes.latest(connection).get(name)
    waits = wish is not None and wish.run_id is None
    return FetchAnswer(source=name, waits_since=wish.asked_at if wish and waits else None)


def _source(services: Services, name: str) -> Source:
    found = next((source for source in services.sources if source.name == name), None)
    if found is None:
        raise NotFoundError(f'There is no source "{name}" here.')
    return found
