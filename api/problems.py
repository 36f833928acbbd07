"""Errors as problem documents (RFC 9457), or as pages where a person is reading."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from aggregator.errors import NotFoundError, UsageError
from aggregator.expected import in_words

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

ErrorPage = Callable[[Request, int, str], Response]
"""Makes the page that a browser gets: request, status, sentence."""


class Unavailable(Exception):
    """The service cannot answer now; the sentence says why. Becomes a 503."""


def problem(
    status: int,
    detail: str,
    *,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """A problem document; `errors` name the parameters that are wrong."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    content = json.dumps(body, ensure_ascii=False)
    return Response(content, status, dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI, error_page: ErrorPage) -> None:
    """Answer every error, foreseen or not, with a problem document or a page."""

    def answer(request: Request, status: int, detail: str, **more: Any) -> Response:
        if _for_person(request):
            page = error_page(request, status, detail)
            page.headers.update(more.get("headers") or {})
            return page
        return problem(status, detail, **more)

    def not_found(request: Request, error: Exception) -> Response:
        return answer(request, 404, str(error))

    def bad_usage(request: Request, error: Exception) -> Response:
        return answer(request, 400, str(error))

    def unavailable(request: Request, error: Exception) -> Response:
        return answer(request, 503, str(error), headers={"Retry-After": "10"})

    def no_database(request: Request, error: Exception) -> Response:
        log.error("the database cannot be asked: %s", type(error).__name__)
        return unavailable(request, Unavailable("The database cannot be reached."))

    def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [_said(one, request) for one in error.errors()]
        detail = "; ".join(f"{one['parameter']}: {one['message']}" for one in errors) + "."
        return answer(request, 400, detail, errors=errors)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        detail = _PLAIN.get(error.status_code, error.detail)
        if error.status_code == 404 and request.url.path.startswith("/api"):
            detail = "There is nothing at this address; what there is stands at /docs."
        return answer(request, error.status_code, detail, headers=error.headers)

    def unforeseen(request: Request, error: Exception) -> Response:
        # The traceback goes to the server's log (Starlette raises the error again after this).
        return answer(request, 500, "Something went wrong here; it has been logged.")

    for kind, handler in (
        (NotFoundError, not_found),
        (UsageError, bad_usage),
        (Unavailable, unavailable),
        (OperationalError, no_database),
        (RequestValidationError, invalid),
        (HTTPException, http),
        (Exception, unforeseen),
    ):
        app.add_exception_handler(kind, handler)


_PLAIN = {404: "There is nothing at this address.", 405: "This address does not take that method."}


def _for_person(request: Request) -> bool:
    """Is this one of the pages, asked for by a browser?"""
    machine = request.url.path.startswith(("/api/", "/healthz", "/readyz", "/openapi.json"))
    return not machine and "text/html" in request.headers.get("accept", "")


def _said(error: Mapping[str, Any], request: Request) -> dict[str, str]:
    """What is wrong with one parameter, without echoing the value."""
    first, *where = place = [str(part) for part in error["loc"]] or [""]
    if first not in ("query", "path", "body", "header"):
        where.insert(0, first)
    unknown = error["type"] == "extra_forbidden"
    message = "there is no such parameter" if unknown else in_words(error)
    if unknown and place[0] == "query" and (known := _parameters(request)):
        message += f"; expected one of: {', '.join(known)}"
    if error["type"] == "json_invalid":  # its place is that of a sign
        where = ["body"]
    return {"parameter": ".".join(where) or "request", "message": message}


def _parameters(request: Request) -> list[str]:
    """What the route takes in its query, as the reference says; of a page nothing is said."""
    path = getattr(request.scope.get("route"), "path", "")
    operations = request.app.openapi()["paths"].get(path, {})
    described = operations.get(request.method.lower(), {}).get("parameters", ())
    return [one["name"] for one in described if one["in"] == "query"]
