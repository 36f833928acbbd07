"""RIS: a line per field, as EndNote, Zotero and Mendeley read it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from aggregator.cite.fields import Citation, citation
from aggregator.cite.names import Name

END = "\r\n"
"""The format's own line end, whatever the machine's is."""

_TYPES = {"conference": "CONF", "preprint": "UNPB", "work": "UNPB", "post": "ELEC"}


def write(papers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The records of a file, one piece each."""
    for paper in papers:
        lines = [f"{tag}  - {value}" for tag, value in _fields(citation(paper)) if value]
        yield END.join([*lines, "ER  - ", "", ""])


def _fields(said: Citation) -> list[tuple[str, str]]:
    day = said.date
    return [
        ("TY", _TYPES[said.kind]),
        *(("AU", _name(name)) for name in said.names),
        ("TI", said.title),
        ("T2", said.venue),
        ("PY", str(day.year)),
        ("DA", f"{day.year}///" if said.year_only else f"{day:%Y/%m/%d}"),
        ("PB", "arXiv" if said.arxiv and said.kind != "conference" else ""),
        ("AN", f"arXiv:{said.arxiv}" if said.arxiv else ""),
        ("DO", said.doi),
        ("UR", said.url),
        ("L1", said.pdf),
        *(("KW", word) for word in said.keywords),
        ("N1", said.note),
        ("AB", said.abstract),
        ("ID", said.id),
    ]


def _name(name: Name) -> str:
    """A comma would make a family name of what stands before it."""
    return name.literal.replace(",", "") if name.literal else name.inverted
