"""Subscriptions: they name addresses, so even reading them needs a token that may write."""

from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, HTTPException, Path, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from aggregator import acting
from aggregator.clock import iso
from aggregator.deliver import channels
from aggregator.people import signup, subscribers
from aggregator.store import subscriptions
from aggregator.store.subscriptions import Row
from aggregator.store.tokens import Token
from aggregator.watches import Terms
from api.auth import Writer, for_admin
from api.deps import Services, ServicesDep
from api.forms import (
    SubscriptionAnswer,
    SubscriptionChange,
    SubscriptionList,
    SubscriptionMade,
    SubscriptionRequest,
)
from api.routes.responses import errors, json_bytes

router = APIRouter(prefix="/api/v1/subscriptions", tags=["subscriptions"])

ORIGIN = "api"
_MOMENTS = ("created_at", "confirmed_at", "told_at", "next_due")
_PLAIN = ("id", "watch", "channel", "state", "origin", "trouble")

Id = Annotated[str, Path(max_length=64, examples=["pX3kLw0aZr9tQ2mB"])]


@router.get("", response_model=SubscriptionList, responses=errors(401, 403))
def list_subscriptions(services: ServicesDep, token: Writer) -> Response:
    """Those made through the API; with an administrator's token all of them."""
    with services.store.read() as connection:
        found = subscriptions.everything(connection)
    items = [answer(row, services) for row in found if _may_see(token, row)]
    return json_bytes({"items": items, "next": None})


@router.get("/{id}", response_model=SubscriptionAnswer, responses=errors(401, 403, 404))
def get_subscription(services: ServicesDep, token: Writer, id: Id) -> Response:
    """One subscription."""
    with services.store.read() as connection:
        row = subscriptions.by_id(connection, id)
    return json_bytes(answer(_visible(token, row), services))


@router.post(
    "",
    status_code=201,
    response_model=SubscriptionMade,
    responses=errors(400, 401, 403, 404, 409),
)
def create_subscription(
    services: ServicesDep, token: Writer, request: SubscriptionRequest, background: BackgroundTasks
) -> Response:
    """Subscribe a target to a watch. An e-mail address waits (`pending`) until its owner has
    answered the confirmation mail, unless an administrator says `confirmed`."""
    if request.confirmed:
        for_admin(token, "confirmed")
    channel = channels(services.settings)[request.channel]
    wanted = request.wanted.model_copy(update={"target": channel.normal(request.target)})
    confirmed = request.confirmed or wanted.channel != "email"
    if not confirmed and (trouble := channel.trouble()):
        raise HTTPException(409, f"No confirmation mail can be sent: {trouble}")
    now = services.now()
    with services.store.write() as connection:
        subscribers.alone(connection)
        known = subscriptions.of_target(connection, wanted.channel, wanted.target)
        if any(row.watch == wanted.watch and not _may_change(token, row) for row in known):
            raise HTTPException(409, "There is such a subscription already, not made by the API.")
        row = subscribers.add(
            connection,
            services.config,
            wanted,
            now,
            origin=ORIGIN,
            confirmed=confirmed,
            since=request.since,
        )
        acting.about(f"{row.id} ({row.watch})")
    if row.asked_at and not signup.asked_lately(known, now):
        background.add_task(signup.send_confirmation, services.settings, services.config, row, now)
    made = json_bytes({**answer(row, services), "advice": channel.advice(wanted.target)})
    made.status_code = 201
    made.headers["Location"] = f"/api/v1/subscriptions/{row.id}"
    return made


@router.patch("/{id}", response_model=SubscriptionAnswer, responses=errors(400, 401, 403, 404, 409))
def change_subscription(
    services: ServicesDep, token: Writer, id: Id, asked: SubscriptionChange
) -> Response:
    """Change its terms, pause it (`paused`) or let it go on (`active`). What an address gets may have been
    paused by its owner: there only an administrator lets it go on, or the owner, whom a new `POST` asks."""
    now = services.now()
    with services.store.write() as connection:
        row = _visible(token, subscriptions.by_id(connection, id))
        if asked.state and row.state == "pending":
            raise HTTPException(409, "The subscription waits for the word of the address's owner.")
        if asked.state == "active" and row.channel == "email" and row.state != "active":
            for_admin(token, "To let mail go on without its owner's word")
        terms = _merged(row.terms, asked)
        if terms != row.terms:
            row = subscriptions.change(connection, id, terms, now)
        if asked.state == "paused":
            row = subscriptions.pause(connection, id, now)
        elif asked.state == "active":
            row = subscriptions.resume(connection, id, now)
    return json_bytes(answer(row, services))


@router.delete("/{id}", status_code=204, responses=errors(401, 403, 404))
def delete_subscription(services: ServicesDep, token: Writer, id: Id) -> None:
    """End a subscription; what it was told is remembered, in case it begins anew."""
    with services.store.write() as connection:
        _visible(token, subscriptions.by_id(connection, id))
        subscriptions.end(connection, id, services.now())


def answer(row: Row, services: Services) -> dict[str, Any]:
    """A subscription as the API gives it: what is secret in a target is left out."""
    channel = channels(services.settings)[row.channel]
    moments = {name: getattr(row, name) for name in _MOMENTS}
    return (
        {name: getattr(row, name) for name in _PLAIN}
        | {"target": channel.redacted(row.target)}
        | row.terms.model_dump(mode="json")
        | {name: moment and iso(moment) for name, moment in moments.items()}
    )


def _may_see(token: Token, row: Row) -> bool:
    return token.may("admin") or row.origin == ORIGIN


def _may_change(token: Token, row: Row) -> bool:
    """A pending one of any origin may be asked for again: its owner has the last word."""
    return _may_see(token, row) or row.state == "pending"


def _visible(token: Token, row: Row) -> Row:
    """The row; raises NotFoundError where the token must not know of it."""
    if row.state == "ended" or not _may_see(token, row):
        raise subscriptions.missing(row.id)
    return row


def _merged(terms: Terms, asked: SubscriptionChange) -> Terms:
    given = asked.model_dump(exclude_unset=True, exclude={"state"})
    try:
        return Terms(**{**terms.model_dump(), **given})
    except ValidationError as error:
        raise RequestValidationError(error.errors()) from None
