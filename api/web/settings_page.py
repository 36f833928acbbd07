"""The settings page: language and theme for everybody; for the owner also channels, subscriptions,
watches and API tokens; with accounts for each person the subscriptions and watches that are theirs."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.deliver import channels
from aggregator.errors import NotFoundError, UsageError
from aggregator.store import people, subscriptions, tokens, watches
from aggregator.store.subscriptions import Row
from aggregator.store.watches import ALL
from aggregator.watches import ChannelName, Watch
from api.deps import Services, ServicesDep
from api.web import reader, settings_acts
from api.web.language import chosen
from api.web.mail_pages import PRIVATE, in_words
from api.web.reader import Member, Owner, Reader
from api.web.settings_acts import Said
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

DAYS = (30, 90, 365)
"""How long a token that is made here may last; or without an end."""

_SUBSCRIPTIONS: dict[str, Callable[[Any, str, datetime], Any]] = {
    "pause": subscriptions.pause,
    "resume": subscriptions.resume,
    "stop": subscriptions.end,
}
"""What a button says -> what is done to the subscription that it names."""
_ACTIONS = (*_SUBSCRIPTIONS, "unwatch", "revoke")


@router.get("/settings")
def show_settings(request: Request, services: ServicesDep) -> Response:
    """What can be set here by this reader."""
    return _page(request, services, Said())


@router.post("/settings")
def change_settings(
    services: ServicesDep,
    sender: Member,
    do: Annotated[str, Form(max_length=20)],
    what: Annotated[str, Form(max_length=200)],
) -> Response:
    """Do what a button says to what its form names, and lead back to its part of the page."""
    if do not in _ACTIONS:
        raise UsageError(f"do: expected one of {', '.join(_ACTIONS)}.")
    if do == "revoke" and not sender.local:
        raise HTTPException(403, "Only an owner of this installation may do this.")
    now = services.now()
    with services.store.write() as connection:
        if do == "revoke":
            tokens.revoke(connection, what, now)
        elif do == "unwatch":
            _delete_watch(connection, services, sender, what)
        elif any(row.id == what for row in _subscriptions(connection, sender)):
            _SUBSCRIPTIONS[do](connection, what, now)
        else:
            raise NotFoundError(f'There is no subscription "{what}".')
    part = {"unwatch": "watches", "revoke": "tokens"}.get(do, "subscriptions")
    return RedirectResponse(f"/settings#{part}", 303)


@router.post("/settings/test")
def send_test(
    request: Request,
    services: ServicesDep,
    owner: Owner,
    what: Annotated[str, Form(max_length=64)],
) -> Response:
    """Send a marked message to a subscription; the page says beside it what became of that."""
    with services.store.read() as connection:
        row = next((one for one in _subscriptions(connection, owner) if one.id == what), None)
    if row is None:
        raise NotFoundError(f'There is no subscription "{what}".')
    return _page(request, services, settings_acts.send_test(request, services, row))


@router.post("/settings/test/channel")
def try_channel(
    request: Request,
    services: ServicesDep,
    owner: Owner,
    channel: Annotated[ChannelName, Form()],
    target: Annotated[str, Form(max_length=2_000)] = "",
) -> Response:
    """Send a marked message to a target that need not be subscribed; the page says what became of it."""
    return _page(request, services, settings_acts.try_channel(request, services, channel, target))


@router.post("/settings/tokens")
def make_token(
    request: Request,
    services: ServicesDep,
    owner: Owner,
    name: Annotated[str, Form(max_length=100)] = "",
    scope: Annotated[str, Form(max_length=10)] = "",
    days: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Make an API token; the page shows it, this once."""
    return _page(request, services, settings_acts.make_token(request, services, name, scope, days))


def _page(request: Request, services: Services, said: Said) -> Response:
    values: dict[str, Any] = {
        "shown": [], "watches": [], "tokens": [], "channels": [], "said": said, "scopes": tokens.SCOPES,
        "days": DAYS, "now": services.now(),
    }  # fmt: skip
    mine = reader.of(request)
    if mine.member:
        with services.store.read() as connection:
            rows = _subscriptions(connection, mine)
            values["watches"] = _watches(connection, mine)
            if mine.local:
                values["tokens"] = [t for t in tokens.everything(connection) if not t.revoked_at]
        values["shown"] = in_words(request, services, chosen(request).code, rows)
    if mine.local:
        values["channels"] = [
            (name, not one.trouble()) for name, one in channels(services.settings).items()
        ]
    response = page(request, "settings.html", values, 400 if said.trouble else 200, at="/settings")
    if said.secret or said.target:
        response.headers.update(PRIVATE)
    return response


def _subscriptions(connection: Any, mine: Reader) -> list[Row]:
    """Those that are the reader's to change: without accounts all; else their own, and for an owner
    also those of the installation, but no other person's."""
    if mine.account is None:
        return subscriptions.everything(connection)
    rows = subscriptions.of_person(connection, mine.account.person_pk)
    local = people.find(connection, people.LOCAL) if mine.local else None
    return rows + (subscriptions.of_person(connection, local) if local is not None else [])


def _watches(connection: Any, mine: Reader) -> list[Watch]:
    """Those that are the reader's to delete, in the same way."""
    if mine.account is None:
        return watches.saved(connection, ALL)
    seen = watches.saved(connection, mine.account.person_pk)
    return [one for one in seen if mine.local or watches.owner(connection, one.name) is not None]


def _delete_watch(connection: Any, services: Services, mine: Reader, name: str) -> None:
    if not services.config.watch(name) and not any(
        one.name == name for one in _watches(connection, mine)
    ):
        raise watches.missing(name)
    watches.delete(connection, services.config, name, reader.viewer_of(mine))
