"""The pages that links in mails lead to: the link is the key, a GET changes nothing, a POST does it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import PlainTextResponse

from aggregator import acting
from aggregator.deliver.notices import schedule_in_words
from aggregator.errors import NotFoundError
from aggregator.learn import taggers
from aggregator.people.signing import LETTER, LinkError, Signer
from aggregator.store import feedback, letters, papers, people, subscriptions, watches
from aggregator.store.people import Person
from aggregator.store.subscriptions import Row
from api.deps import Services, ServicesDep
from api.web import language
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

_CLOSED = {"expired": 410, "invalid": 400, "gone": 410}
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow"}
"""Such a page is its owner's alone."""


_STOPPED = "You are unsubscribed.\n"


@dataclass(frozen=True, slots=True)
class Shown:
    """A subscription as the pages name it."""

    row: Row
    title: str
    schedule: str


@router.get("/confirm/{token}")
def ask_confirm(request: Request, services: ServicesDep, token: str) -> Response:
    """What waits for its owner's word."""
    return opened(request, services, lambda signer: _confirm(request, services, signer, token))


@router.post("/confirm/{token}")
def confirm(
    request: Request,
    services: ServicesDep,
    token: str,
    id: Annotated[list[str] | None, Form()] = None,
) -> Response:
    """Start what was chosen of what else waits (`id`), and in any case what the link is about."""
    return opened(
        request, services, lambda signer: _confirm(request, services, signer, token, id or [])
    )


@router.get("/unsubscribe/{token}")
def ask_unsubscribe(request: Request, services: ServicesDep, token: str) -> Response:
    """What the link ends."""
    return opened(request, services, lambda signer: _unsubscribe(request, services, signer, token))


@router.post("/unsubscribe/{token}")
def unsubscribe(
    request: Request,
    services: ServicesDep,
    token: str,
    one_click: Annotated[str, Form(alias="List-Unsubscribe")] = "",
    again: Annotated[str, Form()] = "",
) -> Response:
    """End it; a mail program (RFC 8058) gets a short plain answer. With `again`, from the page that
    said so, it goes on as before."""

    def answer(signer: Signer) -> Response:
        does = "again" if again else "stop"
        shown = _unsubscribe(request, services, signer, token, does, again)
        return PlainTextResponse(_STOPPED, headers=PRIVATE) if one_click else shown

    return opened(request, services, answer)


@router.get("/feedback/{token}")
def ask_feedback(request: Request, services: ServicesDep, token: str) -> Response:
    """The paper with its topics, each to be confirmed or denied."""
    return opened(request, services, lambda signer: _feedback(request, services, signer, token))


@router.post("/feedback/{token}")
def give_feedback(
    request: Request,
    services: ServicesDep,
    token: str,
    topic: Annotated[str, Form(max_length=64)] = "",
    word: Annotated[str, Form(max_length=8)] = "",
) -> Response:
    """Store the word: `yes`, `no`, or `undo`."""
    return opened(
        request,
        services,
        lambda signer: _feedback(request, services, signer, token, topic, word),
    )


def _confirm(
    request: Request,
    services: Services,
    signer: Signer,
    token: str,
    chosen: Iterable[str] | None = None,
) -> Response:
    asked, now = signer.read_confirm(token), services.now()
    with services.store.write() if chosen is not None else services.store.read() as connection:
        row = subscriptions.by_id(connection, asked)
        if row.state == "ended":
            raise NotFoundError("This subscription has ended.")
        waiting = [
            one
            for one in subscriptions.of_person(connection, row.person_pk)
            if subscriptions.asks(one, now)
            and (one.channel, one.target) == (row.channel, row.target)
        ]
        person = _owner(connection, row)
        if chosen is not None:
            waiting = [one for one in waiting if one.id == asked or one.id in chosen]
            for one in waiting:
                subscriptions.confirm(connection, one.id, now)
            people.ensure(connection, person.address, now, confirmed=True)
    lang = row.terms.lang
    values = {
        "target": _named(row),
        "shown": in_words(request, services, lang, waiting or [row]),
        "asked": asked,
        "done": chosen is not None or not waiting,
        "preferences": _preferences(signer, person),
    }
    return private(request, "confirm.html", values, lang)


def _unsubscribe(
    request: Request,
    services: Services,
    signer: Signer,
    token: str,
    does: str = "",
    again: str = "",
) -> Response:
    asked = signer.read_unsubscribe(token)
    slipped = signer.read_again(again) if again else ()
    with services.store.write() if does else services.store.read() as connection:
        ids = _ids(connection, asked)
        if not set(slipped) <= set(ids):
            raise LinkError("The button belongs to another page.", "invalid")
        ids = list(slipped) or ids
        before = [row for one in ids if (row := _row(connection, one))]
        for row in before:
            if does == "again":
                _begin_again(connection, services, row)
            elif does == "stop":
                subscriptions.end(connection, row.id, services.now())
        rows = [row for one in ids if (row := _row(connection, one))]
        if not rows and does:
            return PlainTextResponse(_STOPPED, headers=PRIVATE)  # and forgotten
        if not rows:
            raise NotFoundError("These subscriptions are not here any more.")
        person = _owner(connection, rows[0])
    ended = all(row.state == "ended" for row in rows)
    # What had ended before was no slip of this click.
    undo = [row.id for row in before if row.state != "ended"] if does == "stop" else []
    lang = rows[0].terms.lang
    values = {
        "target": _named(rows[0]),
        "shown": in_words(request, services, lang, rows),
        "ended": ended,
        "did": does,
        "again": signer.again_token(undo) if undo else "",
        "preferences": "" if ended else _preferences(signer, person),
    }
    return private(request, "unsubscribe.html", values, lang)


def _ids(connection: Any, asked: Sequence[str]) -> list[str]:
    """The ids of the subscriptions that a link names, by themselves or as those of a letter."""
    found: list[str] = []
    for name in asked:
        of_letter = name.startswith(LETTER)
        mine = letters.subscriptions_of(connection, name[len(LETTER) :]) if of_letter else [name]
        found += mine
    return found


def _begin_again(connection: Any, services: Services, row: Row) -> None:
    """Take an unsubscription back; raises NotFoundError if the watch is gone."""
    watches.subscribed(connection, services.config, row.watch, row.watch_owner)
    subscriptions.take_back(connection, row.id)


def _feedback(
    request: Request,
    services: Services,
    signer: Signer,
    token: str,
    topic: str = "",
    word: str = "",
) -> Response:
    person_id, paper_id = signer.read_feedback(token)
    topics = {one.name: one for one in services.config.topics}
    known = topic in topics and word in ("yes", "no", "undo")
    undone = known and word == "undo"
    look = taggers.looking(services.store, services.settings, services.config) if undone else None
    with services.store.write() if known else services.store.read() as connection:
        person = people.by_id(connection, person_id)
        acting.by(f"person {person.pk}")
        doc = papers.by_name(connection, paper_id).doc
        mine = (person.pk, doc["id"], topic)
        if undone:
            feedback.unsay(connection, *mine, look=look)
        elif known:
            feedback.say(
                connection, *mine, word == "yes", services.now(), topics=services.config.topics
            )
        doc = papers.by_name(connection, doc["id"]).doc
        said = feedback.of_person(connection, person.pk, doc["id"])
    tags = {tag["name"]: tag["probability"] for tag in doc["topics"] if tag["by"] != "child"}
    shown = [name for name in topics if name in tags or name in said or name == topic]
    values = {
        "paper": doc,
        "topics": [topics[name] for name in shown],
        "tags": tags,
        "said": said,
        "did": word if known else "",
    }
    return private(request, "feedback.html", values, person.lang)


def private(
    request: Request, template: str, values: dict[str, Any], lang: str, status: int = 200
) -> Response:
    """A page for one person, in their language unless the address asks for another."""
    asked = request.query_params.get("lang", "")
    response = page(
        request, template, values, status, lang=asked if asked in language.CODES else lang
    )
    response.headers.update(PRIVATE)
    return response


def in_words(request: Request, services: Services, lang: str, rows: Iterable[Row]) -> list[Shown]:
    """The subscriptions as the page names them, in the language that it will have."""
    asked = request.query_params.get("lang", "")
    t = language.language(asked if asked in language.CODES else lang)
    found = []
    for row in rows:
        topic = services.config.topic(row.watch)
        title = t.title_of(topic) if topic else row.watch
        found.append(Shown(row, title, schedule_in_words(t.code, row.terms)))
    return found


def _owner(connection: Any, row: Row) -> Person:
    acting.by(f"person {row.person_pk}")
    return people.by_id(connection, people.ids(connection, {row.person_pk})[row.person_pk])


def _named(row: Row) -> str:
    """The address; of another channel its name, since a webhook's target is a secret."""
    return row.target if row.channel == "email" else row.channel


def _preferences(signer: Signer, person: Person) -> str:
    """The address of the person's page; "" for one who has none."""
    mine = person.address.startswith("email:")
    return f"/preferences/{signer.preferences_token(person.id)}" if mine else ""


def _row(connection: Any, subscription_id: str) -> Row | None:
    try:
        return subscriptions.by_id(connection, subscription_id)
    except NotFoundError:
        return None


def opened(request: Request, services: Services, answer: Callable[[Signer], Response]) -> Response:
    """The answer, or a page that says why the link does not open anything (any more)."""
    try:
        return answer(Signer.of(services.settings, services.now))
    except LinkError as error:
        reason = str(error.reason)
    except NotFoundError:
        reason = "gone"
    lang = language.chosen(request).code
    return private(request, "link.html", {"reason": reason}, lang, _CLOSED[reason])
