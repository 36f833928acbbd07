"""Why a paper has its topics, in its page: words marked in place, and the buttons that say otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from aggregator.learn import taggers
from aggregator.learn.explaining import explain_paper
from aggregator.store import feedback, labels, papers
from aggregator.tag.why import Explanation, Reason, Span
from api.deps import Services, ServicesDep
from api.web.keep import Back, led_back
from api.web.reader import Member, member

router = APIRouter(include_in_schema=False, default_response_class=Response)

SHOWN = 6  # reasons for, and against
LEAST = 0.05  # what weighs less would be shown as 0.0
NEAR = 0.5
"""A topic that the paper does not have is shown from this share of its threshold on."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text: `mark` is "for", "against", or "" where nothing is marked."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Why:
    """One topic in the page."""

    about: Explanation
    title: list[Piece]
    abstract: list[Piece]
    reasons: list[Reason]
    against: list[Reason]


def reasons_of(services: Services, doc: dict[str, Any]) -> list[Why]:
    """The topics that the paper has, was said something about, or nearly has."""
    _, found = explain_paper(
        services.store, services.settings, services.config, doc["id"], near=NEAR
    )
    return [
        Why(
            one,
            pieces(doc["title"], one.highlights.get("title", ())),
            pieces(doc["abstract"], one.highlights.get("abstract", ())),
            [r for r in one.reasons if r.weight >= LEAST][:SHOWN],
            [r for r in one.reasons if r.weight <= -LEAST][:SHOWN],
        )
        for one in found
    ]


def pieces(text: str, spans: Sequence[Span]) -> list[Piece]:
    """A text cut at its spans; joined again the pieces are the text."""
    found, at = [], 0
    for span in spans:
        found.append(Piece(text[at : span.start], ""))
        found.append(Piece(text[span.start : span.end], "for" if span.weight > 0 else "against"))
        at = span.end
    return [piece for piece in (*found, Piece(text[at:], "")) if piece.text]


@router.post("/judge")
def judge(
    services: ServicesDep,
    sender: Member,
    paper: Annotated[str, Form(max_length=200)],
    topic: Annotated[str, Form(max_length=64)],
    word: Annotated[str, Form(max_length=8)],
    back: Back = "",
    anchor: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Store the word, `yes`, `no`, `pass` (by, for now) or `undo`, as the reader's own, and lead
    back: to the paper, or to `back` at the place `anchor`."""
    known = services.config.topic(topic) is not None and word in ("yes", "no", "pass", "undo")
    now, topics = services.now(), services.config.topics
    undone = known and word == "undo"
    look = taggers.looking(services.store, services.settings, services.config) if undone else None
    with services.store.write() as connection:
        paper_id = papers.by_name(connection, paper).doc["id"]
        person = member(connection, services, sender)
        if known:
            labels.take_back(connection, person, paper_id, topic)
        if known and word == "pass":
            labels.pass_by(connection, person, paper_id, topic, now)
        elif undone:
            feedback.unsay(connection, person, paper_id, topic, look=look)
        elif known:
            feedback.say(connection, person, paper_id, topic, word == "yes", now, topics=topics)
    if back:
        return RedirectResponse(led_back(back, anchor), 303)
    return RedirectResponse(f"/papers/{quote(paper_id, safe='')}#why", 303)
