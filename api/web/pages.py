"""The page of one paper; and errors."""

from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from aggregator.store import citations, news, papers, similar
from api.deps import ServicesDep
from api.routes.responses import moved
from api.web import reader
from api.web.paper import discussions, steps
from api.web.view import page
from api.web.why import reasons_of

router = APIRouter(include_in_schema=False, default_response_class=Response)

CITING, SIMILAR = 10, 6
"""Papers shown on a paper's page that cite it last, and that are most like it."""


@router.get("/papers/{name:path}")
def show_paper(request: Request, services: ServicesDep, name: str) -> Response:
    """One paper; by another of its names, a redirection to its page."""
    with services.store.read() as connection:
        doc, is_alias = papers.by_name(connection, name)
        if doc["id"] != name:
            return moved(request, f"/papers/{quote(doc['id'], safe='')}", 301 if is_alias else 302)
        happened = news.timeline(connection, doc["id"])
        citing = citations.page(connection, doc["id"], CITING).items
        alike = similar.of(connection, doc, SIMILAR) if doc["kind"] == "paper" else []
    values = {
        "paper": doc,
        "topics": {t.name: t for t in services.config.topics},
        "kept": reader.kept_of(request, services, {doc["id"]}),
        "steps": steps(doc, happened),
        "discussions": discussions(doc),
        "citing": citing,
        "similar": alike,
        "why": reasons_of(services, doc),
        "said_by_me": reader.said_of(request, services, doc["id"]),
    }
    return page(request, "paper.html", values)


def error_page(request: Request, status: int, detail: str) -> Response:
    """The page for an error."""
    # What is only sent to cannot be asked for again, in another language neither.
    at = "" if request.method in ("GET", "HEAD") else "/"
    values = {"status": status, "detail": detail, "own": _may_be_own(request, status)}
    return page(request, "error.html", values, status, at=at)


def _may_be_own(request: Request, status: int) -> bool:
    """May a page that a guest does not find be a watch of somebody's own? Said of every name alike: which
    are taken is nobody's business."""
    guest = reader.of(request).account is None
    accounts = request.app.state.services.settings.accounts
    return status == 404 and guest and accounts and request.url.path.startswith("/watches/")
