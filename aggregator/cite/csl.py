"""CSL-JSON: what citeproc, Pandoc and Zotero read."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aggregator.cite.fields import Citation, citation
from aggregator.cite.names import Name

_TYPES = {
    "conference": "paper-conference",
    "preprint": "article",
    "work": "article",
    "post": "post",
}


def write(papers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A JSON array in pieces, one per paper and one that ends it."""
    before = "[\n"
    for paper in papers:
        yield before + json.dumps(item(citation(paper)), ensure_ascii=False)
        before = ",\n"
    yield "[]\n" if before == "[\n" else "\n]\n"


def item(said: Citation) -> dict[str, Any]:
    """One item of the schema csl-data."""
    day = said.date
    preprint = bool(said.arxiv) and said.kind != "conference"
    fields = {
        "id": said.id,
        "type": _TYPES[said.kind],
        "title": said.title,
        "author": [_name(name) for name in said.names],
        "issued": {
            "date-parts": [[day.year] if said.year_only else [day.year, day.month, day.day]]
        },
        "container-title": said.venue,
        "publisher": "arXiv" if preprint else "",
        "number": f"arXiv:{said.arxiv}" if preprint else "",
        "genre": "preprint" if preprint else "",
        "archive": "arXiv" if said.arxiv else "",
        "archive_location": said.arxiv,
        "DOI": said.doi,
        "URL": said.url,
        "keyword": ", ".join(said.keywords),
        "note": said.note,
        "abstract": said.abstract,
    }
    return {name: value for name, value in fields.items() if value}


def _name(name: Name) -> dict[str, str]:
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
        "literal": name.literal,
    }
    return {part: value for part, value in parts.items() if value}
