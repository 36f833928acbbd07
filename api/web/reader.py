"""Who reads: a browser known again by a signed cookie, and whether it may change what is everybody's.

A reader is nobody in the database until they keep something: then they are a person of the address
"browser:ID". The cookie says nothing but that id.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Form, HTTPException, Request, Response

from aggregator.errors import UsageError
from aggregator.signing import LinkError, Signer
from aggregator.store import kept, people
from aggregator.store.kept import Kept
from api.address import is_local
from api.deps import Services

COOKIE = "reader"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser. `fresh` until it has the cookie; `local` if it is on this machine itself."""

    id: str
    fresh: bool
    local: bool


def signer(request: Request) -> Signer:
    """The signer of this application, made at the first need; where no secret can be kept, with one
    that lasts as long as the process."""
    state = request.app.state
    if not hasattr(state, "signer"):
        services: Services = state.services
        try:
            state.signer = Signer.of(services.settings, services.now)
        except UsageError:
            state.signer = Signer(secrets.token_urlsafe(48), services.now)
    return state.signer


def of(request: Request) -> Reader:
    """The reader who asks; one made up if the browser brings no cookie of ours."""
    known = getattr(request.state, "reader", None)
    if known is None:
        known = _read(request)
        request.state.reader = known
    return known


def _read(request: Request) -> Reader:
    local = is_local(request)
    try:
        return Reader(signer(request).read_reader(request.cookies.get(COOKIE, "")), False, local)
    except LinkError:
        return Reader(people.new_id(), True, local)


def introduce(request: Request, response: Response) -> None:
    """Give the browser its cookie, if it has none."""
    reader = of(request)
    if reader.fresh:
        response.set_cookie(
            COOKIE,
            signer(request).reader_token(reader.id),
            max_age=YEAR,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )


def form_token(request: Request) -> str:
    """What every form of a page must send back."""
    return signer(request).form_token(of(request).id)


_Proof = Annotated[str, Form(max_length=400)]


async def _checked(request: Request, proof: _Proof = "") -> Reader:
    """The reader who sends a form that was shown to them; 403 to everybody else.

    Same-site cookies keep foreign pages from sending it with the reader's cookie, the token from
    sending it at all, and where a browser says where a request comes from, it must be from here.
    The field is not called `form`, which htmx would take for something else.
    """
    reader = of(request)
    site = request.headers.get("sec-fetch-site", "same-origin")
    try:
        mine = signer(request).read_form(proof) == reader.id and not reader.fresh
    except LinkError:
        mine = False
    if not mine or site != "same-origin":
        raise HTTPException(
            403, "This form was not shown to this browser; please load the page again."
        )
    return reader


Sender = Annotated[Reader, Depends(_checked)]
"""For routes that change what the reader has."""


async def _owner(reader: Sender) -> Reader:
    if not reader.local:
        raise HTTPException(403, "Only a browser on the machine that runs Daypaper may do this.")
    return reader


Owner = Annotated[Reader, Depends(_owner)]
"""For routes that change what everybody has."""


def address(reader: Reader) -> str:
    """The address of the reader's person."""
    return f"browser:{reader.id}"


def person_of(services: Services, reader: Reader) -> int | None:
    """The key of the reader's person; None while nothing is kept."""
    if reader.fresh:
        return None
    with services.store.read() as connection:
        return people.find(connection, address(reader))


def kept_of(request: Request, services: Services, paper_ids: set[str]) -> Mapping[str, Kept]:
    """What the reader keeps of the papers of a page."""
    pk = person_of(services, of(request))
    if pk is None or not paper_ids:
        return {}
    with services.store.read() as connection:
        return kept.of_papers(connection, pk, paper_ids)
