"""A digest as text, Markdown, HTML or JSON; whatever came from outside is escaped here."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from aggregator.clock import iso
from aggregator.digest.gist import gist
from aggregator.digest.select import Digest
from aggregator.digest.wrap import wrap

COLUMNS = 100
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")
_STARTS_BLOCK = re.compile(r"^(\s*)([-+=]|\d+[.)])")
_DAY = timedelta(days=1)

Sources = Sequence[Mapping[str, Any]]
"""What `status.source_states` says: at least "name", "status" and "message" of each source."""


def text(digest: Digest, sources: Sources, base_url: str = "") -> str:
    """Plain text of at most 100 columns; only a longer address goes beyond."""
    return _render("digest.txt.j2", digest, sources, base_url)


def markdown(digest: Digest, sources: Sources, base_url: str = "") -> str:
    """CommonMark."""
    return _render("digest.md.j2", digest, sources, base_url)


def html(digest: Digest, sources: Sources, base_url: str = "") -> str:
    """A document that needs nothing else: for a browser, or as the HTML part of a mail."""
    return _render("digest.html.j2", digest, sources, base_url)


def data(digest: Digest, sources: Sources, base_url: str = "") -> dict[str, Any]:
    """The digest as JSON values, in the form of the contract; each paper also has its `marks`."""
    return {
        "period": {"from": iso(digest.since), "until": iso(digest.until)},
        "note": digest.note,
        "topics": [
            {
                "name": section.name,
                "title": section.title,
                "items": [
                    {**i.paper, "url": page_url(base_url, i.paper["id"]), "marks": list(i.marks)}
                    for i in section.items
                ],
                "more": section.more,
            }
            for section in digest.sections
        ],
        "sources": [{k: s[k] for k in ("name", "status", "message")} for s in sources],
    }


FORMATS: Mapping[str, Callable[[Digest, Sources, str], str]] = {
    "text": text,
    "markdown": markdown,
    "html": html,
}


def per_cent(probability: float) -> str:
    """0.874 -> "87%"; a model is never certain, so that 0.998 is ">99%"."""
    return ">99%" if 0.995 <= probability < 1 else f"{probability:.0%}"


def page_url(base_url: str, paper_id: str) -> str:
    """The address of a paper's page; without `base_url` (the public address) a path."""
    return f"{base_url.rstrip('/')}/papers/{quote(paper_id, safe='')}"


def web_url(url: Any) -> str:
    """The address if a browser may follow it, that is http(s) and a host; else ""."""
    if not isinstance(url, str) or _CONTROLS.search(url) or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def byline(authors: Sequence[str], most: int = 3) -> str:
    """ "A, B, C et al." """
    return ", ".join(authors[:most]) + (" et al." if len(authors) > most else "")


def place(paper: Mapping[str, Any]) -> str:
    """Where it appeared: the venue, else the first category, else the source."""
    entry = next(iter(paper.get("entries") or ()), {})
    first = next(iter(paper.get("categories") or ()), "")
    return paper.get("venue") or first or entry.get("source", "")


def links(paper: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what it is, address) of the links that a browser may follow."""
    given = paper.get("links") or {}
    names = ("abstract", "pdf", "code")
    return [(name, url) for name in names if (url := web_url(given.get(name)))]


def period(digest: Digest) -> str:
    """ "Monday 13 November 2017", "7 to 13 November 2017", or two moments."""
    since, until = digest.since, digest.until
    if not (_is_midnight(since) and _is_midnight(until)):
        return f"{since:%-d %B %Y %H:%M} to {until:%-d %B %Y %H:%M} UTC"
    last = until - _DAY
    if last == since:
        return f"{since:%A %-d %B %Y}"
    return f"{since:%-d %B %Y} to {last:%-d %B %Y}"


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute, moment.second) == (0, 0, 0)


def _render(template: str, digest: Digest, sources: Sources, base_url: str) -> str:
    page = _environment().get_template(template)
    return page.render(digest=digest, sources=sources, base_url=base_url.rstrip("/"))


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
        "clean": clean,
        "gist": gist,
        "byline": byline,
        "place": place,
        "links": links,
        "md": escape_markdown,
        "md_url": markdown_url,
        "wrap": lambda value, first="", rest=None: wrap(value, COLUMNS, first, rest),
        "source_line": source_line,
        "per_cent": per_cent,
    }
    environment.globals |= {"page_url": page_url, "period": period}
    return environment


def source_line(source: Mapping[str, Any]) -> str:
    """ "arxiv: not out yet. The listing is late." """
    status = (source["status"] or "").replace("_", " ")
    return f"{source['name']}: " + ". ".join(said for said in (status, source["message"]) if said)


def clean(value: str) -> str:
    """Without control characters, so that a title cannot steer a terminal; blanks collapsed."""
    return " ".join(_CONTROLS.sub(" ", value).split())


def escape_markdown(value: str) -> str:
    """Text that Markdown shows as it is."""
    escaped = _MARKDOWN.sub(r"\\\1", clean(value)).replace("&", "&amp;").replace("://", ":\u200b//")
    return _STARTS_BLOCK.sub(_escape_start, escaped)


def _escape_start(match: re.Match[str]) -> str:
    """ "1. " would begin a list: the mark itself is escaped, not the number."""
    blanks, mark = match.groups()
    return f"{blanks}{mark[:-1]}\\{mark[-1]}"


def markdown_url(url: str) -> str:
    """An address that ends where it should in a Markdown link."""
    return quote(url, safe="%/:=&?~#+!$,;'@-.")
