"""Health: is the process up, and can it answer."""

from fastapi import APIRouter

from api.deps import ServicesDep
from api.problems import Unavailable
from api.routes.responses import errors
from api.schemas import Health

router = APIRouter(tags=["health"])


@router.get("/healthz", responses=errors())
def is_up() -> Health:
    """The process is up."""
    return Health()


@router.get("/readyz", responses=errors())
def is_ready(services: ServicesDep) -> Health:
    """The database answers and its schema is current; 503 otherwise."""
    if not services.store.is_current():
        raise Unavailable("The database is not of the current schema; run `daypaper migrate`.")
    return Health()
