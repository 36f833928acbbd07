"""The short way of a paper that nothing else speaks of stores what the long way does, row by row."""

import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel

from aggregator.collect.ingest import store_drafts
from aggregator.models import Draft, Parsed
from aggregator.store import lone
from aggregator.store.db import Store
from aggregator.store.sql import alias, citation, mention, paper, ruling
from tests.conftest import NOW, sqlite_store
from tests.drafts import page, post, preprint
from tests.merge.test_match import drafts

NUMBERS = {"pk", "paper_pk", "id", "told_pk", "highest", "first_id"}


def rows(store: Store) -> Iterator[tuple[str, list[str]]]:
    """Every row of every table and of the search index, numbers given by the database aside."""
    with store.read() as connection:
        ids: dict[int, str] = {r.pk: r.id for r in connection.execute(sa.select(paper))}
        for table in SQLModel.metadata.sorted_tables:
            found = connection.execute(sa.select(table)).mappings()
            yield table.name, sorted(_said(table.name, row, ids) for row in found)
        index = "paper_fts" if store.is_sqlite else "paper_search"
        key = "rowid AS pk, *" if store.is_sqlite else "*"
        found = connection.execute(sa.text(f"SELECT {key} FROM {index}")).mappings()
        yield index, sorted(_said(index, row, ids) for row in found)


def _said(table: str, row: Any, ids: dict[int, str]) -> str:
    kept = {
        k: v if k not in NUMBERS or (k, table) == ("id", "paper") else v is not None
        for k, v in row.items()
    }
    of = row.get("paper_pk") or (row["pk"] if table.startswith("paper_") else None)
    return json.dumps(kept, sort_keys=True, default=str) + ids.get(of or 0, "")


def put(store: Store, pages: Sequence[Sequence[Draft]], short: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not short:
            patch.setattr(lone, "_ties", lambda draft: None)
        for found in pages:
            with store.write() as connection:
                store_drafts(connection, [Parsed(tuple(found))], "s", NOW, backfill=False)


ARXIV = [
    preprint("1711.00001"),
    preprint("1711.00002", 3, title="Other Widgets", first_public=NOW),
    preprint("1711.00003", title="Ünïcode β-widgets", withdrawn=True, comments="withdrawn \t\\N"),
    preprint("1711.00004", authors=("Ada Lovelace",), identifiers={"doi": "10.1/x"}),
    preprint("1711.00005", title="深度学习 gadgets", authors=(), abstract='A "quote"\nand a line'),
]
POSTS = [
    post("t3_a", score=5, num_comments=3),
    replace(post("t3_b", title="[D] 怎样读论文?"), dated=False),
]


def test_the_rows_are_those_of_the_long_way(store: Store, tmp_path: Path) -> None:
    put(store, [ARXIV + POSTS], short=True)
    found = dict(rows(store))
    with store.write() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        index = "paper_fts" if store.is_sqlite else "paper_search"
        connection.execute(sa.text(f"DELETE FROM {index}"))
    put(store, [ARXIV + POSTS], short=False)
    assert len(found["paper"]) == 7
    assert dict(rows(store)) == found


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    found=st.lists(drafts(), min_size=2, max_size=7, unique_by=lambda d: d.key),
    cuts=st.lists(st.integers(1, 6), max_size=3),
)
def test_whatever_comes_the_store_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, found: list[Draft], cuts: list[int]
) -> None:
    edges = sorted({0, len(found), *(c for c in cuts if c < len(found))})
    pages = [found[a:b] for a, b in itertools.pairwise(edges)]
    with (
        closing(sqlite_store(tmp_path_factory.mktemp("a"))) as one,
        closing(sqlite_store(tmp_path_factory.mktemp("b"))) as two,
    ):
        put(one, pages, short=True)
        put(two, pages, short=False)
        assert dict(rows(one)) == dict(rows(two))


@pytest.mark.parametrize(
    "other",
    [
        page(authors=("Someone Else", "Another One")),  # the same title
        page(title="Wholly other words about gadgets of this kind"),  # the same people
        post("t3_a", about="arxiv:1711.00001"),
        replace(preprint("1711.00009"), identifiers={"arxiv": "1711.00009", "doi": "10.1/x"}),
        preprint("1711.00001", 2),
    ],
)
def test_what_meets_something_goes_the_long_way(store: Store, other: Draft) -> None:
    met = preprint("1711.00001", identifiers={"doi": "10.1/x"})
    free = preprint("1711.00007", title="Free", authors=("Free Person", "Liberty Belle"))
    with store.write() as connection:
        alone, others = lone.part(connection, [lone.ready(d) for d in (met, other, free)])
        assert "1711.00007" in [one.unpacked().native_id for one in alone]
        assert met in [one.unpacked() for one in others]
        store_drafts(connection, [Parsed((other,))], "s", NOW, backfill=False)
        alone, _ = lone.part(connection, [lone.ready(met), lone.ready(free)])
        assert [one.unpacked() for one in alone] == [free]


def test_what_is_spoken_of_or_decided_about_goes_the_long_way(store: Store) -> None:
    put(store, [[page("CVPR2018/x", title="x"), preprint("1711.00001", title="y")]], short=False)
    asked = lone.ready(preprint("1711.00007", title="Free", authors=("Free Person", "L Belle")))
    name, key = "arxiv:1711.00007", "arxiv:1711.00001v1"
    for table, row in (
        (mention, {"entry_key": key, "name": name}),
        (citation, {"entry_key": key, "name": name, "seen_at": NOW, "backfill": False}),
        (ruling, {"a": name, "b": "cvf:x", "together": True, "by": "", "at": NOW}),
        (alias, {"name": f"id:{asked.ties and asked.ties.paper_id}", "paper_id": "?"}),
    ):
        with store.undone() as connection:
            if table is alias:
                row["paper_id"] = connection.scalar(sa.select(paper.c.id).limit(1)) or ""
            assert lone.part(connection, [asked]) == ([asked], [])
            connection.execute(sa.insert(table).values(**row))
            assert lone.part(connection, [asked]) == ([], [asked])


def test_a_post_stands_for_itself_unless_it_is_known_or_decided_about(store: Store) -> None:
    free, other = post("t3_a"), post("t3_b")
    asked = [lone.ready(free), lone.ready(other)]
    named = [
        lone.ready(post("t3_c", about="arxiv:1711.00001")),
        lone.ready(post("t3_d", mentions=("doi:10.1/x",))),
        lone.ready(replace(post("t3_e"), identifiers={"doi": "10.1/y"})),
    ]
    with store.undone() as connection:
        assert lone.part(connection, [*asked, *named]) == (asked, named)
        assert lone.part(connection, [asked[0], *asked]) == ([asked[1]], [asked[0]] * 2)
        rows = {"a": free.key, "b": "cvf:x", "together": True, "by": "", "at": NOW}
        connection.execute(sa.insert(ruling).values(**rows))
        assert lone.part(connection, asked) == ([asked[1]], [asked[0]])
    put(store, [[replace(free, title="Another")]], short=False)
    with store.write() as connection:
        assert lone.part(connection, asked) == ([asked[1]], [asked[0]])
