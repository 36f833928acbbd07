"""Splitting and joining papers by hand; later merges obey."""

from typing import Annotated

from fastapi import APIRouter, Path

from aggregator.collect import rulings
from api.auth import Writer
from api.deps import ServicesDep
from api.forms import Joined, JoinRequest, Parted, SplitRequest
from api.routes.responses import errors

# Before the router of papers, whose last route takes every path below its own.
router = APIRouter(prefix="/api/v1/papers", tags=["papers"])

Name = Annotated[
    str,
    Path(description="Its id, or an external one: arxiv:1512.03385", examples=["arxiv:1512.03385"]),
]


@router.post("/{name:path}/split", responses=errors(400, 401, 403, 404))
def split(services: ServicesDep, token: Writer, name: Name, asked: SplitRequest) -> Parted:
    """Take entries out of a paper, for good. They get a paper of their own; what was told of the
    paper counts as told of it, too."""
    with services.store.write() as connection:
        kept, made = rulings.split(connection, name, asked.entries, token.name, services.now())
    return Parted(paper=kept, made=made)


@router.post("/{name:path}/join", responses=errors(400, 401, 403, 404))
def join(services: ServicesDep, token: Writer, name: Name, asked: JoinRequest) -> Joined:
    """Make one paper of this and others, for good. The oldest keeps its id, the others' lead to it."""
    with services.store.write() as connection:
        names = [name, *asked.others]
        return Joined(paper=rulings.join(connection, names, token.name, services.now()))
