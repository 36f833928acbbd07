"""The real records beside the checkout, as the drafts that their places would give."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from aggregator.models import Draft
from aggregator.parse.ids import arxiv_id
from aggregator.parse.links import resolve
from tests.conftest import SHARED
from tests.merge.cases import draft

STAND_IN = SHARED / "upstream/data"
CORPUS = SHARED / "corpus"
_VIRTUAL = re.compile(r"//(nips|icml|iclr|neurips)\.cc/virtual/(\d+)/(\w+)/(\d+)")
_NEURIPS = re.compile(r"papers\.nips\.cc/paper_files/paper/(\d+)/hash/(\w+)-")


def preprints(file: Path = STAND_IN / "arxiv.jsonl.gz") -> Iterator[Draft]:
    """Records of arXiv."""
    return map(preprint, rows(file))


def preprint(row: Mapping[str, Any]) -> Draft:
    """A record of arXiv."""
    year = int(row["created"][:4]) if "created" in row else 2000 + int(row["id"][:2])
    return draft(
        "arxiv",
        row["id"],
        row["title"] or "",
        row["authors"] or (),
        year,
        date=row.get("created", ""),
        abstract=row["abstract"] or "",
        comments=row.get("comments"),
    )


def pages(
    file: Path = STAND_IN / "papers.jsonl.gz", *, linked: bool = True
) -> Iterator[tuple[str, Draft]]:
    """(address, draft) of papers of conferences; `linked`: with the arXiv ids that pages print."""
    for row in rows(file):
        url = row.get("url") or ""
        place, native_id = _name(url, row)
        arxiv = arxiv_id(row.get("arxiv") or "") if linked else None
        yield (
            url,
            draft(
                place,
                native_id,
                row["title"] or "",
                row.get("authors") or (),
                row["year"],
                abstract=row.get("abstract") or "",
                identifiers={"arxiv": arxiv[0]} if arxiv else None,
            ),
        )


def abstracts() -> dict[str, str]:
    """Entry name ("arxiv:1303.1749") -> abstract, of everything here; empty where nothing is."""
    if not SHARED.is_dir():
        return {}
    found = {
        f"arxiv:{d.native_id}": d.abstract for d in preprints(CORPUS / "arxiv_recent.jsonl.gz")
    }
    found |= {f"arxiv:{d.native_id}": d.abstract for d in preprints()}
    for file in (CORPUS / "papers.jsonl.gz", STAND_IN / "papers.jsonl.gz"):
        found |= {f"{d.kind}:{d.native_id}": d.abstract for _, d in pages(file)}
    return found


def _name(url: str, row: dict[str, Any]) -> tuple[str, str]:
    """(place, native id) of a conference's paper, from its address."""
    if match := _VIRTUAL.search(url):
        return "virtual", f"{match[1]}-{match[2]}/{match[3]}/{match[4]}"
    if match := _NEURIPS.search(url):
        return "neurips", f"{match[1]}/{match[2]}"
    if found := resolve(url):
        place, _, native_id = found.partition(":")
        return place, native_id
    return "paperlists", f"{row['venue']}{row['year']}/{url.split('//')[-1] or row['id']}"


def rows(file: Path) -> Iterator[dict[str, Any]]:
    """The records of a file."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
