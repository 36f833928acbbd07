"""A renamed work in a store: found when its abstract comes, also among entries of an older schema."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.merge.people import people_key
from aggregator.models import Draft
from aggregator.store import copies
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from tests.conftest import NOW
from tests.drafts import page, preprint
from tests.merge.cases import put
from tests.merge.test_renamed import ABSTRACT, OLD

LISTED = page(title="How Deep is a Widget?")
DETAILED = replace(LISTED, abstract=ABSTRACT, fidelity=1)
FOLLOW_UP = replace(preprint("1801.00009"), title="Deeper Widgets", abstract="Another matter.")


def papers(store: Store) -> list[list[str]]:
    with store.read() as connection:
        docs = connection.scalars(sa.select(paper.c.doc).order_by(paper.c.pk)).all()
    return sorted(sorted(e["key"] for e in doc["entries"]) for doc in docs)


@pytest.mark.parametrize(
    "order",
    [
        (OLD, LISTED, FOLLOW_UP, DETAILED),
        (FOLLOW_UP, LISTED, DETAILED, OLD),
        (DETAILED, OLD, FOLLOW_UP),
    ],
    ids=("abstract last", "preprint last", "abstract first"),
)
def test_the_abstract_tells_whenever_it_comes(store: Store, order: tuple[Draft, ...]) -> None:
    for draft in order:
        put(store, draft)
    assert papers(store) == [[OLD.key, LISTED.key], [FOLLOW_UP.key]]


def test_until_then_there_are_two_papers(store: Store) -> None:
    put(store, OLD)
    put(store, LISTED)
    assert papers(store) == [[OLD.key], [LISTED.key]]


def test_entries_of_an_older_schema_are_found_by_their_people(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    with closing(Store(url, tmp_path)) as store:
        store.migrate("0014")
        with store.write() as connection:
            tables = {table.name: table for table in copies.tables(connection)}
            connection.execute(sa.insert(tables["paper"]).values(**_paper()))
            connection.execute(sa.insert(tables["entry"]), [_entry(OLD), _entry(FOLLOW_UP)])
    with closing(Store(url, tmp_path)) as store:
        store.migrate()
        with store.read() as connection:
            keys = connection.scalars(sa.select(entry.c.people_key)).all()
        assert keys == [people_key(OLD)] * 2
        put(store, DETAILED)
        assert papers(store) == [sorted([OLD.key, LISTED.key]), [FOLLOW_UP.key]]


def _paper() -> dict[str, Any]:
    flags = {"withdrawn": False, "starter": False, "provenance": {}, "tagged_by": None}
    doc = {"title": "A", "abstract": "", "authors": [], "entries": []}
    return {
        "id": "p1",
        "kind": "paper",
        "title": "A",
        "at": NOW,
        "changed_at": NOW,
        "doc": doc,
    } | flags


def _entry(draft: Draft) -> dict[str, Any]:
    fields = (
        "key",
        "kind",
        "native_id",
        "version",
        "role",
        "title",
        "abstract",
        "url",
        "year",
        "about",
    )
    lists = ("authors", "mentions")
    return (
        {
            name: getattr(draft, name)
            for name in (*fields, "published", "first_public", "fidelity", "dated")
        }
        | {name: list(getattr(draft, name)) for name in lists}
        | {
            "identifiers": dict(draft.identifiers),
            "extra": {},
            "sources": ["arxiv"],
            "paper_id": "p1",
        }
        | {"title_key": None, "digest": "", "seen_at": NOW, "changed_at": NOW}
    )
