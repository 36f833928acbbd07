"""Pages of accounts: sign in by a link that comes by mail, see the account, sign out.

A GET changes nothing, since programs that look through mail open its links, too. A link works in the
browser that asked for it alone; the answer to who asks is the same whether there is an account.
"""

import secrets
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.deliver.mail import Email
from aggregator.errors import NotFoundError, UsageError
from aggregator.people import signin
from aggregator.people.signin import Asked
from aggregator.people.signing import SIGN_IN_FOR, LinkError
from aggregator.store import accounts
from api import session
from api.deps import Services, ServicesDep
from api.limiter import client_of
from api.web import language, reader
from api.web.keep import led_back
from api.web.mail_pages import PRIVATE
from api.web.reader import Sender
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

Back = Annotated[str, Form(max_length=1_000)]


@router.get("/sign-in")
def show_sign_in(
    request: Request,
    services: ServicesDep,
    back: Annotated[str, Query(max_length=1_000)] = "/",
) -> Response:
    """The ways to sign in; who is signed in already is led to the account."""
    accounts_only(services)
    if session.account(request):
        return RedirectResponse("/account", 303)
    return _form(request, services, back)


@router.post("/sign-in")
def ask_for_link(
    request: Request,
    services: ServicesDep,
    sender: Sender,
    background: BackgroundTasks,
    email: Annotated[str, Form(max_length=320)] = "",
    back: Back = "/",
) -> Response:
    """Send a link to the address, if it may have an account; the answer does not say."""
    accounts_only(services)
    channel = Email.of(services.settings)
    if channel.trouble():
        raise NotFoundError("This installation sends no mail.")
    try:
        address = channel.normal(email.strip())
    except UsageError:
        return _form(request, services, back, trouble="sign_in_wrong", status=400)
    request.app.state.limiter.take("signups", client_of(request))
    browser = secrets.token_urlsafe(32)
    asked = Asked(address, browser, led_back(back, ""), language.chosen(request).code)
    background.add_task(signin.send_link, services.store, services.settings, asked, services.now())
    values = {"address": address, "minutes": int(SIGN_IN_FOR.total_seconds() / 60)}
    response = _private(request, "sign_in_asked.html", values, 202)
    session.give(response, services, session.ATTEMPT, browser, int(SIGN_IN_FOR.total_seconds()))
    return response


@router.get("/sign-in/{token}")
def show_link(request: Request, services: ServicesDep, token: str) -> Response:
    """Whom the link signs in, and the button that does it."""
    accounts_only(services)
    browser = session.cookie(request, services, session.ATTEMPT)
    try:
        link_id = reader.signer(request).read_sign_in(token)
    except LinkError as error:
        return closed(request, str(error.reason))
    with services.store.read() as connection:
        link = accounts.look_at(connection, link_id, browser, services.now())
        waits = accounts.waits(connection, link_id, services.now())
    if link is None:
        return closed(request, "elsewhere" if waits else "used")
    return _private(request, "sign_in_link.html", {"address": link.address})


@router.post("/sign-in/{token}")
def follow_link(request: Request, services: ServicesDep, sender: Sender, token: str) -> Response:
    """Use the link up and begin a session; lead back to where the reader was."""
    accounts_only(services)
    browser = session.cookie(request, services, session.ATTEMPT)
    try:
        secret, back = signin.follow(
            services.store,
            services.settings,
            reader.signer(request).read_sign_in(token),
            browser,
            reader.guest_address(sender),
            services.now(),
        )
    except LinkError as error:
        return closed(request, "expired" if error.reason == "expired" else "used")
    response = RedirectResponse(back, 303, headers=PRIVATE)
    session.begin(response, services, secret)
    return response


@router.get("/account")
def show_account(request: Request, services: ServicesDep) -> Response:
    """Who is signed in, and in how many browsers."""
    accounts_only(services)
    mine = session.account(request)
    if mine is None:
        return RedirectResponse("/sign-in?back=/account", 303)
    with services.store.read() as connection:
        count = accounts.sessions(connection, mine.person_pk, services.now())
    values = {
        "browsers": count,
        "preferences": f"/preferences/{reader.signer(request).preferences_token(mine.person_id)}",
    }
    return _private(request, "account.html", values)


@router.post("/sign-out")
def sign_out(
    request: Request,
    services: ServicesDep,
    sender: Sender,
    everywhere: Annotated[str, Form(max_length=3)] = "",
) -> Response:
    """End this browser's session, or with `everywhere` all of the person's."""
    mine = session.account(request)
    if mine is not None:
        with services.store.write() as connection:
            if everywhere:
                accounts.end_all(connection, mine.person_pk)
            else:
                accounts.end(connection, mine.session)
    response = RedirectResponse("/", 303, headers=PRIVATE)
    session.take(response, services, session.SESSION)
    # What the browser holds of pages is of no use to whoever sits down at it next.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _form(
    request: Request, services: Services, back: str, *, trouble: str = "", status: int = 200
) -> Response:
    back, closed_here = led_back(back, ""), not services.settings.public_read
    values = {
        "back": back,
        "needed": back != "/" and (closed_here or back.startswith("/watches/")),
        "trouble": trouble,
        "mail": not Email.of(services.settings).trouble(),
        "provider": urlsplit(services.settings.oidc_issuer).hostname,
    }
    return _private(request, "sign_in.html", values, status)


def closed(request: Request, reason: str, status: int = 410) -> Response:
    """The page that says why nobody is signed in."""
    return _private(request, "sign_in_closed.html", {"reason": reason}, status)


def _private(
    request: Request, template: str, values: dict[str, Any], status: int = 200
) -> Response:
    response = page(request, template, values, status)
    response.headers.update(PRIVATE)
    return response


def accounts_only(services: Services) -> None:
    """Raise NotFoundError where accounts are off."""
    if not services.settings.accounts:
        raise NotFoundError("This installation has no accounts.")
