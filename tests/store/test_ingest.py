"""Drafts become entries, papers, names and events: one contract for both databases."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.collect.ingest import store_drafts
from aggregator.merge.plan import Counts
from aggregator.models import Draft, Parsed
from aggregator.store import search
from aggregator.store.db import Store
from aggregator.store.sql import alias, entry, event, mention, paper
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint


def put(
    store: Store,
    *drafts: Draft,
    source: str = "source",
    hours: int = 0,
    backfill: bool = False,
    gone: tuple[tuple[str, str], ...] = (),
) -> Counts:
    with store.write() as connection:
        counts, _, _ = store_drafts(
            connection,
            [Parsed(drafts, gone=gone)],
            source,
            NOW + timedelta(hours=hours),
            backfill=backfill,
        )
    return counts


def test_a_text_that_was_damaged_on_its_way_takes_no_good_ones_place(store: Store) -> None:
    good = preprint("1711.00001", title="Über widgets")
    put(store, good)
    put(store, replace(good, title="\ufffdber widgets", abstract=good.abstract + "\ufffd"), hours=1)
    (doc,) = docs(store)
    assert (doc["title"], doc["abstract"]) == ("Über widgets", good.abstract)


def docs(store: Store) -> list[dict[str, Any]]:
    with store.read() as connection:
        return [row.doc for row in connection.execute(sa.select(paper).order_by(paper.c.pk))]


def happened(store: Store) -> list[tuple[str, str]]:
    with store.read() as connection:
        rows = connection.execute(
            sa.select(event).where(event.c.superseded.is_(False)).order_by(event.c.at, event.c.kind)
        )
        return [(row.kind, row.cause) for row in rows]


def keys_of(documents: Iterable[dict[str, Any]]) -> list[list[str]]:
    return [sorted(e["key"] for e in doc["entries"]) for doc in documents]


def test_storing_twice_changes_nothing(store: Store) -> None:
    first = put(store, preprint(), page())
    before = docs(store)
    again = put(store, preprint(), page(), hours=5)
    assert (first.new, again.new, again.updated, again.unchanged) == (2, 0, 0, 2)
    assert docs(store) == before


def test_a_page_that_prints_the_arxiv_id_joins_its_preprint_whatever_its_title(
    store: Store,
) -> None:
    put(store, preprint(title="Working title", authors=("Ada Lovelace",)))
    put(store, page(arxiv="1711.00001"), hours=1)
    (doc,) = docs(store)
    assert doc["title"] == "Deep Widgets for Semantic Gadgets"
    assert doc["identifiers"]["arxiv"] == "1711.00001"
    assert doc["venue"] == "CVPR 2018"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_the_paper_says_the_same_in_whatever_order_its_entries_came(
    store: Store, order: tuple[int, ...]
) -> None:
    drafts = [
        preprint(),
        page(),
        preprint(version=2, published=DAY + timedelta(days=9), first_public=DAY),
    ]
    for n, which in enumerate(order):
        put(store, drafts[which], hours=n)
    (doc,) = docs(store)
    assert doc["abstract"] == "We build widgets. They are deep."
    assert doc["published"] == "2017-11-13T01:00:00Z"
    assert [e["key"] for e in doc["entries"]] == [
        "arxiv:1711.00001v1",
        "arxiv:1711.00001v2",
        "cvf:CVPR2018/Lovelace_Deep_Widgets",
    ]
    assert happened(store) == [
        ("new", ""),
        ("new_version", "arxiv:1711.00001v2"),
        ("published", "cvf:CVPR2018/Lovelace_Deep_Widgets"),
    ]


def test_the_older_paper_survives_a_merge_and_answers_to_both_ids(store: Store) -> None:
    put(store, preprint(title="Working title"))
    put(store, page(), hours=1)
    old, young = [doc["id"] for doc in docs(store)]
    put(store, page(arxiv="1711.00001"), hours=2)
    (doc,) = docs(store)
    assert doc["id"] == old
    with store.read() as connection:
        names = set(connection.scalars(sa.select(alias.c.name).where(alias.c.paper_id == old)))
        superseded = connection.scalar(
            sa.select(sa.func.count()).select_from(event).where(event.c.superseded)
        )
    assert f"id:{young}" in names
    assert superseded == 1
    assert happened(store).count(("new", "")) == 1


def test_two_arxiv_ids_with_one_title_stay_two_papers(store: Store) -> None:
    put(store, preprint("1711.00001"), preprint("1711.00002"))
    assert keys_of(docs(store)) == [["arxiv:1711.00001v1"], ["arxiv:1711.00002v1"]]


def test_a_shared_title_with_other_authors_or_years_is_no_match(store: Store) -> None:
    put(store, preprint(), page(authors=("Grace Hopper", "Edsger Dijkstra")))
    later = page("CVPR2021/x", published=DAY + timedelta(days=2300))
    put(store, later, hours=1)
    assert len(docs(store)) == 3


def test_chinese_titles_match_across_punctuation_and_width(store: Store) -> None:
    title = "基于深度学习的图像识别方法研究"
    put(store, preprint(title=title, authors=("王小明",)))
    put(store, page(title="基于深度学习的图像识别方法研究。", authors=("王小明",)), hours=1)
    assert len(docs(store)) == 1


def test_a_post_that_links_a_paper_is_one_of_its_entries_and_counts_as_buzz(store: Store) -> None:
    put(store, preprint(), post(about="arxiv:1711.00001", score=40, num_comments=7))
    (doc,) = docs(store)
    assert doc["kind"] == "paper"
    assert doc["buzz"] == {"score": 40, "comments": 7, "posts": 1, "citations": None}
    assert happened(store) == [("new", ""), ("discussed", "reddit:t3_abc")]


def test_a_post_before_its_paper_discusses_it_and_makes_nothing_new(store: Store) -> None:
    discussed = ("discussed", "reddit:t3_abc")
    put(store, post(about="arxiv:1711.00001"))
    (doc,) = docs(store)
    assert (doc["kind"], doc["title"]) == ("paper", "Deep Widgets are out")
    assert happened(store) == [discussed]
    put(store, preprint(), hours=1)
    (doc,) = docs(store)
    assert doc["title"] == "Deep Widgets for Semantic Gadgets"
    assert happened(store) == [("new", ""), discussed]


def test_a_post_about_no_paper_stands_for_itself(store: Store) -> None:
    put(store, post(title="[D] How do you read papers?"))
    (doc,) = docs(store)
    assert (doc["kind"], doc["title"]) == ("post", "How do you read papers?")
    assert happened(store) == [("new", "")]


@pytest.mark.parametrize("paper_first", [True, False])
def test_a_thread_that_mentions_papers_counts_for_each(store: Store, paper_first: bool) -> None:
    thread = post(title="What are you reading?", mentions=("arxiv:1711.00001", "arxiv:1711.99999"))
    for n, draft in enumerate([preprint(), thread] if paper_first else [thread, preprint()]):
        put(store, draft, hours=n)
    found = {doc["kind"]: doc for doc in docs(store)}
    assert found["paper"]["buzz"]["posts"] == 1
    assert found["post"]["identifiers"] == {}
    with store.read() as connection:
        assert len(connection.execute(sa.select(mention)).all()) == 2


def test_unknown_papers_that_posts_name_are_wanted_once(store: Store) -> None:
    from aggregator.store import ledger

    put(
        store,
        preprint(),
        post(about="arxiv:1711.00001", mentions=("arxiv:1711.99999", "doi:10.1/x")),
    )
    with store.read() as connection:
        assert ledger.wanted(connection, "arxiv", 10, NOW) == ["1711.99999"]


def test_a_withdrawn_paper_is_flagged_and_told(store: Store) -> None:
    put(store, preprint())
    put(
        store,
        preprint(version=2, published=DAY + timedelta(days=3), first_public=DAY, withdrawn=True),
        hours=1,
    )
    (doc,) = docs(store)
    assert doc["withdrawn"]
    assert ("withdrawn", "arxiv:1711.00001v2") in happened(store)


def test_a_record_that_its_place_deleted_is_kept_and_flagged(store: Store) -> None:
    put(store, preprint())
    put(store, hours=1, gone=(("arxiv", "1711.00001"),))
    (doc,) = docs(store)
    assert doc["withdrawn"]
    assert doc["abstract"]


def test_a_notice_does_not_overwrite_the_full_record(store: Store) -> None:
    put(store, preprint(comments="12 pages"), source="oai")
    counts = put(store, preprint(fidelity=0, abstract="short"), source="rss", hours=1)
    (doc,) = docs(store)
    assert doc["comments"] == "12 pages"
    assert doc["abstract"] == "We build widgets. They are deep."
    assert doc["entries"][0]["sources"] == ["oai", "rss"]
    assert counts.updated == 1


def test_a_cross_list_notice_gets_its_day_from_the_record(store: Store) -> None:
    put(store, preprint(published=DAY + timedelta(days=5), dated=False, fidelity=0))
    put(store, preprint(published=DAY), hours=1)
    put(store, preprint(published=DAY + timedelta(days=2)), hours=2)
    (doc,) = docs(store)
    assert doc["entries"][0]["published"] == "2017-11-13T01:00:00Z"


def test_a_page_that_later_names_another_preprint_leaves_the_first(store: Store) -> None:
    put(store, preprint("1711.00001"), page())
    assert len(docs(store)) == 1
    put(store, preprint("1711.00002", title="Deep Widgets, revisited"), hours=1)
    put(store, page(arxiv="1711.00002"), hours=2)
    assert keys_of(docs(store)) == [
        ["arxiv:1711.00001v1"],
        ["arxiv:1711.00002v1", "cvf:CVPR2018/Lovelace_Deep_Widgets"],
    ]


def events_of(store: Store) -> list[tuple[str, str, str]]:
    """(a title of the paper, kind, cause) of every event that counts."""
    with store.read() as connection:
        asked = sa.select(paper.c.title, event.c.kind, event.c.cause)
        rows = connection.execute(
            asked.join(paper, paper.c.id == event.c.paper_id).where(~event.c.superseded)
        )
        return sorted((row.title, row.kind, row.cause) for row in rows)


def test_what_is_split_off_takes_its_events_along_and_counts_as_told(store: Store) -> None:
    put(store, preprint("1711.00001"), page())
    put(store, preprint("1711.00002", title="Another work"), hours=1)
    put(store, page(title="Another work", arxiv="1711.00003"), hours=50)
    key = "cvf:CVPR2018/Lovelace_Deep_Widgets"
    assert events_of(store) == [
        ("Another work", "new", ""),
        ("Another work", "new", ""),
        ("Another work", "published", key),
        ("Deep Widgets for Semantic Gadgets", "new", ""),
    ]
    with store.read() as connection:
        seen = connection.scalars(
            sa.select(event.c.seen_at).where(event.c.kind == "new").order_by(event.c.id)
        )
        assert list(seen) == [NOW, NOW + timedelta(hours=1), NOW]


def test_a_post_that_comes_to_link_another_paper_does_not_take_the_id_along(store: Store) -> None:
    put(store, post(about="arxiv:1711.00001"))
    put(store, preprint("1711.00001"), hours=1)
    (before,) = docs(store)
    put(store, post(about="arxiv:1711.00009"), hours=2)
    assert docs(store)[0]["id"] == before["id"]
    assert keys_of(docs(store)) == [["arxiv:1711.00001v1"], ["reddit:t3_abc"]]


def test_ids_merged_away_are_never_given_again(store: Store) -> None:
    put(store, preprint("1711.00001"))
    for n in range(1, 9):
        put(store, post(about=f"arxiv:1711.0000{1 if n % 2 else 9}"), hours=n)
    assert len(docs(store)) == 2


def test_a_thread_that_drops_a_paper_no_longer_counts_for_it(store: Store) -> None:
    named = preprint(identifiers={"doi": "10.1/x"})
    put(store, named, post(title="Reading", mentions=("arxiv:1711.00001",)))
    put(store, post(title="Reading", mentions=("arxiv:1711.00002",)), hours=1)
    assert [doc["buzz"]["posts"] for doc in docs(store) if doc["kind"] == "paper"] == [0]


def test_a_withdrawn_paper_may_come_back(store: Store) -> None:
    put(store, preprint(withdrawn=True))
    put(store, preprint(withdrawn=False), hours=1)
    assert [doc["withdrawn"] for doc in docs(store)] == [False]


def test_a_doi_may_name_two_papers_and_both_are_found(store: Store) -> None:
    for n in (1, 2):
        put(store, preprint(f"1711.0000{n}", identifiers={"doi": "10.1/x"}), hours=n)
    assert len(docs(store)) == 2
    with store.read() as connection:
        found = connection.scalars(sa.select(alias.c.paper_id).where(alias.c.name == "doi:10.1/x"))
        assert len(set(found)) == 2


def test_backfill_marks_events(store: Store) -> None:
    put(store, preprint(), backfill=True)
    put(store, preprint("1711.00002", title="Another one entirely"), hours=1)
    with store.read() as connection:
        marks = list(connection.scalars(sa.select(event.c.backfill).order_by(event.c.id)))
    assert marks == [True, False]


def test_every_moment_comes_back_aware_and_equal(store: Store) -> None:
    put(store, preprint())
    with store.read() as connection:
        row = connection.execute(sa.select(entry)).one()
    assert (row.published, row.seen_at) == (DAY, NOW)
    assert row.published.tzinfo is not None


def test_hostile_texts_are_stored_as_they_are(store: Store) -> None:
    nasty = '\'; DROP TABLE paper; -- "NEAR(a b)" * ^ {x} <script>\u4e2d\u6587 𝔸'
    put(store, preprint(title=nasty, abstract=nasty * 50, authors=(nasty,)))
    (doc,) = docs(store)
    assert doc["title"] == nasty
    assert doc["authors"] == [nasty]


def test_the_index_follows_the_paper(store: Store) -> None:
    put(store, preprint())
    put(store, preprint(title="Shallow Levers", version=2, first_public=DAY), hours=1)
    table, match = (
        ("paper_fts", "paper_fts MATCH :word")
        if store.is_sqlite
        else (
            "paper_search",
            "document @@ plainto_tsquery('simple', :word)",
        )
    )
    with store.write() as connection:

        def hits(word: str) -> int:
            asked = sa.text(f"SELECT count(*) FROM {table} WHERE {match}")
            return connection.scalar(asked, {"word": word}) or 0

        assert (hits("levers"), hits("gadgets"), hits("lovelace")) == (1, 0, 1)
        search.remove(connection, [1])
        assert hits("levers") == 0
