"""What came from outside, made fit to be shown, and what all forms say of a paper."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

from aggregator.parse.tex import tex_to_text
from aggregator.parse.text import storable

TITLE, NAME, MESSAGE, URL = 240, 80, 160, 2_000
"""Most characters shown of a title, of a name (a person's, a venue's, a topic's) and of a source's
message; a longer address is no link."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def clean(value: str, most: int | None = None) -> str:
    """Without control characters, so that a title cannot steer a terminal; blanks collapsed. Of a
    longer one the first `most` characters, an ellipsis included."""
    if most is not None:
        value = value[: most * 8]  # what is far beyond need not be read
    value = " ".join(storable(_CONTROLS.sub(" ", value)).split())
    return value if most is None else cut(value, most)


def cut(text: str, most: int) -> str:
    """The text, or as much of it as fits with an ellipsis, at a blank if one is near."""
    if len(text) <= most:
        return text
    end = max(most - 1, 0)
    while end and unicodedata.combining(text[end]):
        end -= 1
    head = text[:end]
    near = head.rfind(" ", len(head) // 2)
    return (head[:near] if near > 0 else head).rstrip(" ,;:") + "…"


def title(paper: Mapping[str, Any]) -> str:
    """The title as people read it, TeX made Unicode; "" if there is none."""
    return clean(tex_to_text(clean(paper.get("title") or "", TITLE * 4)), TITLE)


def per_cent(probability: float) -> str:
    """0.874 -> "87%"; a model is never certain, so that 0.998 is ">99%"."""
    return ">99%" if 0.995 <= probability < 1 else f"{probability:.0%}"


def page_url(base_url: str, paper_id: str) -> str:
    """The address of a paper's page; without `base_url` (the public address) a path."""
    return f"{base_url.rstrip('/')}/papers/{quote(paper_id, safe='')}"


def web_url(url: Any) -> str:
    """The address if a browser may follow it, that is http(s) and a host; else ""."""
    if not isinstance(url, str) or len(url) > URL or _CONTROLS.search(url) or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname else ""


def byline(authors: Sequence[str], most: int = 3, others: str = " et al.") -> str:
    """ "A, B, C et al." """
    names = [clean(name, NAME) for name in authors[:most]]
    return ", ".join(names) + (others if len(authors) > most else "")


def place(paper: Mapping[str, Any]) -> str:
    """Where it appeared: the venue, else the first category, else the source."""
    entry = next(iter(paper.get("entries") or ()), {})
    first = next(iter(paper.get("categories") or ()), "")
    return paper.get("venue") or first or entry.get("source", "")


def links(paper: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(what it is, address) of the links that a browser may follow."""
    given = paper.get("links") or {}
    names = ("abstract", "pdf", "code", "related")
    return [(name, url) for name in names if (url := web_url(given.get(name)))]
