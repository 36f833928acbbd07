"""Posts, papers and what look-ups answer may come in any order: what is said in the end is the same."""

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.store.db import Store
from aggregator.store.sql import event, lookup, paper
from tests.conftest import NOW, sqlite_store
from tests.drafts import page, post, preprint

DOI, ARXIV, NIPS = "10.5555/kites", "1704.00017", "kitesandballoons"
TITLE, PEOPLE = "Kites and Balloons: A Field Study", ("Ada Sato", "Mira Ng")
SPRING, AUTUMN = datetime(2017, 4, 3, tzinfo=UTC), datetime(2017, 10, 17, tzinfo=UTC)

# What a publisher answers names the preprint, whose title is another; the page at NeurIPS is joined
# by its title alone; the second paper shares nothing but a thread that speaks of both.
ARRIVALS: tuple[Draft, ...] = (
    preprint(ARXIV, title="On Kites", authors=PEOPLE, published=SPRING),
    preprint(ARXIV, 2, title="On Kites", authors=PEOPLE, published=AUTUMN, first_public=SPRING),
    replace(
        page(DOI, title=TITLE, authors=PEOPLE, published=AUTUMN, kind="crossref"),
        identifiers={"doi": DOI, "arxiv": ARXIV},
    ),
    replace(
        page("2017/a", title=TITLE, authors=PEOPLE, published=AUTUMN, kind="neurips"),
        identifiers={"neurips": "2017/a", "nips": NIPS},
    ),
    preprint("1704.00099", title="Worms that fold their own boats", authors=("M. Berg",)),
    post("doi", about=f"doi:{DOI}"),
    post("arxiv", about=f"arxiv:{ARXIV}"),
    post("nips", about=f"nips:{NIPS}"),
    post("thread", mentions=(f"doi:{DOI}", "arxiv:1704.00099", "openreview:nobody")),
    post("unknown", about="openreview:nobody"),
    post("alone", title="[D] Are kites a thing of the past?"),
)


def said(store: Store) -> list[Any]:
    """Every paper as readers see it, with its timeline; ids and times of arrival left out."""
    with store.read() as connection:
        papers = {row.id: dict(row.doc) for row in connection.execute(sa.select(paper))}
        told: dict[str, list[tuple[str, str, datetime]]] = {key: [] for key in papers}
        for row in connection.execute(sa.select(event).where(~event.c.superseded)):
            told[row.paper_id].append((row.kind, row.cause, row.at))
    shown = [
        ({k: v for k, v in doc.items() if k != "id"}, sorted(told[key]))
        for key, doc in papers.items()
    ]
    return sorted(shown, key=lambda one: [entry["key"] for entry in one[0]["entries"]])


def arrive(store: Store, pages: Sequence[Sequence[Draft]]) -> None:
    for hour, drafts in enumerate(pages):
        with store.write() as connection:
            moment = NOW + timedelta(hours=hour)
            store_drafts(connection, [Parsed(tuple(drafts))], "s", moment, backfill=False)


def outcome(pages: Sequence[Sequence[Draft]]) -> list[Any]:
    with tempfile.TemporaryDirectory() as folder, closing(sqlite_store(Path(folder))) as store:
        arrive(store, pages)
        return said(store)


@cache
def expected() -> list[Any]:
    return outcome([ARRIVALS])


def test_the_papers_are_those_that_a_reader_would_expect() -> None:
    held = [
        ({entry["key"].partition(":")[2] for entry in doc["entries"]}, doc["buzz"]["posts"])
        for doc, _ in expected()
    ]
    kites = {DOI, f"{ARXIV}v1", f"{ARXIV}v2", "2017/a", "doi", "arxiv", "nips"}
    assert sorted(held, key=lambda one: sorted(one[0])) == sorted(
        [(kites, 4), ({"1704.00099v1"}, 1), ({"alone"}, 1), ({"thread"}, 1), ({"unknown"}, 2)],
        key=lambda one: sorted(one[0]),
    )
    told = next(events for doc, events in expected() if doc["buzz"]["posts"] == 4)
    assert {"new", "new_version", "published", "discussed"} <= {kind for kind, _, _ in told}


@settings(max_examples=40, deadline=None)
@given(st.permutations(ARRIVALS), st.lists(st.integers(1, 4), min_size=11, max_size=11))
def test_whatever_comes_first_the_same_is_said_in_the_end(
    order: list[Draft], sizes: list[int]
) -> None:
    pages, rest = [], order
    for size in sizes:
        pages, rest = [*pages, rest[:size]], rest[size:]
    assert outcome([some for some in pages if some]) == expected()


@given(st.permutations([0, 1, 2]))
@settings(max_examples=6, deadline=None)
def test_an_answer_that_comes_twice_changes_nothing(order: list[int]) -> None:
    parts = [ARRIVALS[:4], ARRIVALS[4:8], ARRIVALS[8:]]
    pages = [parts[n] for n in order]
    assert outcome([*pages, *pages]) == expected()


def test_only_what_can_be_looked_up_and_nothing_has_is_wanted(tmp_path: Path) -> None:
    with closing(sqlite_store(tmp_path)) as store:
        arrive(store, [[one for one in ARRIVALS if one.role == "post"]])
        with store.read() as connection:
            names = set(connection.scalars(sa.select(lookup.c.name)))
    assert names == {f"doi:{DOI}", f"arxiv:{ARXIV}", "arxiv:1704.00099"}
