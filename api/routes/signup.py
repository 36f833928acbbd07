"""Public sign-up by e-mail: the same answer for everybody, and a mail that asks the address's owner."""

from fastapi import APIRouter, BackgroundTasks, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from aggregator.deliver.mail import Email
from aggregator.people import signup
from aggregator.store import watches
from aggregator.watches import Wanted
from api import session
from api.deps import Services, ServicesDep
from api.forms import SignupAnswer, SignupRequest
from api.limiter import client_of
from api.problems import Unavailable
from api.routes.responses import errors

router = APIRouter(prefix="/api/v1/signup", tags=["signup"])


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
    target = email.normal(asked.email, stranger=not session.is_owner(request, services))
    try:
        wanted = Wanted(channel="email", target=target, **asked.model_dump(exclude={"email"}))
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
    mine = session.account(request)
    viewer = mine.person_pk if mine else None
    with services.store.read() as connection:
        watches.find(connection, services.config, wanted.watch, viewer)
    request.app.state.limiter.take("signups", client_of(request))
    now = services.now()
    background.add_task(
        signup.carry_out, services.store, services.settings, services.config, wanted, now, viewer
    )
