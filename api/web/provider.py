"""Signing in at an OpenID provider: there by a link, and back with a code.

Both are a GET, since a browser comes back by one. What may come of it is bound to the cookie of the
browser that went, and good once.
"""

import logging
import secrets
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.errors import NotFoundError
from aggregator.people import signin
from aggregator.people.signin import NotLetInError, ProviderError, Returned
from aggregator.people.signing import SIGN_IN_FOR, LinkError
from api import session
from api.deps import Services, ServicesDep
from api.limiter import client_of
from api.web import reader
from api.web.accounts import accounts_only, closed
from api.web.keep import led_back
from api.web.mail_pages import PRIVATE

if TYPE_CHECKING:
    from aggregator.people.oidc import Provider

log = logging.getLogger(__name__)

router = APIRouter(include_in_schema=False, default_response_class=Response)

CALLBACK = "/sign-in/callback"


@router.get("/sign-in/provider")
def go(
    request: Request,
    services: ServicesDep,
    back: Annotated[str, Query(max_length=1_000)] = "/",
) -> Response:
    """Lead to the provider."""
    provider = _provider(request, services)
    request.app.state.limiter.take("attempts", client_of(request))
    browser = secrets.token_urlsafe(32)
    try:
        address = signin.go_to_provider(
            services.store, provider, browser, led_back(back, ""), services.now()
        )
    except ProviderError as error:
        return _broken(request, error)
    response = RedirectResponse(address, 303, headers=PRIVATE)
    session.give(response, services, session.ATTEMPT, browser, int(SIGN_IN_FOR.total_seconds()))
    return response


@router.get(CALLBACK)
def come_back(
    request: Request,
    services: ServicesDep,
    state: Annotated[str, Query(max_length=100, pattern=r"^[\w-]*$")] = "",
    code: Annotated[str, Query(max_length=4_000)] = "",
    iss: Annotated[str, Query(max_length=1_000)] = "",
) -> Response:
    """Begin a session of whom the provider names, and lead back to where the reader was."""
    provider = _provider(request, services)
    browser = session.cookie(request, services, session.ATTEMPT)
    guest = reader.guest_address(reader.of(request))
    if not code or (iss and iss.rstrip("/") != services.settings.oidc_issuer.rstrip("/")):
        return closed(request, "refused", 403)
    returned = Returned(state, code, browser, guest)
    try:
        secret, back = signin.come_back(
            services.store, services.settings, provider, returned, services.now()
        )
    except LinkError:
        return closed(request, "expired_attempt")
    except NotLetInError as error:
        log.info("somebody was not let in: %s", error)
        return closed(request, "not_let_in", 403)
    except ProviderError as error:
        return _broken(request, error)
    response = RedirectResponse(back, 303, headers=PRIVATE)
    session.begin(response, services, secret)
    return response


def _broken(request: Request, error: ProviderError) -> Response:
    log.warning("signing in at the provider failed: %s", error)
    return closed(request, "provider", 502)


def _provider(request: Request, services: Services) -> "Provider":
    """One for each app, made when somebody signs in first. Raises NotFoundError without one."""
    accounts_only(services)
    if not services.settings.oidc_issuer:
        raise NotFoundError("This installation has no provider.")
    state = request.app.state
    if not hasattr(state, "provider"):
        from aggregator.people.oidc import Provider  # imports that few need

        state.provider = Provider(services.settings, services.settings.public_url + CALLBACK)
    return state.provider
