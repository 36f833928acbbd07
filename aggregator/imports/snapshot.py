"""arXiv's metadata snapshot as published on Kaggle: one JSON object per paper, its latest version.

Its fields: https://www.kaggle.com/datasets/Cornell-University/arxiv. When a version was announced is
computed from when it was submitted, by arXiv's calendar.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from aggregator.imports import lines as rows
from aggregator.models import Draft
from aggregator.parse import dates, ids, text
from aggregator.sources.arxiv import months
from aggregator.sources.arxiv.records import build


def fits(name: str, first: bytes) -> bool:
    """Its first line has the snapshot's own fields."""
    del name
    return b'"authors_parsed"' in first and b'"versions"' in first


def read(name: str, lines: Iterable[bytes]) -> Iterator[tuple[Draft, ...] | str]:
    """Each paper's latest version."""
    del name
    return rows.records(lines, lambda row: (_draft(row),))


def _draft(row: Mapping[str, Any]) -> Draft:
    found = ids.arxiv_id(str(row.get("id") or ""))
    if found is None:
        raise ValueError("no arXiv id")
    title = row.get("title") or ""
    if not title.strip():
        raise ValueError("no title")
    versions = _versions(row.get("versions"))
    return build(
        found[0],
        versions,
        first_public=months.announced(found[0], versions[0][1]),
        published=months.announced(found[0], versions[-1][1]),
        title=title,
        abstract=row.get("abstract") or "",
        authors=_authors(row),
        categories=(row.get("categories") or "").split(),
        comments=row.get("comments") or "",
        journal_ref=row.get("journal-ref") or "",
        doi=row.get("doi") or "",
        fidelity=1,
    )


def _versions(given: Any) -> list[tuple[int, datetime]]:
    found = []
    for one in given if isinstance(given, list) else ():
        number = str(one.get("version") or "").lstrip("v")
        moment = dates.rfc822(str(one.get("created") or ""))
        if number.isascii() and number.isdigit() and len(number) < 4 and moment:
            found.append((int(number), moment))
    if not found:
        raise ValueError("no version with a date")
    return sorted(found)


def _authors(row: Mapping[str, Any]) -> tuple[str, ...]:
    """From `authors_parsed`: [keyname, forenames, suffix, …] of each."""
    parsed = row.get("authors_parsed")
    if not isinstance(parsed, list) or not parsed:
        return text.split_authors(row.get("authors") or "")
    names = text.plain_each([_name(parts) for parts in parsed if len(parts) > 1])
    return tuple(filter(None, names))


def _name(parts: Sequence[str]) -> str:
    keyname, forenames, *more = parts
    if keyname and forenames and not (more and more[0]):
        return forenames + " " + keyname  # nearly all
    return " ".join(filter(None, (forenames, keyname, *more[:1])))
