"""What a citation says of a paper, before it takes the form of a format."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from aggregator.cite import names
from aggregator.cite.names import Name
from aggregator.clock import parse_moment
from aggregator.digest.show import clean, web_url

Kind = Literal["conference", "preprint", "post", "work"]
"""Where it appeared; a "work" is known from a list of titles and years alone."""

_ARXIV_DOI = "10.48550/arxiv."


@dataclass(frozen=True, slots=True)
class Citation:
    """The fields of a citation; "" or None where nothing is known. No text has line breaks.

    `date` is that of the proceedings if it appeared in some, else when it was first public;
    `year_only` says that its month and day are not known. `arxiv` is an id without version.
    """

    id: str
    kind: Kind
    title: str
    names: tuple[Name, ...]
    date: datetime
    year_only: bool
    venue: str
    arxiv: str
    arxiv_class: str
    doi: str
    url: str
    pdf: str
    abstract: str
    keywords: tuple[str, ...]
    note: str


def citation(paper: Mapping[str, Any]) -> Citation:
    """The fields of a paper in the API's form. An address that no browser may follow is left out."""
    kind = _kind(paper)
    identifiers = paper["identifiers_all"]
    links = paper["links"]
    arxiv = clean(next(iter(identifiers.get("arxiv", ())), ""))
    notes = [
        "Withdrawn by its authors" if paper["withdrawn"] else "",
        clean(paper["journal_ref"] or ""),
    ]
    return Citation(
        id=paper["id"],
        kind=kind,
        title=clean(paper["title"]),
        names=tuple(names.split(said) for name in paper["authors"] if (said := clean(name))),
        date=_date(paper, kind),
        year_only=kind == "work",
        venue=clean(paper["venue"] or "") if kind == "conference" else "",
        arxiv=arxiv,
        arxiv_class=clean(next(iter(paper["categories"]), "")) if arxiv else "",
        doi=_doi(identifiers.get("doi", ())),
        url=web_url(links.get("abstract")),
        pdf=web_url(links.get("pdf")),
        abstract=clean(paper["abstract"]),
        keywords=tuple(clean(tag["name"]) for tag in paper["topics"]),
        note="; ".join(note for note in notes if note),
    )


def _kind(paper: Mapping[str, Any]) -> Kind:
    roles = {entry["role"] for entry in paper["entries"]}
    if "proceedings" in roles and paper["venue"]:
        return "conference"
    if paper["kind"] == "post":
        return "post"
    return "preprint" if roles & {"preprint", "proceedings", "citing"} else "work"


def _date(paper: Mapping[str, Any], kind: Kind) -> datetime:
    said = [e["published"] for e in paper["entries"] if e["role"] == "proceedings"]
    return parse_moment(min(said) if kind == "conference" and said else paper["at"])


def _doi(known: Any) -> str:
    """The first DOI; the publisher's goes before arXiv's own."""
    found = sorted((clean(doi) for doi in known), key=lambda doi: doi.startswith(_ARXIV_DOI))
    return next((doi for doi in found if " " not in doi), "")
