"""A page of proceedings prints a link to arXiv that leads to a paper of other people."""

from itertools import permutations

import pytest

from aggregator.models import Draft
from aggregator.store.db import Store
from aggregator.store.papers import by_name
from tests.drafts import page, post, preprint
from tests.store.test_ingest import docs, happened, put

THEIRS = preprint(
    "1802.00001", title="Vertex Sampling for Weighted Embedding", authors=("Grace Hopper",)
)
OURS = preprint("1801.00009", title="Context Embedding Networks")
PAGE = page(title="Context Embedding Networks", arxiv="1802.00001")
PRINTED = "https://arxiv.org/abs/1802.00001"


@pytest.mark.parametrize("places", list(permutations(range(3))), ids=str)
def test_it_is_kept_as_a_link_whatever_comes_first(store: Store, places: tuple[int, ...]) -> None:
    order = [(PAGE, THEIRS, OURS)[place] for place in places]
    for hours, draft in enumerate(order):
        put(store, draft, hours=hours)
    assert len(docs(store)) == 2
    with store.read() as connection:
        theirs = by_name(connection, "arxiv:1802.00001").doc
        ours = by_name(connection, f"cvf:{PAGE.native_id}").doc
    assert theirs["title"] == THEIRS.title
    assert theirs["links"]["abstract"].startswith(PRINTED)
    assert "related" not in theirs["links"]
    assert ours["identifiers"] == {"cvf": PAGE.native_id, "arxiv": "1801.00009"}
    assert ours["links"]["related"] == PRINTED
    assert {e["key"] for e in ours["entries"]} == {PAGE.key, OURS.key}


def test_posts_about_the_other_paper_stay_with_it(store: Store) -> None:
    put(store, PAGE)
    put(store, post(about="arxiv:1802.00001"), THEIRS, hours=1)
    with store.read() as connection:
        theirs = by_name(connection, "arxiv:1802.00001").doc
        ours = by_name(connection, f"cvf:{PAGE.native_id}").doc
    assert (theirs["buzz"]["posts"], ours["buzz"]["posts"]) == (1, 0)
    assert ours["identifiers"] == {"cvf": PAGE.native_id}
    assert "published" not in {kind for kind, _ in happened(store)}


@pytest.mark.parametrize(
    "printed",
    [
        page(title="Something Else Entirely", authors=("G. Hopper", "Alan Turing"), arxiv="1802.00001"),
        page(title="Vertex Sampling for Embedding", authors=("Alan Turing",), arxiv="1802.00001"),
        page(title="Something Else Entirely", authors=(), arxiv="1802.00001"),
    ],
    ids=["an author in common", "a title that is near", "nobody named"],
)  # fmt: skip
def test_where_anything_fits_it_is_believed(store: Store, printed: Draft) -> None:
    put(store, printed)
    put(store, THEIRS, hours=1)
    (doc,) = docs(store)
    assert doc["identifiers"]["arxiv"] == "1802.00001"
    assert "related" not in doc["links"]


def test_another_version_that_fits_is_heard_when_the_page_is_read_again(store: Store) -> None:
    put(store, PAGE)
    put(store, THEIRS, hours=1)
    renamed = preprint(
        "1802.00001", 2, title="Context Embedding Networks", authors=("Grace Hopper",)
    )
    put(store, renamed, hours=2)
    put(store, page(title=PAGE.title, arxiv="1802.00001", abstract="We embed."), hours=3)
    (doc,) = docs(store)
    assert doc["identifiers"] == {"cvf": PAGE.native_id, "arxiv": "1802.00001"}
