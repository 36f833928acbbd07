"""Who reads: a browser known again by a signed cookie, and whether it may change what is everybody's.

A reader is nobody in the database until they keep something: then they are a person of the address
"browser:ID". The cookie says nothing but that id. Where accounts are on, only who is signed in keeps
things, as the person of the account.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, HTTPException, Request, Response

from aggregator.errors import NotFoundError, UsageError
from aggregator.people.signing import LinkError, Signer
from aggregator.store import feedback, kept, people
from aggregator.store.accounts import Account
from aggregator.store.kept import Kept
from aggregator.store.watches import ALL, Viewer
from api import session
from api.address import is_https
from api.deps import Services

COOKIE = "reader"
YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Reader:
    """A browser. `fresh` until it has the cookie; `local` if it may change what is everybody's: a
    browser on this machine itself, with accounts an owner's. `form` is what forms are bound to: with
    an account the session, so that none outlives it."""

    id: str
    fresh: bool
    local: bool
    account: Account | None = None

    @property
    def member(self) -> bool:
        """May it say what papers are about, and save watches?"""
        return self.local or self.account is not None

    @property
    def form(self) -> str:
        """Whom a form is shown to."""
        return self.account.session if self.account else self.id


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
    services: Services = request.app.state.services
    account = session.account(request)
    local = session.is_owner(request, services)
    try:
        known = signer(request).read_reader(request.cookies.get(COOKIE, ""))
        return Reader(known, False, local, account)
    except LinkError:
        return Reader(people.new_id(), True, local, account)


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
            secure=is_https(request),
        )


def form_token(request: Request) -> str:
    """What every form of a page must send back."""
    return signer(request).form_token(of(request).form)


_Proof = Annotated[str, Form(max_length=400)]


async def _checked(request: Request, proof: _Proof = "") -> Reader:
    """The reader who sends a form that was shown to them; 403 to everybody else.

    Same-site cookies keep foreign pages from sending it with the reader's cookie, the token from
    sending it at all; what a browser says is from elsewhere is refused before (`origin`). The field is
    not called `form`, which htmx would take for something else.
    """
    reader = of(request)
    try:
        shown = signer(request).read_form(proof) == reader.form
        mine = shown and (reader.account is not None or not reader.fresh)
    except LinkError:
        mine = False
    if not mine:
        raise HTTPException(
            403, "This form was not shown to this browser; please load the page again."
        )
    return reader


Sender = Annotated[Reader, Depends(_checked)]
"""For routes that change what the reader has."""


async def _keeper(request: Request, reader: Sender) -> Reader:
    services: Services = request.app.state.services
    if services.settings.accounts and reader.account is None:
        raise HTTPException(401, "Please sign in first.")
    return reader


Keeper = Annotated[Reader, Depends(_keeper)]
"""For routes that change what the reader's person has; with accounts 401 to guests."""


async def _owner(request: Request, reader: Sender) -> Reader:
    services: Services = request.app.state.services
    if not reader.local and services.settings.accounts:
        raise HTTPException(403, "Only an owner of this installation may do this.")
    if not reader.local:
        raise HTTPException(403, "Only a browser on the machine that runs Daypaper may do this.")
    return reader


Owner = Annotated[Reader, Depends(_owner)]
"""For routes that change what everybody has."""


async def _member(request: Request, reader: Keeper) -> Reader:
    return reader if reader.account else await _owner(request, reader)


Member = Annotated[Reader, Depends(_member)]
"""For routes by which a person says something or saves a watch: with accounts whoever is signed in,
without them a browser on this machine."""


def viewer(request: Request) -> Viewer:
    """Whose watches the reader sees besides those of everybody: without accounts, the one who runs
    Daypaper sees all."""
    return viewer_of(of(request))


def of_key(request: Request, connection: Any, name: str, key: str) -> int | None:
    """The person whose own watch of that name the key of a link opens; None if it opens nothing."""
    try:
        person_id, watch = signer(request).read_feed(key)
        return people.by_id(connection, person_id).pk if watch == name else None
    except (LinkError, NotFoundError):
        return None


def viewer_of(reader: Reader) -> Viewer:
    """As `viewer`, of a reader."""
    if reader.account:
        return reader.account.person_pk
    return ALL if reader.local else None


def member(connection: Any, services: Services, reader: Reader) -> int:
    """The key of the person as whom a member speaks: without accounts, the one of this machine."""
    if reader.account:
        return reader.account.person_pk
    return people.ensure(connection, people.LOCAL, services.now(), confirmed=True)


def guest_address(reader: Reader) -> str:
    """The address of the person that the reader is without an account."""
    return f"browser:{reader.id}"


def ensure_person(connection: Any, services: Services, reader: Reader) -> int:
    """The key of the person who keeps something now, made if there is none."""
    if reader.account is not None:
        return reader.account.person_pk
    return people.ensure(connection, guest_address(reader), services.now(), confirmed=False)


def person_of(services: Services, reader: Reader) -> int | None:
    """The key of the reader's person; None while nothing is kept, and for guests of accounts."""
    if reader.account is not None:
        return reader.account.person_pk
    if reader.fresh or services.settings.accounts:
        return None
    with services.store.read() as connection:
        return people.find(connection, guest_address(reader))


def kept_of(request: Request, services: Services, paper_ids: set[str]) -> Mapping[str, Kept]:
    """What the reader keeps of the papers of a page."""
    pk = person_of(services, of(request))
    if pk is None or not paper_ids:
        return {}
    with services.store.read() as connection:
        return kept.of_papers(connection, pk, paper_ids)


def said_of(request: Request, services: Services, paper_id: str) -> dict[str, bool]:
    """What the reader said of a paper: topic -> is it about that."""
    mine = of(request)
    if not mine.member:
        return {}
    with services.store.read() as connection:
        local = people.find(connection, people.LOCAL)
        person = mine.account.person_pk if mine.account else local
        return feedback.of_person(connection, person, paper_id) if person is not None else {}
