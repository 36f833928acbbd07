"""Templates -> pages, with the language and the headers that every page has."""

import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
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
from aggregator.digest.language import language as digest_language
from aggregator.digest.quiet import unasked
from aggregator.store.kept import NOTHING, Kept
from api.address import base_url, is_https
from api.web import language, reader
from api.web.typeset import typeset

YEAR = 365 * 24 * 3600
STATIC = Path(__file__).parent / "static"
THEME_COOKIE, THEMES = "theme", ("light", "dark")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
AS_SYSTEM = "system"
"""Asked for as a theme: what was chosen is forgotten."""


def page(
    request: Request,
    template: str,
    values: dict[str, Any],
    status: int = 200,
    *,
    lang: str = "",
    at: str = "",
) -> HTMLResponse:
    """The page in the reader's language, or in `lang`; a language asked for in the address is kept
    in a cookie. The answer to a form whose address is only sent to says `at` which one its links to
    another language and theme lead."""
    t = language.language(lang) if lang else language.chosen(request)
    other = "zh" if t.code == "en" else "en"
    theme = _theme(request)
    settings = request.app.state.services.settings
    mine = reader.of(request)
    content = (
        environment()
        .get_template(template)
        .render(
            values,
            t=t,
            path=request.url.path,
            here=address(request, at),
            base=base_url(request),
            other_language=other,
            other_address=address(request, at, lang=other),
            theme=theme,
            theme_address=address(request, at, theme="light" if theme == "dark" else "dark"),
            form_token=lambda: reader.form_token(request),
            local=mine.local,
            member=mine.member,
            accounts=settings.accounts,
            account=mine.account,
        )
    )
    response = HTMLResponse(content, status)
    response.headers["Vary"] = "Accept-Language, Cookie"
    # Where somebody may sign out, no page stays behind in the browser.
    response.headers["Cache-Control"] = "no-store" if mine.account else "private, no-cache"
    response.headers["Content-Language"] = t.code
    kept: dict[str, Any] = {"max_age": YEAR, "samesite": "lax", "secure": is_https(request)}
    if request.query_params.get("lang") in language.CODES:
        response.set_cookie(language.COOKIE, t.code, httponly=True, **kept)
    if request.query_params.get("theme") in THEMES:
        # The button of the page sets it too, so scripts may.
        response.set_cookie(THEME_COOKIE, theme, **kept)
    elif request.query_params.get("theme") == AS_SYSTEM:
        response.delete_cookie(THEME_COOKIE, samesite="lax")
    reader.introduce(request, response)
    return response


def address(request: Request, at: str = "", **changed: str) -> str:
    """The address of this page, or of the one `at` this path, with other parameters; language and theme
    are left to the cookies."""
    kept = {k: v for k, v in request.query_params.multi_items() if k not in ("lang", "theme")}
    pairs = [
        (k, v) for k, v in request.query_params.multi_items() if k in kept and k not in changed
    ]
    query = urlencode([*pairs, *((k, v) for k, v in changed.items() if v)])
    path = at or request.url.path
    return f"{path}?{query}" if query else path


def _theme(request: Request) -> str:
    """light, dark, or "" for the one that the reader's system is set to."""
    asked = request.query_params.get("theme") or request.cookies.get(THEME_COOKIE, "")
    return asked if asked in THEMES else ""


@cache
def asset(name: str) -> str:
    """The address of a file of `static/`; another one when the file changes."""
    return f"/static/{name}?v={sha256((STATIC / name).read_bytes()).hexdigest()[:10]}"


@cache
def environment() -> Environment:
    """What the templates are made into pages with."""
    made = Environment(
        loader=PackageLoader("api.web", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "gist": gist,
        "moment": moment,
        "web_url": render.web_url,
        "links": render.links,
        "place": render.place,
        "paragraphs": paragraphs,
        "code": code,
        "searches": searches,
        "page_url": lambda paper_id: render.page_url("", paper_id),
        "per_cent": render.per_cent,
        "unasked": unasked,
        "citation_tags": citation_tags,
        "typeset": typeset,
        "explained": lambda source, t: digest_language(t.code).explained(source),
        "told": told,
    }
    made.globals |= {"asset": asset, "keeps": keeps}
    return made


def keeps(kept: Mapping[str, Kept], paper_id: str) -> Kept:
    """What the reader keeps of a paper."""
    return kept.get(paper_id, NOTHING)


def citation_tags(paper: dict[str, Any], base: str) -> list[tuple[str, str]]:
    """(name, content) of the tags by which reference managers know a paper's page."""
    return highwire.tags(paper, render.page_url(base, paper["id"]))


def moment(text: str) -> datetime:
    """A moment of a document."""
    return parse_moment(text)


def told(message: str, t: language.Language) -> str:
    """A source's message in the reader's language, with its moments as people write them."""
    said = digest_language(t.code).told(message)
    return _MOMENT.sub(lambda found: _as_written(found[0], t), said)


def _as_written(text: str, t: language.Language) -> str:
    try:
        return t.time(parse_moment(text))
    except ValueError:  # upstreams are quoted, too
        return text


def searches(text: str) -> Markup:
    """Escaped text with what stands in `backticks` made links that search for it."""
    link = Markup('<a href="/search?{}"><code>{}</code></a>')
    parts = enumerate(text.split("`"))
    return Markup("").join(
        link.format(urlencode({"q": part}), part) if n % 2 else part for n, part in parts
    )


def code(text: str) -> Markup:
    """Escaped text with what stands in `backticks` set as code."""
    return Markup(re.sub(r"`([^`]*)`", r"<code>\1</code>", str(escape(text))))


def paragraphs(text: str) -> list[str]:
    """The paragraphs of an abstract."""
    return [" ".join(part.split()) for part in text.split("\n\n") if part.strip()]
