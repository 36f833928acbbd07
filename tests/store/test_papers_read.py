"""Lists, searches and single papers, on both databases."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from aggregator.collect import works
from aggregator.errors import NotFoundError, UsageError
from aggregator.store import cursor as cursors
from aggregator.store import hits, news, papers, words
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.store.query import list_of
from tests.conftest import NOW, sqlite_store
from tests.drafts import DAY, page, post, preprint
from tests.filled import CONFIG, fill, give_tags, put


def ask(store: Store, **wanted: Any) -> list[str]:
    """Titles of the first page."""
    with store.read() as connection:
        return [doc["title"] for doc in papers.page(connection, PaperQuery(**wanted)).items]


def walk(store: Store, query: PaperQuery) -> list[dict[str, Any]]:
    """The papers of every page, one after the other."""
    return [doc for part in pages(store, query) for doc in part]


def pages(store: Store, query: PaperQuery) -> list[list[dict[str, Any]]]:
    """Every page."""
    found: list[list[dict[str, Any]]] = []
    cursor = None
    with store.read() as connection:
        while True:
            part = papers.page(connection, query, cursor)
            assert len(part.rows) <= query.limit
            found.append(part.items)
            cursor = part.next
            if cursor is None:
                return found


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The statements sent meanwhile."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


def test_an_empty_store_has_no_papers(store: Store) -> None:
    assert ask(store) == []
    with store.read() as connection:
        assert papers.topic_counts(connection) == {}
        assert papers.starters(connection) == {}
        assert news.latest(connection, NOW) is None


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.builds(
        PaperQuery,
        limit=st.integers(1, 40),
        sort=st.sampled_from(["new", "hot", "relevance"]),
        topics=st.sampled_from([(), ("gan",), ("gan", "learning")]),
        min_probability=st.sampled_from([None, 0.3]),
        q=st.sampled_from(["", "widgets", "word900"]),  # none, a common and a rare one
    )
)
def test_pages_neither_skip_nor_repeat(filled: Store, query: PaperQuery) -> None:
    query = replace(query, q=query.q or "widgets" * (query.sort == "relevance"))
    limit, sort = query.limit, query.sort
    found = [[doc["id"] for doc in part] for part in pages(filled, query)]
    everything = [doc["id"] for doc in walk(filled, replace(query, limit=1))]
    parts = [everything[at : at + limit] for at in range(0, len(everything), limit)] or [[]]
    # What is of one subject stands apart on a page of the hot list, which holds the same papers.
    told = sorted if sort == "hot" else list
    assert [told(part) for part in found] == [told(part) for part in parts]
    assert len(everything) == len(set(everything))
    expected = _expected(filled, query.topics, query.min_probability, query.q)
    assert len(everything) == expected


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, 130)
    return store


def _expected(store: Store, topics: tuple[str, ...], least: float | None, q: str) -> int:
    with store.read() as connection:
        docs = list(papers.iterate(connection))
        rows = connection.execute(sa.text("SELECT paper_pk, topic, probability FROM tag")).all()
        keys = {r.id: r.pk for r in connection.execute(sa.text("SELECT id, pk FROM paper"))}
    held = {
        (r.paper_pk, r.topic) for r in rows if r.probability >= (0.5 if least is None else least)
    }
    kept = [d for d in docs if not topics or any((keys[d["id"]], t) in held for t in topics)]
    return sum(not q or q in f"{d['title']} {d['abstract']}" for d in kept)


def test_by_date_means_newest_first(filled: Store) -> None:
    moments = [doc["at"] for doc in walk(filled, PaperQuery(limit=100))]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    ("query", "most"),
    [
        (PaperQuery(), 1),
        (PaperQuery(topics=("gan",)), 1),
        (PaperQuery(topics=("gan", "learning"), kind="paper", source="arxiv"), 1),
        (PaperQuery(q="widgets"), 2),  # one asks how common the words are
        (PaperQuery(sort="hot"), 1),
        (PaperQuery(sort="hot", topics=("gan",)), 1),
    ],
    ids=["all", "topic", "several", "words", "hot", "hot topic"],
)
def test_a_page_is_one_query_however_long(filled: Store, query: PaperQuery, most: int) -> None:
    with filled.read() as connection, counted(filled) as seen:
        papers.page(connection, query)
    assert len(seen) <= most


def plan(store: Store, query: PaperQuery) -> str:
    """How SQLite answers the last statement of a page."""
    with store.read() as connection, counted(store) as seen:
        papers.page(connection, query)
        asked = seen[-1]
        steps = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {asked}", tuple(["x"] * asked.count("?"))
        )
        return " ".join(row[3] for row in steps)


def test_lists_walk_their_indexes(tmp_path: Path) -> None:
    store = sqlite_store(tmp_path)
    topic = plan(store, PaperQuery(topics=("gan",), kind="paper"))
    assert "ix_tag_topic_tagged_at_paper_pk" in topic
    assert "TEMP B-TREE" not in topic
    everything = plan(store, PaperQuery(kind="paper"))
    assert "ix_paper_kind_at_pk" in everything
    assert "TEMP B-TREE" not in everything
    rare = plan(store, PaperQuery(q="rare", kind="paper"))
    assert "SEARCH paper USING INTEGER PRIMARY KEY" in rare
    store.close()


def test_filters(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="First of all"),
        preprint("1711.00002", title="Second to none", authors=("Yann LeCun",)),
        post("t3_a", title="A question about everything"),
    )
    put(store, page(title="Third time lucky", authors=("Grace Hopper",)), source="cvf")
    give_tags(store, {"First of all": [("gan", 0.9)], "Second to none": [("gan", 0.2)]})
    assert ask(store, source="cvf") == ["Third time lucky"]
    assert ask(store, source="arxi") == []
    assert ask(store, venue="cvpr") == ask(store, venue="CVPR 2018") == ["Third time lucky"]
    assert ask(store, venue="CVP") == ask(store, venue="%") == []
    assert ask(store, author="lecun") == ["Second to none"]
    assert ask(store, q="lecun") == ["Second to none"]
    assert ask(store, q="hopper", author="lecun") == []
    assert ask(store, topics=("gan",)) == ["First of all"]
    assert len(ask(store, topics=("gan",), min_probability=0.1)) == 2
    assert len(ask(store, topics=("gan", "learning"), min_probability=0.1)) == 2
    assert ask(store, kind="post") == ["A question about everything"]
    assert ask(store, kind="paper", since=DAY + timedelta(days=1)) == ["Third time lucky"]
    assert len(ask(store, kind="paper", until=DAY + timedelta(seconds=1))) == 2
    assert ask(store, until=DAY) == []


def test_words_are_words_and_never_syntax(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Self-supervised learning of things"),
        preprint("1711.00002", title="扩散模型综述", abstract="我们研究扩散模型。"),
        preprint("1711.00003", title="Learning to learn", abstract="Residual networks learn."),
    )
    assert ask(store, q="self-supervised") == ["Self-supervised learning of things"]
    assert ask(store, q="selfsupervised") == ["Self-supervised learning of things"]
    assert ask(store, q="扩散") == ["扩散模型综述"]
    assert ask(store, q='"residual networks"') == ["Learning to learn"]
    assert ask(store, q='"networks residual"') == []
    assert ask(store, q="residu") == []
    assert ask(store, q="residu*") == ["Learning to learn"]
    assert ask(store, q="residu", prefix=True) == ["Learning to learn"]
    for hostile in (
        '"',
        "''",
        "AND",
        "a OR b",
        "title:x",
        "NEAR(a b)",
        "*",
        "-",
        "(",
        "\\",
        "^",
        "{}",
        "x:*",
        "!&|<->",
    ):
        assert isinstance(ask(store, q=hostile, author=hostile), list)  # fmt: skip
        assert isinstance(ask(store, q=f"{hostile} learn"), list)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(max_size=40), st.booleans())
def test_no_text_breaks_a_search(store: Store, text: str, prefix: bool) -> None:
    assert ask(store, q=text.replace("\x00", ""), prefix=prefix) == []


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """More papers than a ranking looks at, all by one author."""
    made = sqlite_store(tmp_path_factory.mktemp("big"))
    fill(made, hits.RANKED + 20, length=5)
    yield made
    made.close()


def test_common_words_are_found_as_rare_ones_are(big: Store) -> None:
    with big.read() as connection:
        everything = list(papers.iterate(connection))
    assert len({doc["id"] for doc in everything}) == hits.RANKED + 20
    assert ask(big, q="turing", limit=100) == ask(big, limit=100)
    with big.read() as connection:
        every = papers.page(connection, PaperQuery(q="turing", topics=("gan",), limit=100))
        topic = papers.page(connection, PaperQuery(topics=("gan",), limit=100))
    assert every.rows == topic.rows


def test_only_the_newest_hits_are_ranked(big: Store) -> None:
    assert len(walk(big, PaperQuery(q="turing", sort="relevance", limit=100))) == hits.RANKED


def test_relevance_prefers_titles(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", title="Capsules", published=DAY - timedelta(days=9)),
        preprint("1711.00002", title="On something else", abstract="Capsules are mentioned."),
    )
    assert ask(store, q="capsules") == ["On something else", "Capsules"]
    for more in ({}, {"kind": "paper"}, {"kind": "paper", "since": DAY - timedelta(days=30)}):
        found = ask(store, q="capsules", sort="relevance", **more)
        assert found == ["Capsules", "On something else"]
        assert ask(store, q="capsules", **more) == found[::-1]
    with pytest.raises(UsageError, match="relevance"):
        ask(store, sort="relevance")


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "bm9wZQ", "W10", "WyJuZXciLCJ4Iiwx", "WyJob3QiLDEsMV0", "W" * 400),
        "WyJuZXciLCIyMDE3LTExLTEzVDAwOjAwOjAwKzAwOjAwIiwxXQ",  # of the time before lists had names
        *(
            cursors.write(cursors.Place(*place), list_of(PaperQuery()))
            for place in (("hot", 1.5, 1), ("new", "x", 1), ("new", f"{DAY}", 2**62))
        ),
    ],
)
def test_a_broken_cursor_is_refused(store: Store, cursor: str) -> None:
    broken = "cursor: expected the `next` of an answer to the same question with sort=new."
    with store.read() as connection, pytest.raises(UsageError) as caught:
        papers.page(connection, PaperQuery(), cursor)
    assert str(caught.value) == broken


@pytest.mark.parametrize("sort", ["new", "hot", "relevance"])
def test_a_cursor_goes_on_with_its_own_list(filled: Store, sort: papers.Sort) -> None:
    asked = PaperQuery(q="widgets", topics=("gan", "learning"), sort=sort, limit=1)
    with filled.read() as connection:
        end = papers.page(connection, asked).next
        assert len(papers.page(connection, replace(asked, limit=3), end).rows) == 3
        for more in (
            {"q": "deep"}, {"topics": ("gan",)}, {"since": DAY - timedelta(days=41)},
            {"min_probability": 0.2}, {"kind": "paper"}, {"exclude_topics": ("gan",)},
        ):  # fmt: skip
            with pytest.raises(UsageError, match=r"^cursor: it goes on with another list"):
                papers.page(connection, replace(asked, **more), end)


@pytest.mark.parametrize("limit", [0, 101, -1])
def test_limits_are_kept(store: Store, limit: int) -> None:
    with pytest.raises(UsageError, match="limit"):
        ask(store, limit=limit)


def test_one_paper_by_any_of_its_names(store: Store) -> None:
    put(
        store,
        preprint("1711.00001", identifiers={"doi": "10.1/abc"}),
        post(about="arxiv:1711.00001"),
    )
    with store.read() as connection:
        doc = next(papers.iterate(connection))
        for name in ("arxiv:1711.00001", "arxiv:1711.00001v3", "doi:10.1/ABC"):
            assert papers.by_name(connection, name) == (doc, False)
        assert papers.by_name(connection, doc["id"]) == (doc, False)
        for name in ("1711.00001", "1711.00001v2"):  # as people write it
            assert papers.by_name(connection, name) == (doc, True)
        for name in ("", "arxiv:", "nope", "doi:10.2/x", "a\x00b", "id:nope"):
            with pytest.raises(NotFoundError):
                papers.by_name(connection, name)


def test_an_id_merged_away_still_leads_to_the_paper(store: Store) -> None:
    put(store, preprint("1711.00001", title="One title", authors=("Ada Lovelace",)))
    put(store, page(title="Another title", authors=("Ada Lovelace",)), source="cvf")
    with store.read() as connection:
        before = {doc["id"] for doc in papers.iterate(connection)}
    put(
        store,
        page(title="Another title", authors=("Ada Lovelace",), arxiv="1711.00001", fidelity=1),
        source="cvf",
    )
    with store.read() as connection:
        (left,) = papers.iterate(connection)
        (gone,) = before - {left["id"]}
        assert papers.by_name(connection, gone) == (left, True)


def test_a_timeline_tells_what_happened(store: Store) -> None:
    put(store, preprint(), preprint(version=2, published=DAY + timedelta(days=3)), page())
    with store.read() as connection:
        paper = papers.by_name(connection, "arxiv:1711.00001").doc
        told = news.timeline(connection, paper["id"])
    assert [one["kind"] for one in told] == ["new", "new_version", "published"]
    assert told[1]["cause"] == "arxiv:1711.00001v2"
    assert told[0] | {"seen_at": ""} == {
        "kind": "new",
        "cause": "",
        "at": "2017-11-13T01:00:00Z",
        "seen_at": "",
        "backfill": False,
    }


def test_starters_wait_until_there_is_news(store: Store) -> None:
    works.load(store, CONFIG, NOW)
    assert ask(store) == ["Deep Residual Learning"]
    with store.read() as connection:
        assert [d["title"] for d in papers.starters(connection)["architectures"]] == [
            "Deep Residual Learning"
        ]
        assert news.digest_rows(connection, DAY - timedelta(days=9999), NOW) == []
    put(store, preprint(title="News"))
    assert ask(store) == ["News"]
    assert ask(store, q="residual") == ["Deep Residual Learning"]
    put(store, preprint("1512.03385", title="Deep Residual Learning"))
    with store.read() as connection:  # once it is a paper of a source it is still a work
        assert len(papers.starters(connection)["architectures"]) == 1


def test_news_of_a_period(store: Store) -> None:
    put(store, preprint(), preprint(version=2, published=DAY + timedelta(days=3)))
    with store.read() as connection:
        rows = news.digest_rows(connection, DAY, DAY + timedelta(days=3))
        assert [(row.kind, row.doc["title"]) for row in rows] == [
            ("new", "Deep Widgets for Semantic Gadgets")
        ]
        assert len(news.digest_rows(connection, DAY, DAY + timedelta(days=4))) == 2
        assert news.latest(connection, DAY + timedelta(days=9)) == DAY + timedelta(days=3)
        assert news.latest(connection, DAY) is None
        later = news.earliest(connection, DAY + timedelta(days=1), DAY + timedelta(days=9))
        assert later == DAY + timedelta(days=3)


def test_phrases() -> None:
    assert words.phrases('"residual learning" image*') == [
        words.Phrase(("residual", "learning")),
        words.Phrase(("image",), prefix=True),
    ]
    assert words.phrases("") == words.phrases("* -") == []
    assert words.phrases("a b ", prefix=True)[-1] == words.Phrase(("b",))
