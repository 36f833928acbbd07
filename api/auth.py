"""Who may ask what: tokens in the Authorization header, and what is open without one.

With DAYPAPER_PUBLIC_READ=true everything that reads is open, except who is subscribed; changing
anything needs a token that may. With false, everything needs a token but health, the style sheet
and the pages that links in mails lead to (their link is the key), and Slack's requests (signed).
Where accounts are on, who is signed in reads without one.

Programs send `Authorization: Bearer TOKEN`. Browsers and feed readers can send a token as the
password of HTTP Basic, with any name; that way is for reading alone, since a browser sends it along
wherever a foreign page makes it go.
"""

import base64
import binascii
import logging
from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import BackgroundTasks, Depends, HTTPException, Request
from fastapi.security import HTTPBearer
from starlette.concurrency import run_in_threadpool

from aggregator import acting
from aggregator.acting import Act
from aggregator.store import tokens
from aggregator.store.tokens import Scope, Token
from api import session
from api.address import disbelieved, is_local
from api.deps import Services, ServicesDep
from api.limiter import admit, client_of
from api.origin import refuse_foreign

log = logging.getLogger(__name__)

OPEN = ("/healthz", "/readyz")
OPEN_BELOW = ("/confirm/", "/unsubscribe/", "/preferences/", "/feedback/", "/slack/")
"""What needs no token even where reading does."""
SIGNING_IN = ("/sign-in", "/sign-out")
"""And how a person comes to need none."""

UNLOGGED = ("/keep", "/note")
"""What a reader marks and notes is nobody else's business."""

# Only tells /openapi.json that a route takes a token; `_credentials` reads it.
_Described = Annotated[
    object, Depends(HTTPBearer(auto_error=False, description="Of `daypaper token create`"))
]


async def guard(request: Request, services: ServicesDep, background: BackgroundTasks) -> None:
    """Let a request in, or answer 401, 403 or 429: stands before every route, so that none is
    forgotten."""
    refuse_foreign(request)
    _tell_of_proxy(request)
    path = request.url.path
    if path in OPEN:
        return
    await session.find(request, services)
    person = session.account(request)
    open_to_all = (
        person is not None
        or services.settings.public_read
        or path.startswith((*OPEN_BELOW, *SIGNING_IN))
    )
    kind, secret = _credentials(request)
    if kind == "basic":
        secret = "" if open_to_all else _password(secret)
    token = await _known(request, services, secret, background)
    admit(request, request.app.state.limiter, token and token.pk)
    if token is None and not open_to_all:
        if services.settings.accounts and not secret and _is_page(request):
            back = quote(f"{path}?{request.url.query}".rstrip("?"), safe="/")
            raise HTTPException(303, "Please sign in.", {"Location": f"/sign-in?back={back}"})
        said = _needed("This address needs a token", "read", secret)
        raise _unknown(said, basic=not path.startswith("/api/"))
    request.state.token = token if kind == "bearer" else None
    if request.method not in ("GET", "HEAD") and path not in UNLOGGED:
        acting.begin(_act(request, token, services.settings.accounts))


def _tell_of_proxy(request: Request) -> None:
    """Say once that the clients of a proxy count as one, since whoever runs it may not know."""
    state = request.app.state
    if not getattr(state, "told_of_proxy", False) and (peer := disbelieved(request)):
        state.told_of_proxy = True
        log.warning(
            "%s names its clients in X-Forwarded-For and is not believed, so they count as one. "
            "If it is a proxy of yours, set DAYPAPER_TRUSTED_PROXIES=%s.",
            peer,
            peer,
        )


def needs(scope: Scope) -> Callable[..., Coroutine[Any, Any, Token]]:
    """The dependency of a route that only tokens of this scope may use. 401 or 403."""

    async def check(request: Request, _: _Described) -> Token:
        found: Token | None = request.state.token  # of `guard`
        if found is None:
            _, secret = _credentials(request)
            said = _needed(f"This needs a token that may {scope}", scope, secret)
            raise _unknown(said, basic=False)
        if not found.may(scope):
            raise HTTPException(403, f"This token may {found.scope}; expected one for {scope}.")
        return found

    return check


Writer = Annotated[Token, Depends(needs("write"))]
Admin = Annotated[Token, Depends(needs("admin"))]


def for_admin(token: Token, what: str) -> None:
    """Raise a 403 unless the token is an administrator's; `what` begins the sentence."""
    if not token.may("admin"):
        raise HTTPException(403, f"{what} needs a token that may admin.")


def _act(request: Request, token: Token | None, accounts: bool) -> Act:
    """What the audit log says of a request: the route, and the names in its address but for the
    tokens of links."""
    place = request.client.host if request.client else ""
    if request.url.path.startswith(OPEN_BELOW):
        who, place = "link", "link in a mail"  # not where its owner reads mail
    elif token:
        who = f"token {token.prefix} ({token.name})"
    elif person := session.account(request):
        who = f"person {person.person_pk}"
    else:
        who = "owner" if is_local(request) and not accounts else "visitor"
    route = getattr(request.scope.get("route"), "path", "").replace(":path}", "}")
    named = [value for name, value in request.path_params.items() if name != "token"]
    return Act(who, f"{request.method} {route}", place, named)


def _is_page(request: Request) -> bool:
    """Does a browser ask for a page, for a person to read?"""
    accepted = request.headers.get("accept", "")
    return request.method == "GET" and "text/html" in accepted


async def _known(
    request: Request, services: Services, secret: str, background: BackgroundTasks
) -> Token | None:
    """The token of this secret. Raises HTTPException 429 after too many wrong ones."""
    if not tokens.is_one(secret):
        return None
    limiter, client = request.app.state.limiter, client_of(request)
    limiter.check("attempts", client)
    found = await run_in_threadpool(_find, services, secret)
    if found is None:
        limiter.take("attempts", client)
    else:
        now = services.now()
        if found.last_used is None or now - found.last_used >= tokens.NOTED_EVERY:
            background.add_task(_note, services, found.pk)  # nobody waits for a lock for this
    return found


def _find(services: Services, secret: str) -> Token | None:
    with services.store.read() as connection:
        return tokens.find(connection, secret, services.now())


def _note(services: Services, pk: int) -> None:
    with services.store.write() as connection:
        tokens.note_use(connection, pk, services.now())


def _credentials(request: Request) -> tuple[str, str]:
    """("bearer" or "basic" …, what follows)"""
    kind, _, rest = request.headers.get("authorization", "").partition(" ")
    return kind.lower(), rest.strip()


def _password(encoded: str) -> str:
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded.partition(":")[2]


def _needed(what: str, scope: Scope, secret: str) -> str:
    """How to come by what is missing; of a token that was sent, that it opens nothing."""
    if tokens.is_one(secret):
        return "This token is unknown, revoked or expired; `daypaper token list` shows those there are."
    return (
        f"{what}: `daypaper token create NAME --scope {scope}` makes one, which is sent as "
        "`Authorization: Bearer TOKEN`."
    )


def _unknown(detail: str, *, basic: bool) -> HTTPException:
    challenge = 'Basic realm="Daypaper", charset="UTF-8"' if basic else 'Bearer realm="Daypaper"'
    return HTTPException(401, detail, headers={"WWW-Authenticate": challenge})
