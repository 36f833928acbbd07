"""The settings page: language and theme for everybody; for the owner also subscriptions, watches and
API tokens."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.errors import UsageError
from aggregator.store import subscriptions, tokens, watches
from api.deps import Services, ServicesDep
from api.web import reader
from api.web.language import chosen
from api.web.mail_pages import in_words
from api.web.reader import Owner
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

_ACTIONS: dict[str, Callable[[Any, Services, str, datetime], Any]] = {
    "pause": lambda c, _, id, now: subscriptions.pause(c, id, now),
    "resume": lambda c, _, id, now: subscriptions.resume(c, id, now),
    "stop": lambda c, _, id, now: subscriptions.end(c, id, now),
    "unwatch": lambda c, services, name, _: watches.delete(c, services.config, name),
    "revoke": lambda c, _, name, now: tokens.revoke(c, name, now),
}
"""What a button says -> what is done to the subscription, watch or token that it names."""


@router.get("/settings")
def show_settings(request: Request, services: ServicesDep) -> Response:
    """What can be set here by this reader."""
    values: dict[str, Any] = {"shown": [], "watches": [], "tokens": []}
    if reader.of(request).local:
        with services.store.read() as connection:
            rows = subscriptions.everything(connection)
            values["watches"] = watches.saved(connection)
            values["tokens"] = [t for t in tokens.everything(connection) if not t.revoked_at]
        values["shown"] = in_words(request, services, chosen(request).code, rows)
    return page(request, "settings.html", values)


@router.post("/settings")
def change_settings(
    services: ServicesDep,
    owner: Owner,
    do: Annotated[str, Form(max_length=20)],
    what: Annotated[str, Form(max_length=200)],
) -> Response:
    """Do what a button says to what its form names, and lead back to its part of the page."""
    if do not in _ACTIONS:
        raise UsageError(f"do: expected one of {', '.join(_ACTIONS)}.")
    with services.store.write() as connection:
        _ACTIONS[do](connection, services, what, services.now())
    part = {"unwatch": "watches", "revoke": "tokens"}.get(do, "subscriptions")
    return RedirectResponse(f"/settings#{part}", 303)
