"""How routes answer: documented errors, and documents sent as they are stored."""

import json
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from aggregator import cite
from aggregator.digest.render import page_url
from aggregator.store.papers import Page
from api.problems import MEDIA_TYPE
from api.schemas import Problem


def _documented(description: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": description, "content": {MEDIA_TYPE: {"schema": schema}}}


_ERRORS: dict[int | str, dict[str, Any]] = {
    400: _documented("A parameter is wrong; the document says which and what was expected"),
    401: _documented("A token is missing, unknown or revoked"),
    403: _documented("The token may not do this"),
    404: _documented("There is no such thing here"),
    409: _documented("It cannot be done as things are; the document says why"),
    429: _documented("Too many requests of this client; `Retry-After` says when to come again"),
    # "default" also keeps FastAPI from promising a 422 that is never sent.
    "default": _documented("Anything else: 405, 429, 500, 503"),
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The documented errors of a route: these, and the unforeseen."""
    return {status: _ERRORS[status] for status in (*statuses, "default")}


def cite_schema(media_type: str) -> dict[str, Any]:
    """The form of an answer of this type that is no document of ours: a text, but for CSL's array."""
    if media_type == cite.MEDIA_TYPES["csl-json"]:
        return {"type": "array", "items": {"type": "object"}}
    return {"type": "string"}


def json_bytes(value: Any) -> Response:
    """JSON that is known to have the declared form."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Response(content, media_type="application/json")


def paper_list(page: Page, base_url: str) -> Response:
    """A page of stored documents, each with its `url`; they are not read and written again."""
    pages = json.dumps(page_url(base_url, ""))[:-1]
    items = ",".join(
        f'{text[:-1]},"url":{pages}{quote(key, safe="")}"}}' for key, text in page.rows
    )
    content = f'{{"items":[{items}],"next":{json.dumps(page.next)}}}'
    return Response(content, media_type="application/json")


def moved(request: Request, path: str, status: int = 301) -> Response:
    """A redirection to where a paper is now, with all that was asked: without its cursor a client that goes
    page by page would begin again for ever."""
    query = request.url.query
    return RedirectResponse(f"{path}?{query}" if query else path, status)


def with_url(doc: dict[str, Any], base_url: str) -> dict[str, Any]:
    """A stored document as the API gives it."""
    return {**doc, "url": page_url(base_url, doc["id"])}
