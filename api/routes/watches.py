"""Watches: saved filters, made and changed with a token that may write."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Response

from aggregator import acting
from aggregator.errors import NotFoundError, UsageError
from aggregator.store import watches
from aggregator.topics import Config
from aggregator.watches import Watch
from api.auth import Writer
from api.deps import Services, ServicesDep
from api.forms import WatchAnswer, WatchList
from api.routes.responses import errors, json_bytes

router = APIRouter(prefix="/api/v1/watches", tags=["watches"])

Name = Annotated[str, Path(examples=["gan"], max_length=64)]


@router.get("", response_model=WatchList, responses=errors())
def list_watches(services: ServicesDep) -> Response:
    """Every watch: the topics, those of topics.toml, those saved here."""
    with services.store.read() as connection:
        found = watches.everything(connection, services.config)
    items = [answer(watch, services) for watch in found]
    return json_bytes({"items": items, "next": None})


@router.get("/{name}", response_model=WatchAnswer, responses=errors(404))
def get_watch(services: ServicesDep, name: Name) -> Response:
    """One watch."""
    with services.store.read() as connection:
        found = watches.find(connection, services.config, name)
    return json_bytes(answer(found, services))


@router.post("", status_code=201, response_model=WatchAnswer, responses=errors(400, 401, 403, 409))
def create_watch(services: ServicesDep, token: Writer, watch: Watch) -> Response:
    """Save a new watch."""
    with services.store.write() as connection:
        try:
            watches.find(connection, services.config, watch.name)
        except NotFoundError:
            watches.save(connection, services.config, watch, services.now())
            acting.about(watch.name)
        else:
            raise HTTPException(409, f'There is a watch "{watch.name}" already.')
    return _made(watch, services)


@router.put("/{name}", response_model=WatchAnswer, responses=errors(400, 401, 403))
def put_watch(services: ServicesDep, token: Writer, name: Name, watch: Watch) -> Response:
    """Save a watch, or another filter for the one of that name; its subscriptions follow."""
    if watch.name != name:
        raise UsageError(f'name: "{watch.name}"; expected "{name}", as in the address.')
    with services.store.write() as connection:
        watches.save(connection, services.config, watch, services.now())
    return json_bytes(answer(watch, services))


@router.delete("/{name}", status_code=204, responses=errors(400, 401, 403, 404))
def delete_watch(services: ServicesDep, token: Writer, name: Name) -> None:
    """Delete a saved watch and end its subscriptions."""
    with services.store.write() as connection:
        watches.delete(connection, services.config, name)


def answer(watch: Watch, services: Services) -> dict[str, Any]:
    """A watch as the API gives it."""
    made_by = _made_by(watch.name, services.config)
    return {
        **watch.model_dump(mode="json"),
        "made_by": made_by,
        "url": f"{services.base_url}/{'topics' if made_by == 'topic' else 'watches'}/{watch.name}",
    }


def _made_by(name: str, config: Config) -> str:
    if config.topic(name):
        return "topic"
    return "file" if config.watch(name) else "api"


def _made(watch: Watch, services: Services) -> Response:
    made = json_bytes(answer(watch, services))
    made.status_code = 201
    made.headers["Location"] = f"/api/v1/watches/{watch.name}"
    return made
