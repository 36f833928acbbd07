"""The preferences page: everything that one person gets, to be changed, paused, ended or erased."""

from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import ValidationError

from aggregator import acting
from aggregator.errors import NotFoundError
from aggregator.people.signing import Signer
from aggregator.sending.due import DAYS, parse_schedule
from aggregator.store import feedback, people, subscriptions
from aggregator.store.people import Person
from aggregator.store.subscriptions import Row
from aggregator.watches import MOST_LIMIT, Terms
from api.deps import Services, ServicesDep
from api.web.mail_pages import in_words, opened, private

router = APIRouter(include_in_schema=False, default_response_class=Response)

EVENTS = ("new", "published", "new_version", "withdrawn", "cited", "discussed")

Text = Annotated[str, Form(max_length=64)]


_BUTTONS: dict[str, Callable[[Any, str, datetime], Row]] = {
    "pause": subscriptions.pause,
    "resume": subscriptions.resume,
    "stop": subscriptions.end,
}


class Asked:
    """What the form of one subscription was sent with."""

    def __init__(
        self,
        id: Text = "",
        action: Text = "",
        when: Text = "daily",
        day: Text = "mon",
        clock: Text = "",
        tz: Text = "",
        lang: Text = "en",
        limit: Text = "",
        events: Annotated[list[str] | None, Form(max_length=10)] = None,
        empty: Text = "skip",
        sure: Text = "",
    ) -> None:
        self.id, self.action, self.sure = id, action, sure
        forms = {"asap": "asap", "weekly": f"weekly@{day}-{clock[:5]}"}
        self.given: dict[str, Any] = {
            "schedule": forms.get(when, f"daily@{clock[:5]}"),
            "tz": tz.strip(),
            "lang": lang,
            "limit": int(limit) if limit.isascii() and limit.isdecimal() else limit,
            "events": events or [],
            "empty": empty,
        }


@router.get("/preferences/{token}")
def show(request: Request, services: ServicesDep, token: str) -> Response:
    """Everything this person gets."""
    return opened(request, services, lambda signer: _page(request, services, signer, token))


@router.post("/preferences/{token}")
def change(
    request: Request, services: ServicesDep, token: str, asked: Annotated[Asked, Depends()]
) -> Response:
    """Do what a button says: save, pause, resume, stop; or erase everything about the person."""

    def answer(signer: Signer) -> Response:
        person = _owner(services, signer, token)
        if asked.action == "erase" and asked.sure == "yes":
            _erase(services, person, signer.erased(person.address))
            return private(request, "forgotten.html", {}, person.lang)
        trouble = _do(services, person, asked)
        return _page(request, services, signer, token, asked, trouble)

    return opened(request, services, answer)


def _page(
    request: Request,
    services: Services,
    signer: Signer,
    token: str,
    asked: Asked | None = None,
    trouble: str = "",
) -> Response:
    person = _owner(services, signer, token)
    with services.store.read() as connection:
        rows = subscriptions.of_person(connection, person.pk)
    values = {
        "address": person.address.removeprefix("email:"),
        "shown": in_words(request, services, person.lang, rows),
        "schedules": {row.id: parse_schedule(row.terms.schedule) for row in rows},
        "days": DAYS,
        "zones": zones(),
        "events": EVENTS,
        "most": MOST_LIMIT,
        "changed": asked.id if asked else "",
        "did": asked.action if asked and asked.action in ("save", *_BUTTONS) else "",
        "trouble": trouble,
    }
    return private(request, "preferences.html", values, person.lang, 400 if trouble else 200)


def _owner(services: Services, signer: Signer, token: str) -> Person:
    """Whose preferences the link opens. Raises LinkError, NotFoundError.

    Only an address has such a page: what a whole Slack channel can read must not open everything
    that this installation's own person has.
    """
    person_id = signer.read_preferences(token)
    with services.store.read() as connection:
        person = people.by_id(connection, person_id)
    if not person.address.startswith("email:"):
        raise NotFoundError("This person has no such page.")
    acting.by(f"person {person.pk}")
    return person


def _do(services: Services, person: Person, asked: Asked) -> str:
    """Carry out what the form asks for; returns the name of the field that is wrong, else ""."""
    now = services.now()
    with services.store.write() as connection:
        row = subscriptions.by_id(connection, asked.id)
        if row.person_pk != person.pk:
            raise NotFoundError("This is another person's.")
        if asked.action in _BUTTONS:
            _BUTTONS[asked.action](connection, row.id, now)
            return ""
        if asked.action != "save":
            return ""
        try:
            terms = Terms.model_validate(row.terms.model_dump() | asked.given)
        except ValidationError as error:
            return str(error.errors()[0]["loc"][0])
        if terms != row.terms:
            subscriptions.change(connection, row.id, terms, now)
        people.set_language(connection, person.pk, terms.lang, terms.tz)
    return ""


def _erase(services: Services, person: Person, digest: str) -> None:
    with services.store.write() as connection:
        feedback.unsay_all(connection, person.pk, topics=services.config.topics)
        people.erase(connection, person.pk, digest)


@cache
def zones() -> tuple[str, ...]:
    """The time zones that people choose from: those named for a place, and UTC."""
    return ("UTC", *sorted(zone for zone in available_timezones() if _is_place(zone)))


def _is_place(zone: str) -> bool:
    return "/" in zone and not zone.startswith(("Etc/", "SystemV/", "US/", "posix/", "right/"))
