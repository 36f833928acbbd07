"""Digests: what is new in a topic, as JSON, HTML, text or Markdown."""

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from aggregator import cite
from aggregator.digest import render
from aggregator.digest.select import Digest as Selected
from aggregator.digest.select import papers_of
from aggregator.sending import news
from api import session
from api.deps import Services, ServicesDep
from api.params import DigestParams
from api.routes.responses import cite_schema, errors, json_bytes
from api.schemas import Digest

router = APIRouter(prefix="/api/v1/digests", tags=["digests"])

_TYPES = {"text": "text/plain", "markdown": "text/markdown", "html": "text/html"}
# The HTML form is one document with its style inside: nothing else may be loaded or run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
_FORMS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media: {"schema": cite_schema(media)}
            for media in (*_TYPES.values(), *cite.MEDIA_TYPES.values())
        }
    }
}


@router.get("/{name}", response_model=Digest, responses=errors(400, 404) | _FORMS)
def get_digest(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Path(examples=["gan"], description="A topic or another watch")],
    params: Annotated[DigestParams, Query()],
) -> Response:
    """What is new in a topic and the topics under it, or in a watch; without `date`, in the days up
    to now. Who is signed in sees that of their own watches, too."""
    since, until = _period(params, services.now())
    args = (services.store, services.settings, services.config)
    if services.config.topic(name):
        digest, sources = news.digest(*args, (name,), since, until, params.limit)
    else:
        mine = session.account(request)
        digest, sources = news.watch_digest(
            *args, name, since, until, params.limit, mine and mine.person_pk
        )
    answer = _answer(services, params, digest, sources)
    if session.account(request):
        answer.headers.update({"Cache-Control": "private, no-store", "Vary": "Cookie"})
    return answer


def _answer(
    services: Services, params: DigestParams, digest: Selected, sources: list[dict[str, Any]]
) -> Response:
    """The digest in the form that was asked for."""
    if params.format == "json":
        return json_bytes(render.data(digest, sources, services.base_url))
    if params.format in cite.FORMATS:
        content = "".join(cite.FORMATS[params.format](papers_of(digest)))
        return Response(content, media_type=cite.MEDIA_TYPES[params.format])
    content = render.FORMATS[params.format](digest, sources, services.base_url, params.lang)
    headers = {"Content-Security-Policy": _POLICY} if params.format == "html" else None
    return Response(content, media_type=_TYPES[params.format], headers=headers)


def _period(params: DigestParams, now: datetime) -> tuple[datetime, datetime]:
    until = now
    if params.date:
        until = datetime.combine(params.date.date(), time(0), UTC) + timedelta(days=1)
    return until - timedelta(days=params.days), until
