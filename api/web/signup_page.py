"""Sign-up from a page: the form's answer is the API's, in words."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, BackgroundTasks, Form, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from aggregator.errors import UsageError
from api.deps import ServicesDep
from api.forms import SignupRequest
from api.routes.signup import take
from api.web import language
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

ZONES = (
    "UTC", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York",
    "America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Helsinki", "Africa/Lagos",
    "Africa/Johannesburg", "Europe/Istanbul", "Asia/Jerusalem", "Asia/Dubai", "Asia/Kolkata",
    "Asia/Singapore", "Asia/Shanghai", "Asia/Tokyo", "Asia/Seoul", "Australia/Sydney",
    "Pacific/Auckland",
)  # fmt: skip
"""A short list to begin with; the preferences page has all of them."""
SCHEDULES = ("daily@08:00", "weekly@mon-08:00", "asap")

Field = Annotated[str, Form(max_length=320)]


@router.post("/signup")
def sign_up(
    request: Request,
    services: ServicesDep,
    background: BackgroundTasks,
    email: Field = "",
    watch: Field = "",
    schedule: Field = SCHEDULES[0],
    tz: Field = "UTC",
    website: Field = "",
) -> Response:
    """Take a sign-up. `website` is a field that people do not see: who fills it in is a program,
    and gets the answer that everybody gets."""
    lang = language.chosen(request).code
    given = {"email": email.strip(), "watch": watch, "schedule": schedule, "tz": tz, "lang": lang}
    trouble = ""
    if not website:
        try:
            take(request, services, SignupRequest.model_validate(given), background)
        except (UsageError, RequestValidationError, ValidationError):
            trouble = "signup_wrong"
    values = {"trouble": trouble, "given": given, "zones": ZONES, "schedules": SCHEDULES}
    known = services.config.topic(watch) or trouble == ""
    at = f"/watches/{quote(watch, safe='')}" if known else "/topics"
    return page(request, "signed_up.html", values, 400 if trouble else 202, at=at)
