"""A sheet as HTML, plain text or Markdown; whatever came from outside is escaped here."""

import re
from bisect import bisect_left
from functools import cache
from urllib.parse import quote

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.digest.sheet import Sheet
from aggregator.digest.show import clean
from aggregator.digest.wrap import width, wrap

COLUMNS = 76
"""Of plain text: quoted twice it still fits into 80 columns."""
MOST_BYTES = 98_000
"""Of HTML. Gmail clips a message at 102 KB; a few are left for what is changed on the way."""

_FILLER = "\u034f\u200c\u00a0" * 60
"""Shows nothing: keeps mail programs from adding the first words of the page to the preview."""
_TAGS = {"en": "en", "zh": "zh-Hans"}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_STARTS_BLOCK = re.compile(r"^(\s*)([-+=]|\d+[.)])")


def fitted(sheet: Sheet) -> tuple[Sheet, str]:
    """The sheet as far as its HTML stays within `MOST_BYTES`, and that HTML.

    First papers lose all but title and authors, those at the end of each section before those at
    its head; then they are only counted. All of them counted, what is left always fits.
    """
    made = html(sheet)
    if _fits(made):
        return sheet, made
    most = max(len(part.cards) for part in sheet.parts)
    steps = [(full, most) for full in range(most - 1, 0, -1)]
    steps += [(0, shown) for shown in range(most, -1, -1)]
    at = bisect_left(steps, True, key=lambda step: _fits(html(sheet.shortened(*step))))
    shorter = sheet.shortened(*steps[min(at, len(steps) - 1)])
    return shorter, html(shorter)


def html(sheet: Sheet) -> str:
    """A document that needs nothing else: for a browser, or as the HTML part of a mail."""
    return _inliner().inline(_render("digest.html.j2", sheet))


def text(sheet: Sheet) -> str:
    """Plain text of at most `COLUMNS` columns; only a longer address goes beyond."""
    return _render("digest.txt.j2", sheet)


def markdown(sheet: Sheet) -> str:
    """CommonMark."""
    return _render("digest.md.j2", sheet)


def escape_markdown(value: str) -> str:
    """Text that Markdown shows as it is."""
    escaped = _MARKDOWN.sub(r"\\\1", clean(value)).replace("&", "&amp;").replace("://", ":\u200b//")
    return _STARTS_BLOCK.sub(_escape_start, escaped)


def markdown_url(url: str) -> str:
    """An address that ends where it should in a Markdown link."""
    return quote(url, safe="%/:=&?~#+!$,;'@-.")


def _escape_start(match: re.Match[str]) -> str:
    """ "1. " would begin a list: the mark itself is escaped, not the number."""
    blanks, mark = match.groups()
    return f"{blanks}{mark[:-1]}\\{mark[-1]}"


def _fits(made: str) -> bool:
    return len(made.encode()) <= MOST_BYTES


def _render(template: str, sheet: Sheet) -> str:
    page = _environment().get_template(template)
    return page.render(
        sheet=sheet, t=sheet.t, lang=_TAGS[sheet.t.code], columns=COLUMNS, filler=_FILLER
    )


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(
        keep_style_tags=True, remove_inlined_selectors=True, load_remote_stylesheets=False
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("aggregator.digest", "templates"),
        autoescape=lambda name: bool(name) and ".html" in name,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "md": escape_markdown,
        "md_url": markdown_url,
        "width": width,
        "wrap": lambda value, first="", rest=None: wrap(value, COLUMNS, first, rest),
    }
    return environment
