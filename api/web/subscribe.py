"""Subscribing a Slack channel from the page of a topic or watch."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from aggregator.deliver import channels
from aggregator.errors import UsageError
from aggregator.expected import in_words
from aggregator.people import subscribers
from aggregator.watches import Wanted
from api.deps import Services, ServicesDep
from api.web.language import chosen
from api.web.reader import Owner, viewer_of
from api.web.signup_page import SCHEDULES

router = APIRouter(include_in_schema=False, default_response_class=Response)

CHANNEL, ORIGIN = "slack", "web"

Field = Annotated[str, Form(max_length=100)]


@router.post("/subscribe")
def subscribe(
    request: Request,
    services: ServicesDep,
    owner: Owner,
    watch: Field,
    target: Field = "",
    schedule: Field = SCHEDULES[0],
    tz: Field = "UTC",
) -> Response:
    """Send a watch to a Slack channel or member from now on, and lead to the list of subscriptions."""
    channel = channels(services.settings)[CHANNEL]
    if trouble := channel.trouble():
        raise UsageError(trouble)
    try:
        wanted = Wanted(
            watch=watch,
            channel=CHANNEL,
            target=channel.normal(target),
            schedule=schedule,
            tz=tz,
            lang="zh" if chosen(request).code == "zh" else "en",
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(f"{first['loc'][0]}: {in_words(first)}.") from None
    with services.store.write() as connection:
        subscribers.add(
            connection,
            services.config,
            wanted,
            services.now(),
            origin=ORIGIN,
            confirmed=True,
            viewer=viewer_of(owner),
        )
    return RedirectResponse("/settings#subscriptions", 303)


def slack_form(services: Services, *, owner: bool) -> str:
    """What a page offers of Slack: "form", "unset" (the owner is told what to set), "command" (what to
    type in Slack), or "" for nothing."""
    if owner:
        return "unset" if channels(services.settings)[CHANNEL].trouble() else "form"
    settings = services.settings
    listens = (settings.slack_signing_secret, settings.slack_app_token)
    return "command" if any(one.get_secret_value() for one in listens) else ""
