"""What feedparser's own samples say must come out of them, where it is something that Daypaper keeps."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aggregator.parse.feed import FeedEntry
from aggregator.parse.text import plain

_EXPECT = re.compile(r"^Expect:\s*(.+)$", re.MULTILINE)
_TYPE = re.compile(r"^Header:\s*Content-type:\s*(.+)$", re.MULTILINE | re.IGNORECASE)
_STRING = r"""u?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")"""
_CLAIM = re.compile(
    rf"entries\[(\d+)\]\['(title|link|id|author|published_parsed|updated_parsed)'\]\s*==\s*"
    rf"({_STRING}|\([\d, ]+\))"
)


@dataclass(frozen=True)
class Claim:
    """An item's field and its value."""

    item: int
    field: str
    value: Any


def content_type(body: bytes) -> str:
    """The Content-Type that a sample wants to be served with; "" if it does not say."""
    found = _TYPE.search(body[:3000].decode("latin-1"))
    return found[1].strip() if found else ""


def claims(body: bytes) -> Iterator[Claim]:
    """Everything a sample says of its items; samples in wide encodings say it in those."""
    text = body[:3000].replace(b"\0", b"").decode("utf-8", "replace")
    said = _EXPECT.search(text)
    if said is None or " not in " in said[1] or " or " in said[1]:
        return
    for match in _CLAIM.finditer(said[1]):
        yield Claim(int(match[1]), match[2], ast.literal_eval(match[3].lstrip("u")))


def agrees(entry: FeedEntry, claim: Claim) -> bool:
    """Does the item say so, as far as readers see?"""
    if claim.field == "title":
        return plain(entry.title) == plain(claim.value)
    if claim.field == "author":
        return plain(", ".join(entry.authors)) == plain(claim.value)
    if claim.field in ("link", "id"):
        return getattr(entry, claim.field) == claim.value
    read = entry.published if claim.field == "published_parsed" else entry.updated
    return read == datetime(*claim.value[:6], tzinfo=UTC)
