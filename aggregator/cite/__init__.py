"""Papers as reference managers read them: BibTeX, RIS and CSL-JSON; pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from aggregator.cite import bibtex, csl, ris

Papers = Iterable[Mapping[str, Any]]

FORMATS: Mapping[str, Callable[[Papers], Iterator[str]]] = {
    "bibtex": bibtex.write,
    "ris": ris.write,
    "csl-json": csl.write,
}
"""Name of a format -> papers in the API's form to the pieces of one text, a piece per paper."""

MEDIA_TYPES: Mapping[str, str] = {
    "bibtex": "application/x-bibtex",
    "ris": "application/x-research-info-systems",
    "csl-json": "application/vnd.citationstyles.csl+json",
}
"""The types by which Zotero's connector knows that it is offered references."""

EXTENSIONS: Mapping[str, str] = {"bibtex": "bib", "ris": "ris", "csl-json": "csl.json"}
"""How addresses and names of files of each format end."""
