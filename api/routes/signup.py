"""Public sign-up by e-mail: the same answer for everybody, and a mail that asks the address's owner."""

from datetime import timedelta

from fastapi import APIRouter, BackgroundTasks, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from aggregator import signup
from aggregator.deliver.mail import Email
from aggregator.store import watches
from aggregator.watches import Wanted
from api.deps import Services, ServicesDep
from api.forms import SignupAnswer, SignupRequest
from api.limiter import Limiter
from api.problems import Unavailable
from api.routes.responses import errors

router = APIRouter(prefix="/api/v1/signup", tags=["signup"])

MOST_AN_HOUR = 10
"""Sign-ups of one client; a household's topics, and not many strangers' addresses."""


@router.post("", status_code=202, response_model=SignupAnswer, responses=errors(400, 404, 429))
def sign_up(
    request: Request, services: ServicesDep, asked: SignupRequest, background: BackgroundTasks
) -> SignupAnswer:
    """Ask for a watch by e-mail. The address gets a mail that asks for its owner's word, at most one
    an hour; nobody learns whether it is subscribed already."""
    take(request, services, asked, background)
    return SignupAnswer()


def take(
    request: Request, services: Services, asked: SignupRequest, background: BackgroundTasks
) -> None:
    """Check what was asked for, and leave the rest for after the answer.

    Everything that may be wrong here is about the request alone: UsageError, NotFoundError,
    RequestValidationError, a 429, or Unavailable where no mail can be sent.
    """
    email = Email.of(services.settings)
    if email.trouble():
        raise Unavailable("This installation sends no mail.")
    target = email.normal(asked.email)
    try:
        wanted = Wanted(channel="email", target=target, **asked.model_dump(exclude={"email"}))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    with services.store.read() as connection:
        watches.find(connection, services.config, wanted.watch)
    now = services.now()
    limiter = _limiter(request)
    if not limiter.admits(request.client.host if request.client else "", now):
        seconds = str(int(limiter.window.total_seconds()))
        raise HTTPException(
            429, "Too many sign-ups from here; try again in an hour.", {"Retry-After": seconds}
        )
    background.add_task(
        signup.carry_out, services.store, services.settings, services.config, wanted, now
    )


def _limiter(request: Request) -> Limiter:
    """One for each app, made with the first sign-up."""
    state = request.app.state
    if not hasattr(state, "signups"):
        state.signups = Limiter(MOST_AN_HOUR, timedelta(hours=1))
    return state.signups
