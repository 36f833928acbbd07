"""What a reader does with papers from any page: star, put by, hide, mark as read, write a note."""

from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.errors import UsageError
from aggregator.store import kept, papers
from aggregator.store.kept import NOTHING, Shelf
from api.deps import ServicesDep
from api.limits import MOST_BYTES
from api.web import reader
from api.web.reader import Keeper
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

ACTIONS: dict[str, tuple[Shelf, bool]] = {
    "star": ("starred", True),
    "unstar": ("starred", False),
    "later": ("later", True),
    "unlater": ("later", False),
    "hide": ("hidden", True),
    "unhide": ("hidden", False),
    "read": ("read", True),
    "unread": ("read", False),
}
"""What a button says -> the shelf, and whether the paper goes there or off it."""

Back = Annotated[str, Form(max_length=10_000)]
"""A search may have 500 signs, each of which is up to twelve in an address."""


@router.post("/keep")
def keep(
    request: Request,
    services: ServicesDep,
    sender: Keeper,
    do: Annotated[str, Form(max_length=100)],
    back: Back = "/",
) -> Response:
    """Do what a button says, "star:PAPER"; answers with the paper's buttons, or leads back."""
    action, _, paper_id = do.partition(":")
    if action not in ACTIONS:
        raise UsageError(f"do: expected one of {', '.join(ACTIONS)}, a colon and a paper.")
    shelf, on = ACTIONS[action]
    now = services.now()
    with services.store.write() as connection:
        doc = papers.by_name(connection, paper_id).doc
        person = reader.ensure_person(connection, services, sender)
        kept.put(connection, person, doc["id"], shelf, now if on else None)
        mine = kept.of_papers(connection, person, [doc["id"]]).get(doc["id"], NOTHING)
    if request.headers.get("hx-request"):
        values = {"paper": doc, "kept": {doc["id"]: mine}}
        return page(request, "acts.html", values)
    return RedirectResponse(led_back(back, doc["id"]), 303)


@router.post("/note")
def write_note(
    services: ServicesDep,
    sender: Keeper,
    paper: Annotated[str, Form(max_length=100)],
    note: Annotated[str, Form(max_length=MOST_BYTES)] = "",
    back: Back = "",
) -> Response:
    """Write a note on a paper, and lead back to it."""
    now = services.now()
    with services.store.write() as connection:
        doc = papers.by_name(connection, paper).doc
        person = reader.ensure_person(connection, services, sender)
        kept.note(connection, person, doc["id"], note.replace("\r\n", "\n"), now)
    return RedirectResponse(led_back(back or f"/papers/{doc['id']}", "note"), 303)


def led_back(path: str, anchor: str) -> str:
    """The page that the form stood on, at that place; never another host."""
    parts = urlsplit(path)
    local = path.startswith("/") and not path.startswith(("//", "/\\"))
    if parts.scheme or parts.netloc or not local or any(ord(sign) < 32 for sign in path):
        return "/"
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.path}{query}#{quote(anchor)}" if anchor else f"{parts.path}{query}"
