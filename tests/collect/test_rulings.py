"""Splitting and joining by hand: it holds whatever comes later, in any order, and can be undone."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from aggregator.collect import rulings
from aggregator.errors import NotFoundError, UsageError
from aggregator.merge.match import cluster
from aggregator.merge.rulings import Rulings, name, pair
from aggregator.models import Entry
from aggregator.settings import Settings
from aggregator.store import papers, tokens
from aggregator.store.db import Store
from aggregator.store.sql import event
from api.app import create_app
from tests.conftest import NOW
from tests.drafts import page, post, preprint
from tests.filled import CONFIG, put

LATER = NOW + timedelta(days=1)


def entries_of(store: Store, paper: str) -> list[str]:
    with store.read() as connection:
        return [e["key"] for e in papers.by_name(connection, paper).doc["entries"]]


def said(store: Store) -> list[tuple[str, list[str]]]:
    """Every paper: its title and its entries."""
    with store.read() as connection:
        docs = list(papers.iterate(connection))
    return sorted((doc["title"], sorted(e["key"] for e in doc["entries"])) for doc in docs)


def split(store: Store, paper: str, *keys: str) -> tuple[str, list[str]]:
    with store.write() as connection:
        return rulings.split(connection, paper, keys, "a test", LATER)


def join(store: Store, *names: str) -> str:
    with store.write() as connection:
        return rulings.join(connection, names, "a test", LATER)


PAGE = page("CVPR2018/Deep", title="Deep Widgets", arxiv="1711.00001")
POST = post("t3_a", about="arxiv:1711.00001")


@pytest.fixture
def wrong(store: Store) -> Store:
    """A preprint with two versions, a page of proceedings and a post, all one paper."""
    put(store, preprint("1711.00001", title="Deep Widgets"))
    put(store, preprint("1711.00001", version=2, title="Deep Widgets"))
    put(store, PAGE, source="cvf")
    put(store, POST, source="reddit")
    assert len(entries_of(store, "arxiv:1711.00001")) == 4
    return store


def test_a_split_gives_the_entries_a_paper_of_their_own(wrong: Store) -> None:
    kept, (made,) = split(wrong, "arxiv:1711.00001", "cvf:CVPR2018/Deep")
    assert entries_of(wrong, made) == ["cvf:CVPR2018/Deep"]
    assert len(entries_of(wrong, kept)) == 3
    with wrong.read() as connection:
        moved = connection.execute(sa.select(event).where(event.c.paper_id == made)).all()
        assert [(e.kind, e.backfill) for e in moved if not e.superseded]
        stayed = connection.scalars(sa.select(event.c.kind).where(event.c.paper_id == kept))
        assert "published" not in set(stayed)


def test_what_is_sent_off_gets_the_new_id_even_if_it_was_first(wrong: Store) -> None:
    kept, (made,) = split(wrong, "arxiv:1711.00001", "arxiv:1711.00001v1")
    assert sorted(entries_of(wrong, made)) == ["arxiv:1711.00001v1", "arxiv:1711.00001v2"]
    assert "cvf:CVPR2018/Deep" in entries_of(wrong, kept)


def test_a_split_holds_for_whatever_comes_later(wrong: Store) -> None:
    _, (made,) = split(wrong, "arxiv:1711.00001", "cvf:CVPR2018/Deep")
    put(wrong, preprint("1711.00001", version=3, title="Deep Widgets"), now=LATER)
    put(wrong, page("CVPR2018/Deep", title="Deep Widgets", arxiv="1711.00001", abstract="We do."))
    assert entries_of(wrong, made) == ["cvf:CVPR2018/Deep"]


def test_split_and_joined_again_it_says_what_it_said(wrong: Store) -> None:
    before = said(wrong)
    kept, (made,) = split(wrong, "arxiv:1711.00001", "cvf:CVPR2018/Deep")
    assert join(wrong, kept, made) == kept
    assert said(wrong) == before
    with wrong.read() as connection:
        assert papers.by_name(connection, made) == (papers.by_name(connection, kept).doc, True)


def test_papers_that_nothing_joins_can_be_joined(store: Store) -> None:
    put(store, preprint("1711.00001", title="Widgets, part one"))
    put(store, preprint("1711.00002", title="Widgets, part two"), now=LATER)
    joined = join(store, "arxiv:1711.00002", "arxiv:1711.00001")
    assert len(entries_of(store, joined)) == 2
    with store.read() as connection:
        news = sa.select(sa.func.count()).where(event.c.kind == "new", ~event.c.superseded)
        assert connection.scalar(news) == 1
    put(store, preprint("1711.00002", version=2, title="Widgets, part two, again"), now=LATER)
    assert len(entries_of(store, joined)) == 3
    kept, (made,) = split(store, joined, "arxiv:1711.00002")
    assert {len(entries_of(store, one)) for one in (kept, made)} == {1, 2}


@pytest.mark.parametrize("away", ["1", "2", "3"])
def test_of_three_joined_one_can_go_and_two_stay(store: Store, away: str) -> None:
    for n in "123":
        day = NOW + timedelta(hours=int(n))
        put(store, preprint(f"1711.0000{n}", title=f"Widgets of kind {n}"), now=day)
    joined = join(store, *(f"arxiv:1711.0000{n}" for n in "123"))
    kept, (made,) = split(store, joined, f"arxiv:1711.0000{away}")
    assert entries_of(store, made) == [f"arxiv:1711.0000{away}v1"]
    assert len(entries_of(store, kept)) == 2


def test_mistakes_are_said(wrong: Store) -> None:
    with pytest.raises(UsageError, match="is not of paper"):
        split(wrong, "arxiv:1711.00001", "cvf:none")
    with pytest.raises(UsageError, match="all entries of paper"):
        split(wrong, "arxiv:1711.00001", *entries_of(wrong, "arxiv:1711.00001"))
    with pytest.raises(UsageError, match="two papers or more"):
        join(wrong, "arxiv:1711.00001", "cvf:CVPR2018/Deep")
    with pytest.raises(NotFoundError):
        join(wrong, "arxiv:1711.00001", "arxiv:1811.00001")


ENTRIES = [
    Entry(draft, ("s",), NOW)
    for draft in (
        preprint("1711.00001", title="Deep Widgets"),
        preprint("1711.00001", version=2, title="Deep Widgets"),
        preprint("1711.00002", title="Deep Widgets"),
        page("CVPR2018/Deep", title="Deep Widgets"),
        PAGE,
        POST,
    )
]
NAMES = sorted({name(e.draft) for e in ENTRIES})
PAIRS = st.frozensets(
    st.sampled_from([pair(a, b) for a, b in itertools.combinations(NAMES, 2)]), max_size=4
)


@given(PAIRS, PAIRS, st.permutations(ENTRIES))
def test_the_outcome_does_not_depend_on_the_order_and_keeps_apart_what_is_apart(
    together: Any, apart: Any, shuffled: list[Entry]
) -> None:
    ruled = Rulings(together - apart, apart)

    def parted(entries: list[Entry]) -> set[frozenset[str]]:
        return {frozenset(e.key for e in group) for group in cluster(entries, ruled)}

    assert parted(shuffled) == parted(ENTRIES)
    for group in cluster(shuffled, ruled):
        names = {name(e.draft) for e in group}
        assert not any(a in names and b in names for a, b in apart)
    if not apart:
        joined = {frozenset(name(e.draft) for e in g) for g in cluster(ENTRIES, ruled)}
        assert all(any(a in g and b in g for g in joined) for a, b in ruled.together)


def test_by_the_api(wrong: Store, tmp_path: Path) -> None:
    with wrong.write() as connection:
        secret = tokens.create(connection, "laptop", "write", NOW)
    app = create_app(wrong, Settings(data_dir=tmp_path), CONFIG, now=lambda: LATER)
    with TestClient(app) as client:
        path = "/api/v1/papers/arxiv:1711.00001"
        asked = {"entries": ["cvf:CVPR2018/Deep"]}
        assert client.post(f"{path}/split", json=asked).status_code == 401
        client.headers["Authorization"] = f"Bearer {secret}"
        parted = client.post(f"{path}/split", json=asked).json()
        assert len(parted["made"]) == 1
        assert client.post(f"{path}/split", json={"entries": ["none"]}).status_code == 400
        joined = client.post(f"{path}/join", json={"others": parted["made"]}).json()
        assert joined == {"paper": parted["paper"]}
        assert client.post(f"{path}/join", json={"others": ["arxiv:none"]}).status_code == 404


def test_a_ruling_has_its_names_in_the_order_of_stores_made_before() -> None:
    """Else what was decided in them would be decided no more."""
    assert pair("cvf:b", "arxiv:a") == pair("arxiv:a", "cvf:b") == ("arxiv:a", "cvf:b")
