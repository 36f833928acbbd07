"""What a watch selects: any of a list, all of the conditions, nothing that is to be left out."""

from datetime import timedelta

import pytest

from aggregator.store import news, outbox, papers
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery
from aggregator.watches import Watch
from tests.conftest import NOW
from tests.drafts import page, post, preprint
from tests.filled import give_tags, put

A, B, C, D = (
    "Sparse residual widgets",
    "Adversarial gadgets",
    "扩散模型 of graphs",
    "Gadgets at a conference",
)


@pytest.fixture
def filled(store: Store) -> Store:
    put(store, preprint("1711.00001", title=A, authors=("Ada Lovelace",)))
    put(store, preprint("1711.00002", title=B, authors=("Alan Turing", "Ada Byron")))
    put(store, preprint("1711.00003", title=C, authors=("何恺明",), abstract="Nodes and edges."))
    put(store, page(title=D, authors=("Grace Hopper",), published=NOW), source="cvf")
    give_tags(store, {A: [("architectures", 0.9)], B: [("gan", 0.7), ("architectures", 0.3)]})
    return store


def selected(store: Store, **said: object) -> set[str]:
    query = PaperQuery.of(Watch(name="mine", **said))  # type: ignore[arg-type]
    with store.read() as connection:
        listed = {doc["title"] for doc in papers.page(connection, query).items}
        since, until = NOW - timedelta(days=30), NOW + timedelta(days=300)
        told = {row.doc["title"] for row in news.watch_rows(connection, query, since, until)}
        claimed = outbox.news_since(connection, query, ("new",), 0, until)
    assert listed == told  # a watch's page and its digest are of one mind
    assert len(claimed) == len(told)
    return told


@pytest.mark.parametrize(
    ("said", "titles"),
    [
        ({"topics": ("gan",)}, {B}),
        ({"topics": ("gan", "architectures")}, {A, B}),
        ({"topics": ("architectures",), "min_probability": 0.2}, {A, B}),
        ({"topics": ("architectures",), "min_probability": 0.95}, set()),
        ({"query": "gadgets"}, {B, D}),
        ({"query": '"residual widgets"'}, {A}),
        ({"query": '"widgets residual"'}, set()),
        ({"query": "gadg*"}, {B, D}),
        ({"query": "扩散"}, {C}),
        ({"query": "- ' \" ( NEAR"}, set()),
        ({"authors": ("Ada",)}, {A, B}),
        ({"authors": ("Hopper", "何恺明")}, {C, D}),
        ({"authors": ("Alan Lovelace",)}, set()),
        ({"authors": ("Ada",), "query": "gadgets"}, {B}),
        ({"venues": ("CVPR",)}, {D}),
        ({"venues": ("ICCV", "cvpr 2018")}, {D}),
        ({"sources": ("cvf",)}, {D}),
        ({"sources": ("cvf", "arxiv")}, {A, B, C, D}),
        ({"sources": ("arxiv", "cvf"), "exclude_topics": ("gan",)}, {A, C, D}),
        ({"sources": ("arxiv", "cvf"), "exclude_query": "gadgets"}, {A, C}),
        ({"sources": ("arxiv", "cvf"), "exclude_query": "gadgets conference"}, {A, B, C}),
        ({"sources": ("arxiv", "cvf"), "exclude_authors": ("Byron", "Hopper")}, {A, C}),
        ({"sources": ("arxiv", "cvf"), "exclude_venues": ("CVPR",)}, {A, B, C}),
        ({"sources": ("arxiv", "cvf"), "exclude_sources": ("cvf",)}, {A, B, C}),
        ({"query": "gadgets", "exclude_query": "adversarial", "exclude_authors": ("Ada",)}, {D}),
    ],
)
def test_what_a_watch_selects(filled: Store, said: dict[str, object], titles: set[str]) -> None:
    assert selected(filled, **said) == titles


def test_posts_about_no_paper_are_selected_too(store: Store) -> None:
    put(store, post(title="Gadgets at work", abstract="What do you use?"), source="reddit")
    give_tags(store, {"Gadgets at work": [("gan", 0.8)]})
    assert selected(store, topics=("gan",)) == {"Gadgets at work"}
