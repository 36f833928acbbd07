"""Templates -> pages, with the language and the headers that every page has."""

import re
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from aggregator.cite import highwire
from aggregator.clock import parse_moment
from aggregator.digest import render
from aggregator.digest.gist import gist
from api.address import base_url
from api.web import language

YEAR = 365 * 24 * 3600


def page(
    request: Request, template: str, values: dict[str, Any], status: int = 200, *, lang: str = ""
) -> HTMLResponse:
    """The page in the reader's language, or in `lang`; a language asked for in the address is kept
    in a cookie."""
    t = language.language(lang) if lang else language.chosen(request)
    other = "zh" if t.code == "en" else "en"
    kept = [(k, v) for k, v in request.query_params.multi_items() if k != "lang"]
    content = (
        _environment()
        .get_template(template)
        .render(
            values,
            t=t,
            path=request.url.path,
            base=base_url(request),
            other_language=other,
            other_address=f"{request.url.path}?{urlencode([*kept, ('lang', other)])}",
        )
    )
    response = HTMLResponse(content, status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    response.headers["Content-Language"] = t.code
    if request.query_params.get("lang") in language.CODES:
        response.set_cookie(language.COOKIE, t.code, max_age=YEAR, httponly=True, samesite="lax")
    return response


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("api.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "gist": gist,
        "moment": moment,
        "web_url": render.web_url,
        "links": render.links,
        "place": render.place,
        "paragraphs": paragraphs,
        "code": code,
        "page_url": lambda paper_id: render.page_url("", paper_id),
        "per_cent": render.per_cent,
        "citation_tags": citation_tags,
    }
    return environment


def citation_tags(paper: dict[str, Any], base: str) -> list[tuple[str, str]]:
    """(name, content) of the tags by which reference managers know a paper's page."""
    return highwire.tags(paper, render.page_url(base, paper["id"]))


def moment(text: str) -> datetime:
    """A moment of a document."""
    return parse_moment(text)


def code(text: str) -> Markup:
    """Escaped text with what stands in `backticks` set as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of an abstract."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
