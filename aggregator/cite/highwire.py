"""Citation tags for the head of a page: what Zotero's connector and Google Scholar look for."""

from collections.abc import Mapping
from typing import Any

from aggregator.cite.fields import citation
from aggregator.cite.names import Name


def tags(paper: Mapping[str, Any], page_url: str) -> list[tuple[str, str]]:
    """(name, content) of each <meta>, for the paper whose page has this address; none for a post."""
    said = citation(paper)
    if said.kind == "post":
        return []
    day = said.date
    found = [
        ("citation_title", said.title),
        *(("citation_author", _name(name)) for name in said.names),
        ("citation_publication_date", str(day.year) if said.year_only else f"{day:%Y/%m/%d}"),
        ("citation_conference_title", said.venue),
        ("citation_doi", said.doi),
        ("citation_arxiv_id", said.arxiv),
        ("citation_abstract_html_url", page_url),
        ("citation_public_url", said.url or page_url),
        ("citation_pdf_url", said.pdf),
        ("citation_abstract", said.abstract),
        ("citation_keywords", "; ".join(said.keywords)),
    ]
    return [(name, content) for name, content in found if content]


def _name(name: Name) -> str:
    """Zotero takes "van den Oord, Aaron J." for two people, since both sides of the comma hold a
    blank: names go in natural order, but for those that have no blank at all."""
    said = f"{name.family}, {name.given}" if name.eastern else name.natural
    return said.replace(";", " ")
