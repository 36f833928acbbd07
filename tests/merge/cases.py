"""The labelled pairs of tests/data/merge, as drafts; what the merge makes of them."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed, Role
from aggregator.parse.text import plain
from aggregator.store.db import Store
from aggregator.store.sql import entry
from tests.conftest import NOW, sqlite_store

FILE = Path(__file__).parents[1] / "data/merge/cases.jsonl"

_ROLES: Mapping[str, Role] = {"arxiv": "preprint", "openreview": "preprint", "bibtex": "citing"}
"""What an entry of these places is to its paper; of every other place, a page of proceedings."""


@dataclass(frozen=True, slots=True)
class Case:
    """Two entries, whether they are one work, and why."""

    kind: str
    same: bool
    why: str
    a: Draft
    b: Draft


def cases(abstracts: Mapping[str, str] | None = None) -> list[Case]:
    """The labelled pairs; `abstracts` maps entry names ("arxiv:1303.1749") to what the file must not
    hold."""
    known = abstracts or {}
    with FILE.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Case(row["kind"], row["same"], row["why"], _draft(row["a"], known), _draft(row["b"], known))
        for row in rows
    ]


def draft(
    place: str,
    native_id: str,
    title: str,
    authors: Sequence[str],
    year: int,
    *,
    date: str = "",
    identifiers: Mapping[str, str] | None = None,
    abstract: str = "",
    comments: str | None = None,
) -> Draft:
    """An entry as its source would give it; without a day, the middle of the year."""
    role = _ROLES.get(place, "proceedings")
    day = datetime.fromisoformat(date or f"{year}-07-01")
    own = {} if role == "citing" else {place: native_id}
    return Draft(
        kind=place,
        native_id=native_id,
        version=1 if place == "arxiv" else None,
        role=role,
        title=plain(title),
        url="",
        published=day.replace(tzinfo=UTC),
        abstract=abstract,
        authors=tuple(map(plain, authors)),
        year=year,
        identifiers=own | dict(identifiers or {}),
        fidelity=1,
        extra={"comments": comments} if comments else {},
    )


def stored(drafts: Sequence[Draft]) -> dict[str, str]:
    """Entry key -> id of its paper, after the drafts came one by one into an empty store."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite_store(Path(folder))) as store:
        for one in drafts:
            put(store, one)
        with store.read() as connection:
            rows = connection.execute(sa.select(entry.c.key, entry.c.paper_id))
            return {row.key: row.paper_id for row in rows}


def put(store: Store, one: Draft) -> None:
    """Match, merge and store a draft, as the pipeline does with a page."""
    with store.write() as connection:
        store_drafts(connection, [Parsed((one,))], "cases", NOW, backfill=True)


def drafts_of(found: Sequence[Case]) -> list[Draft]:
    """Every entry of the pairs, once."""
    return list({d.key: d for one in found for d in (one.a, one.b)}.values())


def joined(found: Sequence[Case]) -> list[bool]:
    """Of each pair: are the two one paper, with all pairs in one store?"""
    papers = stored(drafts_of(found))
    return [papers[one.a.key] == papers[one.b.key] for one in found]


def _draft(side: Mapping[str, Any], abstracts: Mapping[str, str]) -> Draft:
    made = draft(
        side["place"],
        side["id"],
        side["title"],
        side["authors"],
        side["year"],
        date=side.get("date", ""),
        identifiers=side.get("identifiers"),
        comments=side.get("comments"),
    )
    return replace(made, abstract=abstracts.get(f"{made.kind}:{made.native_id}", ""))
