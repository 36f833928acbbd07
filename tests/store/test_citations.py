"""Citations in the store: one event for two papers, whoever tells it and however they merge."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.collect.ingest import store_drafts
from aggregator.errors import UsageError
from aggregator.models import Draft, Parsed
from aggregator.store import citations, ledger, news
from aggregator.store.db import Store
from aggregator.store.sql import alias, event, paper
from tests.drafts import page, preprint

NOW = datetime(2017, 11, 20, 12, tzinfo=UTC)
ADAM = "arxiv:1412.6980"


def citing(native: str = "a", *, kind: str = "s2", cites: str = ADAM, **more: Any) -> Draft:
    values: dict[str, Any] = {
        "title": f"A Study of Gadgets, Number {native}",
        "url": "https://s2.example",
        "published": datetime(2017, 11, 15, tzinfo=UTC),
        "authors": ("Ada Lovelace",),
        "year": 2017,
        "cites": (cites,) if cites else (),
    }
    return Draft(kind=kind, native_id=native, role="citing", **(values | more))


def adam(**more: Any) -> Draft:
    return preprint("1412.6980", title="Adam", authors=("Jimmy Ba",), **more)


def put(store: Store, *drafts: Draft, backfill: bool = False, at: datetime = NOW) -> None:
    with store.write() as connection:
        store_drafts(connection, [Parsed(drafts)], "s", at, backfill=backfill)


def told(connection: Connection) -> list[sa.Row[tuple[object, ...]]]:
    asked = sa.select(event).where(event.c.kind == "cited", ~event.c.superseded)
    return list(connection.execute(asked.order_by(event.c.id)))


def owner(connection: Connection, name: str) -> str:
    found = connection.scalar(sa.select(alias.c.paper_id).where(alias.c.name == name))
    assert found
    return found


def citations_of(connection: Connection, name: str) -> int | None:
    asked = sa.select(paper.c.doc).where(paper.c.id == owner(connection, name))
    return connection.execute(asked).scalar_one()["buzz"]["citations"]


def test_one_event_for_two_papers_whoever_tells_it(store: Store) -> None:
    put(store, adam())
    put(store, citing(), backfill=True)
    put(store, citing())
    put(store, citing("W1", kind="openalex", title="A Study of Gadgets, Number a"))
    with store.read() as connection:
        (one,) = told(connection)
        assert (one.backfill, one.at) == (True, datetime(2017, 11, 15, tzinfo=UTC))
        assert one.paper_id == owner(connection, ADAM)
        assert citations_of(connection, ADAM) == 1
        assert connection.scalar(sa.select(sa.func.count()).select_from(paper)) == 2


def test_a_citing_paper_is_no_news_of_its_own_and_beats_nobody(store: Store) -> None:
    put(store, adam(), citing(identifiers={"arxiv": "1711.00001"}, abstract="Theirs."))
    with store.read() as connection:
        kinds = connection.execute(sa.select(event.c.kind, event.c.paper_id)).all()
        assert sorted(kind for kind, _ in kinds) == ["cited", "new"]
    mine = preprint("1711.00001", title="The Real Title", abstract="Mine.")
    put(store, mine)
    with store.read() as connection:
        found = owner(connection, "arxiv:1711.00001")
        doc = connection.execute(sa.select(paper.c.doc).where(paper.c.id == found)).scalar_one()
        assert (doc["title"], doc["abstract"]) == ("The Real Title", "Mine.")
        assert doc["published"] == "2017-11-13T01:00:00Z"
        (one,) = told(connection)
        assert (one.cause, one.at) == (found, mine.published), "dated as the paper now is"


def test_two_citing_papers_that_become_one_leave_one_event(store: Store) -> None:
    put(store, adam())
    put(store, citing("a", title="First Words for It"), citing("b", title="Other Words for It"))
    with store.read() as connection:
        first, second = told(connection)
        assert citations_of(connection, ADAM) == 2
    both = {"arxiv": "1711.00001"}
    put(store, citing("a", title="First Words for It", identifiers=both, fidelity=1))
    put(store, citing("b", title="Other Words for It", identifiers=both, fidelity=1))
    with store.read() as connection:
        (one,) = told(connection)
        assert one.id in (first.id, second.id)
        assert one.cause == owner(connection, "arxiv:1711.00001")
        assert citations_of(connection, ADAM) == 1


def test_a_cited_work_that_joins_the_paper_of_its_proceedings_has_what_was_told_before(
    store: Store,
) -> None:
    put(store, page(title="Adam", authors=("Jimmy Ba",)))
    put(store, citing())
    put(store, adam())
    with store.read() as connection:
        (one,) = told(connection)
        assert one.paper_id == owner(connection, ADAM) == owner(connection, page().key)
        assert citations_of(connection, ADAM) == 1


def test_a_work_does_not_cite_itself_once_the_citing_paper_turns_out_to_be_the_same(
    store: Store,
) -> None:
    """Services list the journal's version as citing the preprint."""
    put(store, adam())
    put(store, citing(title="Adam, the Journal's", identifiers={"doi": "10.1234/adam"}))
    put(store, citing("b"))
    with store.read() as connection:
        assert citations_of(connection, ADAM) == 2
    put(store, adam(identifiers={"doi": "10.1234/adam"}))
    with store.read() as connection:
        assert owner(connection, ADAM) == owner(connection, "doi:10.1234/adam")
        (one,) = told(connection)
        assert one.cause != one.paper_id
        assert citations_of(connection, ADAM) == 1


def test_a_citing_paper_that_is_parted_keeps_what_was_told(store: Store) -> None:
    put(store, adam())
    together: dict[str, Any] = {"identifiers": {"doi": "10.1234/x"}}
    put(store, citing("a", title="First Words for It", **together))
    put(store, citing("b", title="Other Words for It", cites="", **together))
    with store.read() as connection:
        (before,) = told(connection)
    put(store, citing("a", title="First Words for It", fidelity=1, extra={"x": 1}))
    other: dict[str, Any] = {"identifiers": {"doi": "10.1234/y"}, "fidelity": 2, "cites": ""}
    put(store, citing("b", title="Other Words for It", **other))
    with store.read() as connection:
        (after,) = told(connection)
        assert after.paper_id == before.paper_id
        assert (after.seen_at, after.backfill) == (before.seen_at, before.backfill)


def test_two_cited_papers_that_become_one_have_one_event(store: Store) -> None:
    doi = "doi:10.1234/adam"
    put(store, adam())
    published = adam(version=2, published=NOW)
    put(
        store,
        Draft(
            "cvf", "ICLR/Adam", "proceedings", "Optimising", "u", NOW, identifiers={"doi": doi[4:]}
        ),
    )
    put(store, citing(), citing(cites=doi))
    with store.read() as connection:
        assert len(told(connection)) == 2
    put(store, published, adam(version=3, published=NOW, identifiers={"doi": doi[4:]}))
    with store.read() as connection:
        (one,) = told(connection)
        assert one.paper_id == owner(connection, ADAM) == owner(connection, doi)
        assert citations_of(connection, ADAM) == 1


def test_a_work_that_nobody_here_has_is_looked_up_and_then_cited(store: Store) -> None:
    put(store, citing(), backfill=True)
    with store.read() as connection:
        assert told(connection) == []
        assert ledger.wanted(connection, "arxiv", 9, NOW) == ["1412.6980"]
    put(store, adam(), at=NOW + timedelta(days=1))
    with store.read() as connection:
        (one,) = told(connection)
        assert (one.backfill, one.seen_at) == (True, NOW), "known since the first walk"
        assert citations_of(connection, ADAM) == 1


def test_pages_hold_every_citing_paper_once_newest_first(store: Store) -> None:
    put(store, adam())
    days = [datetime(2017, 11, 1 + n // 2, tzinfo=UTC) for n in range(9)]
    put(store, *(citing(str(n), published=day) for n, day in enumerate(days)))
    with store.read() as connection:
        work = owner(connection, ADAM)
        found, cursor = [], None
        while True:
            page = citations.page(connection, work, 4, cursor)
            found += [doc["title"][-1] for doc in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert sorted(found) == list("012345678")
        assert [int(n) // 2 for n in found] == [4, 3, 3, 2, 2, 1, 1, 0, 0]
        for limit, place in ((0, None), (101, None), (4, "x")):
            with pytest.raises(UsageError):
                citations.page(connection, work, limit, place)


def test_the_timeline_folds_citations(store: Store) -> None:
    put(store, adam())
    put(store, *(citing(str(n)) for n in range(3)), backfill=True)
    put(store, citing("8"), citing("9"), at=NOW + timedelta(days=1))
    with store.read() as connection:
        lines = news.timeline(connection, owner(connection, ADAM))
    folded = [(one["kind"], one.get("count"), one["backfill"]) for one in lines]
    assert sorted(folded[1:]) == [("cited", 2, False), ("cited", 3, True)]
    assert folded[0] == ("new", None, False)
