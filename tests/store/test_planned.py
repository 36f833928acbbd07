"""How PostgreSQL finds papers by words: by its index, not by reading all until a rare word comes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from aggregator.store import hits, lists, papers, similar
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery, Sort
from tests.drafts import DAY, preprint
from tests.filled import put

COUNT = 300


@pytest.fixture
def postgres(store: Store) -> Store:
    """Papers of which all have kites, a sixth has strings, and two have zebrafish."""
    if store.is_sqlite:
        pytest.skip("SQLite's search index lies in the order of dates")
    drafts = []
    for n in range(COUNT):
        more = " with strings" * (n % 6 == 0) + " of zebrafish embryos" * (n in (3, 4))
        drafts.append(preprint(f"1712.{n:05d}", title=f"Kites{more} {n}", authors=(f"Ada {n}",)))
    put(store, *drafts)
    return store


@contextmanager
def plans(
    connection: sa.Connection, *, samples: bool = False, bitmaps: bool = False
) -> Iterator[list[str]]:
    """The plans of what is asked herein where words occur, but for the looks at `samples`, or of these alone.
    They are as they would be if it seemed best to walk some index in its order, or, with `bitmaps`, to
    put papers together by indexes."""
    asked: list[tuple[str, Any]] = []

    def seen(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        wanted = "document @@" in statement or "few" in values
        looks = (
            "AS sample" in statement or "AS walk" in statement
        )  # and no further than so many papers
        if wanted and looks == samples:
            asked.append((statement, values))

    found: list[str] = []
    event.listen(connection, "before_cursor_execute", seen)
    yield found
    event.remove(connection, "before_cursor_execute", seen)
    for kind in ("seqscan", "indexscan" if bitmaps else "bitmapscan"):
        connection.exec_driver_sql(f"SET LOCAL enable_{kind} = off")
    for statement, values in asked:
        lines = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()
        found.append("\n".join(lines))


def test_a_rare_word_is_looked_up(postgres: Store) -> None:
    with postgres.read() as connection:
        with plans(connection) as found:
            page = papers.page(connection, PaperQuery(q="zebrafish"))
        assert [doc["title"] for doc in page.items] == [
            "Kites of zebrafish embryos 4",
            "Kites of zebrafish embryos 3",
        ]
        assert len(found) == 2
        assert not [plan for plan in found if "Backward" in plan]


def test_similar_papers_are_looked_up(postgres: Store) -> None:
    with postgres.read() as connection:
        (doc, _) = papers.page(connection, PaperQuery(q="zebrafish")).items
        with plans(connection) as found:
            alike = similar.of(connection, doc, 5)
        assert [other["title"] for other, _ in alike] == ["Kites of zebrafish embryos 3"]
        assert len(found) == 2
        assert not [plan for plan in found if "Backward" in plan]


@pytest.mark.parametrize(("word", "keys"), [("kites", None), ("strings", None), ("zebrafish", 2)])
def test_common_words_are_not_counted(postgres: Store, word: str, keys: int | None) -> None:
    with postgres.read() as connection:
        found = hits.few(connection, word, word)
    assert (found and len(found)) == keys


def test_what_is_common_only_lately_is_looked_up(
    postgres: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A walk would soon have passed all of them, and go on to the end."""
    monkeypatch.setattr(hits, "_SAMPLE", 16)
    monkeypatch.setattr(lists, "_NEAR", ())  # as if the first papers of the list had none
    put(postgres, *(preprint(f"1812.{n:05d}", title=f"Xylem {n}") for n in range(12)))
    with postgres.read() as connection:
        assert len(hits.few(connection, "xylem", "xylem") or ()) == 12
        old = replace(PaperQuery(q="kites"), until=DAY + timedelta(days=1), limit=5)
        with plans(connection) as found:
            assert len(papers.page(connection, old).items) == 5
        assert "(SubPlan" not in found[-1]  # it is not asked at each paper


def test_what_the_statistics_know_for_sure(postgres: Store) -> None:
    def known(many: int) -> set[str]:
        with postgres.read() as connection:
            return hits.surely_in(connection, ["kites", "strings", "zebrafish", "xylem"], many)

    with postgres.write() as connection:
        connection.exec_driver_sql("ANALYZE paper_search")
    assert known(COUNT // 2) == {"kites"}
    assert known(COUNT // 12) == {"kites", "strings"}
    assert known(COUNT) == set()


@pytest.mark.parametrize("sort", ["new", "relevance"])
def test_an_unfinished_word_is_not_looked_up_beside_finished_ones(
    postgres: Store, sort: Sort
) -> None:
    """The index would put together everything that begins with "e" first."""
    with postgres.read() as connection:
        with plans(connection, bitmaps=True) as found:
            page = papers.page(connection, PaperQuery(q="zebrafish e", prefix=True, sort=sort))
        titles = {doc["title"] for doc in page.items}
        assert titles == {"Kites of zebrafish embryos 3", "Kites of zebrafish embryos 4"}
        looked_up = [line for line in "\n".join(found).splitlines() if "Index Cond: (doc" in line]
        assert len(looked_up) == 1
        assert "'zebrafish'" in looked_up[0]
        assert "'e'" not in looked_up[0]
        assert not papers.page(
            connection, PaperQuery(q="zebrafish x", prefix=True, sort=sort)
        ).items


def test_a_look_at_a_sample_asks_no_index_for_words(postgres: Store) -> None:
    with postgres.read() as connection:
        with plans(connection, samples=True, bitmaps=True) as found:
            papers.page(connection, PaperQuery(q="zebrafish e", prefix=True))
        assert len(found) == 4  # the first papers, twice; all words, and those that are finished
        assert not [plan for plan in found if "ix_paper_search_document" in plan]


def test_an_unfinished_word_is_looked_up_where_the_finished_ones_are_common(
    postgres: Store,
) -> None:
    """All papers have kites: to read them would take longer than to put together what begins so."""
    with postgres.read() as connection:
        with plans(connection, bitmaps=True) as found:
            page = papers.page(connection, PaperQuery(q="kites zebraf", prefix=True))
        assert len(page.items) == 2
        looked_up = [line for line in "\n".join(found).splitlines() if "Index Cond: (doc" in line]
        assert len(looked_up) == 1
        assert "'zebraf'':*" in looked_up[0]
