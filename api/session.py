"""Who is signed in: the cookies of a session and of an attempt to begin one.

Behind https their names begin with `__Host-`, so that no other host of the same domain can set them.
"""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from aggregator.people.accounts import policy
from aggregator.store import accounts
from aggregator.store.accounts import SESSION_FOR, Account
from api.address import is_local
from api.deps import Services

SESSION, ATTEMPT = "session", "attempt"
MOST_COOKIE = 200
"""Characters of a cookie that is looked at; ours have 43."""


async def find(request: Request, services: Services) -> None:
    """Note in the request who asks (`account`); whoever may not have an account any more is nobody."""
    request.state.account = None
    secret = cookie(request, services, SESSION)
    if services.settings.accounts and secret:
        found = await run_in_threadpool(_find, services, secret)
        if found and policy(services.settings).admits(found.address):
            request.state.account = found


def account(request: Request) -> Account | None:
    """Who asks; None for a guest, and where no route was found."""
    return getattr(request.state, "account", None)


def is_owner(request: Request, services: Services) -> bool:
    """May who asks change what is everybody's? Without accounts that is who sits at the machine."""
    if not services.settings.accounts:
        return is_local(request)
    found = account(request)
    return found is not None and policy(services.settings).owns(found.address)


def cookie(request: Request, services: Services, name: str) -> str:
    """What the browser brings; "" for nothing that could be ours."""
    found = request.cookies.get(_full(services, name), "")
    return found if len(found) <= MOST_COOKIE else ""


def give(response: Response, services: Services, name: str, value: str, seconds: int) -> None:
    """Give the browser one of our cookies, for so long; out of reach of scripts."""
    response.set_cookie(
        _full(services, name),
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=_secure(services),
    )


def take(response: Response, services: Services, name: str) -> None:
    """Take a cookie away; of a `__Host-` one a browser takes the word only if it is secure itself."""
    response.delete_cookie(
        _full(services, name), "/", secure=_secure(services), httponly=True, samesite="lax"
    )


def begin(response: Response, services: Services, secret: str) -> None:
    """The browser is signed in from now on, and its attempt is over."""
    give(response, services, SESSION, secret, int(SESSION_FOR.total_seconds()))
    take(response, services, ATTEMPT)


def _full(services: Services, name: str) -> str:
    return f"__Host-{name}" if _secure(services) else name


def _secure(services: Services) -> bool:
    return services.settings.public_url.startswith("https://")


def _find(services: Services, secret: str) -> Account | None:
    with services.store.read() as connection:
        return accounts.find(connection, secret, services.now())
