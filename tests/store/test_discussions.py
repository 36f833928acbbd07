"""Discussions in the store: one event for a paper and a post, however both come and change."""

import itertools
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from sqlmodel import SQLModel

from aggregator.clock import parse_moment
from aggregator.collect import rulings
from aggregator.collect.ingest import regroup, store_drafts
from aggregator.digest import rank
from aggregator.models import Draft, Parsed
from aggregator.store import news, papers, people
from aggregator.store.db import Store
from aggregator.store.sql import alias, delivery, event, paper, tag
from aggregator.store.subscriptions import add
from aggregator.watches import Wanted
from tests.conftest import NOW, sqlite_store
from tests.drafts import page, post, preprint
from tests.filled import give_tags
from tests.merge.test_match import drafts as works
from tests.older import downgrade

LATER = NOW + timedelta(days=1)
A, B = "arxiv:1711.00001", "arxiv:1711.00002"
ONE = preprint("1711.00001", title="Widgets for the First Time")
TWO = preprint("1711.00002", title="Gadgets for the Second Time", authors=("Grace Hopper",))


def put(store: Store, *drafts: Draft, backfill: bool = False, now: datetime = NOW) -> None:
    with store.write() as connection:
        store_drafts(connection, [Parsed(drafts)], "s", now, backfill=backfill)


def owner(connection: Connection, name: str) -> str:
    found = connection.scalar(sa.select(alias.c.paper_id).where(alias.c.name == name))
    assert found
    return found


def events(store: Store) -> list[sa.Row[Any]]:
    """All of them, superseded ones too, oldest first."""
    with store.read() as connection:
        asked = sa.select(event).where(event.c.kind == "discussed").order_by(event.c.id)
        return list(connection.execute(asked))


def live(store: Store) -> list[tuple[str, str]]:
    """(title of the paper, key of the post) of each event that counts."""
    asked = (
        sa.select(paper.c.title, event.c.cause)
        .join(paper, paper.c.id == event.c.paper_id)
        .where(event.c.kind == "discussed", ~event.c.superseded)
    )
    with store.read() as connection:
        return sorted((row[0], row[1]) for row in connection.execute(asked))


def test_a_post_makes_one_event_however_often_it_is_fetched(store: Store) -> None:
    put(store, ONE)
    for score, comments in ((1, 0), (40, 3), (900, 80)):
        put(
            store,
            post(about=A, score=score, num_comments=comments),
            now=NOW + timedelta(hours=score),
        )
    (one,) = events(store)
    posted = post().published
    assert (one.cause, one.at, one.seen_at) == ("reddit:t3_abc", posted, NOW + timedelta(hours=1))
    assert not one.backfill
    with store.read() as connection:
        assert one.paper_id == owner(connection, A)
        lines = news.timeline(connection, one.paper_id)
        rows = news.digest_rows(connection, posted, posted + timedelta(minutes=1))
    assert [line["kind"] for line in lines] == ["new", "discussed"]
    assert lines[1]["url"] == post().url
    assert [(row.kind, row.doc["title"]) for row in rows] == [("discussed", ONE.title)]


def test_a_thread_makes_an_event_for_each_paper_also_for_those_that_come_later(
    store: Store,
) -> None:
    put(store, post(title="What are you reading?", mentions=(A, B)))
    assert events(store) == [], "it stands for itself"
    put(store, ONE)
    put(store, TWO, now=LATER)
    assert live(store) == [(TWO.title, "reddit:t3_abc"), (ONE.title, "reddit:t3_abc")]
    assert [one.seen_at for one in events(store)] == [NOW, LATER]
    assert {one.at for one in events(store)} == {post().published}


def test_what_a_back_fill_brought_is_no_news_when_its_paper_turns_up(store: Store) -> None:
    put(store, post("t3_thread", title="Reading", mentions=(A,)), backfill=True)
    put(store, post("t3_link", about=A, mentions=(B,)), backfill=True)
    put(store, post("t3_today", title="Reading again", mentions=(A, B)))
    put(store, ONE, TWO, now=LATER)
    found = {(one.cause, one.backfill) for one in events(store)}
    assert found == {
        ("reddit:t3_thread", True),
        ("reddit:t3_link", True),
        ("reddit:t3_today", False),
    }
    assert len(events(store)) == 5


def test_two_papers_that_become_one_have_one_event_of_a_post(store: Store) -> None:
    doi = "10.1/widgets"
    put(store, ONE, replace(page("x/y", title="Under Another Name", authors=("Grace Hopper",)),
                            identifiers={"cvf": "x/y", "doi": doi}))  # fmt: skip
    put(store, post(mentions=(A, f"doi:{doi}")), post("t3_b", about=f"doi:{doi}"))
    assert len(live(store)) == 3
    with store.write() as connection:
        read = _reader(connection)
        for one in connection.execute(sa.select(event).where(event.c.kind == "discussed")).all():
            if one.paper_id != owner(connection, A):
                _tell(connection, one.id, read)
        joined = rulings.join(connection, [A, f"doi:{doi}"], "a test", LATER)
    assert [(one.paper_id, one.superseded) for one in events(store)] == [(joined, False)] * 2
    with store.read() as connection:
        asked = sa.select(delivery.c.event_id).order_by(delivery.c.event_id)
        assert list(connection.scalars(asked)) == [one.id for one in events(store)]


def _reader(connection: Connection) -> int:
    wanted = Wanted(watch="gan", channel="email", target="ada@example.org")
    person = people.ensure(connection, "email:ada@example.org", NOW, confirmed=True)
    return add(connection, wanted, person, NOW, origin="cli", confirmed=True).pk


def _tell(connection: Connection, event_id: int, reader: int) -> None:
    row = {"event_id": event_id, "subscription_pk": reader, "outcome": "shown"}
    connection.execute(sa.insert(delivery).values(**row))


def test_a_paper_that_is_taken_apart_keeps_one_event_of_each_post(store: Store) -> None:
    joined = page("CVPR2018/x", title=ONE.title, arxiv="1711.00001")
    put(store, ONE, joined)
    put(store, post("t3_a", about=A), post("t3_b", mentions=("cvf:CVPR2018/x",)))
    put(store, post("t3_both", mentions=(A, "cvf:CVPR2018/x")))
    before = {one.cause: one for one in events(store)}
    with store.write() as connection:
        read = _reader(connection)
        for one in before.values():
            _tell(connection, one.id, read)
        kept, (made,) = rulings.split(connection, A, [joined.key], "a test", LATER)
    after = {(one.paper_id, one.cause): one for one in events(store) if not one.superseded}
    assert sorted(after) == sorted(
        [
            (kept, "reddit:t3_a"),
            (made, "reddit:t3_b"),
            (kept, "reddit:t3_both"),
            (made, "reddit:t3_both"),
        ]
    )
    assert after[made, "reddit:t3_b"].id == before["reddit:t3_b"].id
    assert after[made, "reddit:t3_both"].seen_at == before["reddit:t3_both"].seen_at
    with store.read() as connection:
        said = set(connection.scalars(sa.select(delivery.c.event_id)))
        assert said == {one.id for one in after.values()}, "nothing of it is told again"
    with store.write() as connection:
        rulings.join(connection, [kept, made], "a test", LATER)
    assert len(live(store)) == 3


def test_a_post_that_drops_its_link_and_takes_it_back_is_not_told_again(store: Store) -> None:
    put(store, ONE, TWO)
    put(store, post(mentions=(A, B)))
    first = events(store)
    put(store, post(title="Edited", mentions=(B,)))
    assert live(store) == [(TWO.title, "reddit:t3_abc")]
    put(store, post(title="Edited again", mentions=(A, B)), now=LATER)
    assert events(store) == first


def test_a_post_that_is_about_another_paper_after_all(store: Store) -> None:
    put(store, ONE, TWO)
    put(store, post(about=A, mentions=(B,)))
    put(store, post(title="[R] Edited", about=B, mentions=(A,)))
    assert len(live(store)) == len(events(store)) == 2


def test_deciding_again_changes_nothing(store: Store) -> None:
    put(store, ONE, TWO, post("t3_a", about=A, mentions=(B,)), post("t3_b", mentions=(A, B)))
    before = events(store)
    with store.write() as connection:
        regroup(connection, [owner(connection, A), owner(connection, B)], LATER)
    put(store, ONE, TWO, post("t3_a", about=A, mentions=(B,)), post("t3_b", mentions=(A, B)))
    assert events(store) == before


@st.composite
def posts(draw: st.DrawFn) -> Draft:
    name = st.sampled_from(["arxiv:1711.00001", "arxiv:1711.00002", "doi:10.1/1", "doi:10.1/2"])
    named = draw(st.lists(name, max_size=3, unique=True))
    about = named.pop() if named and draw(st.booleans()) else None
    return post(f"t3_{draw(st.integers(10, 14))}", about=about, mentions=tuple(named))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    found=st.lists(works() | posts(), min_size=2, max_size=7, unique_by=lambda d: d.key),
    cuts=st.lists(st.integers(1, 6), max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_the_order_of_papers_and_posts_does_not_matter(
    tmp_path: Path, found: list[Draft], cuts, dice
) -> None:
    shuffled = found.copy()
    dice.shuffle(shuffled)
    edges = sorted({0, len(shuffled), *(c for c in cuts if c < len(shuffled))})
    pages = [shuffled[a:b] for a, b in itertools.pairwise(edges)]
    with closing(sqlite_store(tmp_path)) as store:
        assert _told(store, pages) == _told(store, [found]) == _told(store, [found, found])


def _told(store: Store, pages: Sequence[Sequence[Draft]]) -> list[Any]:
    """Store the pages into the emptied store: what is discussed where, papers by their entries."""
    with store.write() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.execute(sa.text("DELETE FROM paper_fts"))
    for some in pages:
        put(store, *some)
    asked = (
        sa.select(paper.c.doc, event.c.cause, event.c.at)
        .join(paper, paper.c.id == event.c.paper_id)
        .where(event.c.kind == "discussed", ~event.c.superseded)
    )
    with store.read() as connection:
        rows = connection.execute(asked).all()
        docs = list(papers.iterate(connection))
    spoken = sum(doc["buzz"]["posts"] for doc in docs if doc["kind"] == "paper")
    assert len(rows) == spoken, "as many as the papers' buzz says"
    return sorted((sorted(e["key"] for e in row.doc["entries"]), row.cause, row.at) for row in rows)


def test_an_older_store_gets_its_events_as_history_and_its_heat(store: Store) -> None:
    put(store, ONE, post("t3_a", about=A, score=70), post("t3_b", mentions=(A, B), title="Reading"))
    put(store, TWO, post("t3_own", title="About nothing"))
    give_tags(store, {ONE.title: [("gan", 0.9)]})
    wanted, heat = events(store), _heat(store)
    downgrade(store, "0010")
    store.migrate()
    found = events(store)
    assert [(e.paper_id, e.cause, e.at) for e in found] == [
        (e.paper_id, e.cause, e.at)
        for e in sorted(wanted, key=lambda e: (e.at, e.cause, e.paper_id))
    ]
    assert len(found) == 3
    assert all(one.backfill and not one.superseded for one in found)
    assert _heat(store) == heat
    put(store, post("t3_a", about=A, score=700, title="Again"))
    assert events(store) == found


def _heat(store: Store) -> list[float]:
    """That of papers as the formula has it, which is stored, and of tags."""
    with store.read() as connection:
        rows = connection.execute(sa.select(paper.c.doc, paper.c.heat).order_by(paper.c.pk)).all()
        for row in rows:
            assert row.heat == rank.hot(row.doc["buzz"], parse_moment(row.doc["at"]))
        return [row.heat for row in rows] + list(connection.scalars(sa.select(tag.c.heat)))
