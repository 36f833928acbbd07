"""Daypaper's own export, one paper a line with all its entries; or plain records of papers.

A plain record has a `title`, and of `abstract`, `authors`, `year`, `venue`, `arxiv`, `doi`, `url`,
`published` what is known.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, get_args

from aggregator.imports import lines as rows
from aggregator.models import Draft, Role
from aggregator.parse import dates, ids
from aggregator.parse.text import title_key

KIND = "record"
ROLES: dict[str, Role] = {
    "arxiv": "preprint",
    "works": "work",
    "cvf": "proceedings",
    "ecva": "proceedings",
    "neurips": "proceedings",
    "pmlr": "proceedings",
    "virtual": "proceedings",
    "crossref": "proceedings",
    "openreview": "proceedings",
    "s2": "citing",
    "openalex": "citing",
    KIND: "citing",
}
"""What an entry of a kind is to its paper, where it does not say so; every other kind is a post's."""

_NAMED_BY = {"crossref": "doi"}
"""Kinds of entries whose native ids are identifiers of another kind."""


def fits(name: str, first: bytes) -> bool:
    """Lines of JSON objects with a title."""
    del name
    return first.lstrip().startswith(b"{") and b'"title"' in first


def read(name: str, lines: Iterable[bytes]) -> Iterator[tuple[Draft, ...] | str]:
    """The drafts of each paper's entries."""
    del name
    return rows.records(
        lines, lambda row: tuple(_entries(row)) if row.get("entries") else (_record(row),)
    )


def _entries(row: Mapping[str, Any]) -> Iterator[Draft]:
    """What the paper says is given to each entry that is about the work itself: merged again they
    say the same."""
    about = [_identity(entry) for entry in row["entries"]]
    left = {k: list(v) for k, v in (row.get("identifiers_all") or {}).items()}
    main = True
    for entry, (kind, native, version) in zip(row["entries"], about, strict=True):
        said = entry.get("role")
        role: Role = said if said in get_args(Role) else ROLES.get(kind, "post")
        named = _NAMED_BY.get(kind, kind)
        own = {named: native} if native in left.get(named, ()) else {}
        extra = {k: entry[k] for k in ("venue", "score", "num_comments") if entry.get(k)}
        given: dict[str, Any] = {}
        if role in ("preprint", "proceedings") and row.get("withdrawn") is True:
            extra["withdrawn"] = True
        if role != "post":
            if main:
                own = {k: v[0] for k, v in left.items() if v} | own
                extra |= {
                    k: row[k] for k in ("comments", "journal_ref", "categories") if row.get(k)
                }
                main = False
            given = {
                "abstract": rows.text(row, "abstract"),
                "authors": rows.names(row.get("authors")),
                "year": _moment(entry["published"]).year,
                "first_public": _moment(row["published"]) if role == "preprint" else None,
            }
        elif row.get("kind") == "paper":
            name = next((f"{k}:{v[0]}" for k, v in left.items() if v), None)
            given = {"about": name}
        else:
            given = {
                "abstract": rows.text(row, "abstract"),
                "authors": rows.names(row.get("authors")),
            }
        yield Draft(
            kind=kind,
            native_id=native,
            version=version,
            role=role,
            title=rows.text(entry, "title"),
            url=rows.text(entry, "url"),
            published=_moment(entry["published"]),
            identifiers=own,
            extra=extra,
            **given,
        )


def _identity(entry: Mapping[str, Any]) -> tuple[str, str, int | None]:
    """(kind, native id, version) of an entry's key."""
    kind, _, native = entry["key"].partition(":")
    version = entry.get("version")
    if version is not None:
        native = native.removesuffix(f"v{version}")
    if not kind or not native:
        raise ValueError("an entry without a key")
    return kind, native, version


def _record(row: Mapping[str, Any]) -> Draft:
    title = rows.text(row, "title")
    if not title_key(title):
        raise ValueError("no title")
    year = rows.year(row.get("year"))
    moment = dates.iso8601(str(row.get("published") or ""))
    if moment is None and year is None:
        raise ValueError("neither published nor year")
    arxiv = ids.arxiv_id(str(row.get("arxiv") or ""))
    doi = ids.doi(str(row.get("doi") or ""))
    identifiers = {k: v for k, v in (("arxiv", arxiv and arxiv[0]), ("doi", doi)) if v}
    return Draft(
        kind=KIND,
        native_id=f"{title_key(title)[:120]}/{year or (moment.year if moment else '')}",
        role="citing",
        title=title,
        url=rows.text(row, "url"),
        published=moment or datetime(year or 1900, 1, 1, tzinfo=UTC),
        abstract=rows.text(row, "abstract"),
        authors=rows.names(row.get("authors")),
        year=year or (moment.year if moment else None),
        identifiers=identifiers,
        dated=moment is not None,
        extra={"venue": venue} if (venue := rows.text(row, "venue")) else {},
    )


def _moment(value: Any) -> datetime:
    found = dates.iso8601(str(value or ""))
    if found is None:
        raise ValueError(f"{value!r} is no date")
    return found
