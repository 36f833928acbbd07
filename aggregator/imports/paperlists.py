"""Lists of accepted papers as github.com/papercopilot/paperlists publishes them: one JSON array per
venue and year, named for them ("cvpr2017.json")."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from aggregator.imports import lines as rows
from aggregator.models import Draft
from aggregator.parse import ids
from aggregator.parse.links import resolve
from aggregator.parse.text import title_key

KIND = "paperlists"
_NAME = re.compile(r"^([a-z][a-z0-9]{1,11}?)[-_]?((?:19|20)\d\d)$")
_DECLINED = re.compile(r"reject|withdraw|desk", re.IGNORECASE)
_SPELT = {
    "neurips": "NeurIPS",
    "nips": "NIPS",
    "corl": "CoRL",
    "3dv": "3DV",
    "iclr": "ICLR",
    "automl": "AutoML",
}
MIDDLE_OF_THE_YEAR = 7  # a month; the lists have no dates


def fits(name: str, first: bytes) -> bool:
    """A JSON array whose file is named for a venue and a year."""
    return first.lstrip().startswith(b"[") and _venue(name) is not None


def read(name: str, lines: Iterable[bytes]) -> Iterator[tuple[Draft, ...] | str]:
    """Each accepted paper; those that were declined or withdrawn are left out."""
    venue = _venue(name)
    if venue is None:
        raise ValueError('expected a file named for its venue and year, such as "cvpr2017.json"')
    found = json.loads(b"".join(lines))
    if not isinstance(found, list):
        raise ValueError("expected a JSON array")
    for row in found:
        if not isinstance(row, dict):
            yield "no JSON object"
            continue
        row = {k: _mended(v) if isinstance(v, str) else v for k, v in row.items()}
        title = rows.text(row, "title")
        if not title_key(title):
            yield "an item without a title"
        elif _DECLINED.search(rows.text(row, "status")):
            yield f"{title[:60]}: not accepted"
        else:
            yield (_draft(row, *venue),)


def _draft(row: Mapping[str, Any], venue: str, year: int) -> Draft:
    title = rows.text(row, "title")
    links = [rows.text(row, name) for name in ("oa", "site", "pdf", "openreview")]
    named = [found.partition(":") for link in links if link and (found := resolve(link))]
    identifiers = {kind: value for kind, _, value in reversed(named)}
    arxiv = ids.arxiv_id(rows.text(row, "arxiv"))
    if arxiv:
        identifiers["arxiv"] = arxiv[0]
    spelt = f"{_SPELT.get(venue, venue.upper())} {year}"
    status = rows.text(row, "status")
    extra = {
        "venue": spelt,
        "pdf": rows.text(row, "pdf"),
        "decision": "accepted",
        "presentation": status.lower() if status.lower() in ("oral", "spotlight", "poster") else "",
        "keywords": [w for part in rows.text(row, "keywords").split(";") if (w := part.strip())],
    }
    return Draft(
        kind=KIND,
        native_id=f"{venue}{year}/{(rows.text(row, 'id') or title_key(title))[:120]}",
        role="proceedings",
        title=title,
        url=next((link for link in links if link.startswith(("https://", "http://"))), ""),
        published=datetime(year, MIDDLE_OF_THE_YEAR, 1, tzinfo=UTC),
        abstract=rows.text(row, "abstract"),
        authors=_authors(rows.text(row, "author", "authors")),
        year=year,
        identifiers=identifiers,
        dated=False,
        extra={k: v for k, v in extra.items() if v},
    )


def _authors(given: str) -> tuple[str, ...]:
    """Semicolons between names, or commas where there is no semicolon."""
    parts = re.split(";" if ";" in given else ",", given)
    return tuple(name for part in parts if (name := part.strip()))


def _mended(text: str) -> str:
    """Some files were read as Latin-1 when they were UTF-8: "KoÅ¡eckÃ¡" -> "Košecká"."""
    if not re.search("[\u00c2-\u00f4][\u0080-\u00bf]", text):
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _venue(name: str) -> tuple[str, int] | None:
    stem = PurePath(name).name.lower().removesuffix(".gz").removesuffix(".json")
    match = _NAME.match(stem) or re.match(r"^(3dv)((?:19|20)\d\d)$", stem)
    return (match[1], int(match[2])) if match else None
