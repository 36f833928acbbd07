"""Bibliographies in BibTeX, such as Zotero, Mendeley or JabRef write them."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime

from bibtexparser.entrypoint import parse_string
from bibtexparser.library import Library
from bibtexparser.middlewares import SeparateCoAuthors, SplitNameParts

from aggregator.imports.lines import year as read_year
from aggregator.models import Draft
from aggregator.parse import ids
from aggregator.parse.tex import tex_to_text
from aggregator.parse.text import plain, title_key

KIND = "bibtex"
_ENTRY = re.compile(rb"^\s*@\s*[a-z]+\s*[{(]", re.IGNORECASE | re.MULTILINE)
_BRACES = re.compile(r"(?<!\\)[{}]")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def fits(name: str, first: bytes) -> bool:
    """Named .bib, or beginning with an entry."""
    return name.lower().removesuffix(".gz").endswith(".bib") or bool(_ENTRY.match(first))


def read(name: str, lines: Iterable[bytes]) -> Iterator[tuple[Draft, ...] | str]:
    """Each entry; what cannot be read is left out, and the rest is kept."""
    del name
    logging.getLogger("bibtexparser").setLevel(logging.ERROR)  # it would tell of each odd field
    whole = b"".join(lines).decode("utf-8-sig", errors="replace")
    library: Library = parse_string(
        whole, append_middleware=[SeparateCoAuthors(), SplitNameParts()]
    )
    for block in library.failed_blocks:
        yield f"line {(block.start_line or 0) + 1}: no BibTeX ({type(block).__name__})"
    for entry in library.entries:
        fields = {field.key.lower(): field.value for field in entry.fields}
        try:
            yield (_draft(fields, entry.key),)
        except (ValueError, TypeError, AttributeError) as error:
            yield f"{str(entry.key)[:60]}: {error}"


def _draft(fields: Mapping[str, object], key: str) -> Draft:
    title = _text(fields.get("title"))
    if not title_key(title):
        raise ValueError("no title")
    year = read_year(_text(fields.get("year")) or _text(fields.get("date"))[:4])
    if year is None:
        raise ValueError("no year")
    doi = ids.doi(_text(fields.get("doi")))
    arxiv = ids.arxiv_id(_text(fields.get("eprint"))) or ids.arxiv_id(_text(fields.get("url")))
    identifiers = {k: v for k, v in (("arxiv", arxiv and arxiv[0]), ("doi", doi)) if v}
    month = _text(fields.get("month")).lower()[:3]
    venue = next((v for n in ("booktitle", "journal") if (v := _text(fields.get(n)))), "")
    return Draft(
        kind=KIND,
        native_id=doi or f"{title_key(title)[:120]}/{year}",
        role="citing",
        title=title,
        url=_text(fields.get("url")) or (f"https://doi.org/{doi}" if doi else ""),
        published=datetime(
            year, _MONTHS.index(month) + 1 if month in _MONTHS else 1, 1, tzinfo=UTC
        ),
        abstract=_text(fields.get("abstract")),
        authors=_authors(fields.get("author")),
        year=year,
        identifiers=identifiers,
        dated=False,
        extra={k: v for k, v in (("venue", venue), ("bibtex_key", plain(key)[:200])) if v},
    )


def _authors(value: object) -> tuple[str, ...]:
    """The parts of each name that the parser found, in the order in which they are spoken."""
    found = []
    for one in value if isinstance(value, list) else ():
        parts = (one.first, one.von, one.last, one.jr)
        name = _text(" ".join(word for part in parts for word in part))
        if name and name.lower() != "others":
            found.append(name)
    return tuple(found)


def _text(value: object) -> str:
    """LaTeX -> text as people read it, without the braces that keep capitals."""
    return plain(_BRACES.sub("", tex_to_text(value))) if isinstance(value, str) else ""
