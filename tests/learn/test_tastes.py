"""Personal ranking in the store: learned apart once somebody stars, used for that person alone."""

from datetime import timedelta

import pytest

from aggregator.errors import UsageError
from aggregator.learn import tastes
from aggregator.store import kept, model, papers, people
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.tag.paper_text import Text
from aggregator.tag.taste import LEAST_LIKED, Taste
from tests.conftest import NOW
from tests.kites import KITE, ROCK, fill_with_kites

DAYS = timedelta(days=1)


def star(
    store: Store, titles: str, count: int, *, who: str = "local", shelf: str = "starred"
) -> int:
    """Somebody stars, or hides, papers whose titles begin so; returns the person's key."""
    with store.write() as connection:
        person = people.ensure(connection, who, NOW, confirmed=True)
        for doc in papers.page(connection, PaperQuery(q=titles, limit=count)).items:
            kept.put(
                connection, person, doc["id"], "hidden" if shelf == "hidden" else "starred", NOW
            )
    return person


def taste_of(store: Store, person: int) -> tastes.Mine:
    with store.read() as connection:
        return tastes.of_person(connection, person)


def first(store: Store, person: int, count: int = 10) -> list[str]:
    """The titles that this person's taste puts first."""
    with store.read() as connection:
        mine = tastes.of_person(connection, person).taste
        assert mine
        page = tastes.page(connection, person, mine, PaperQuery(limit=count)).page
    return [doc["title"] for doc in page.items]


def test_each_sees_an_order_of_their_own(store: Store) -> None:
    fill_with_kites(store)
    ada = star(store, KITE, 6, who="email:ada@example.org")
    bob = star(store, ROCK, 6, who="email:bob@example.org")
    assert taste_of(store, ada) == tastes.Mine(waits=True)
    assert tastes.read(store, NOW) == 520
    assert all(title.startswith(KITE) for title in first(store, ada))
    assert all(title.startswith(ROCK) for title in first(store, bob))
    nobody = star(store, KITE, LEAST_LIKED - 2, who="email:eve@example.org")
    assert taste_of(store, nobody) == tastes.Mine(missing=2)


def test_a_taste_follows_the_stars_and_goes_with_the_person(store: Store) -> None:
    fill_with_kites(store)
    ada = star(store, KITE, 6)
    tastes.read(store, NOW)
    before = taste_of(store, ada).taste
    star(store, ROCK, 2, shelf="hidden")
    after = taste_of(store, ada).taste
    assert isinstance(before, Taste)
    assert isinstance(after, Taste)
    assert (before.liked, after.liked, after.disliked) == (6, 6, 2)
    with store.write() as connection:
        for name in kept.latest(connection, ada, "starred", 2):
            kept.put(connection, ada, name, "starred", None)
    assert taste_of(store, ada) == tastes.Mine(missing=1)
    with store.write() as connection:
        people.erase(connection, ada, "digest")
    assert taste_of(store, ada) == tastes.Mine(missing=LEAST_LIKED)


def test_pages_follow_each_other_and_leave_out_what_is_known(store: Store) -> None:
    fill_with_kites(store)
    ada = star(store, KITE, 6)
    star(store, ROCK, 3, shelf="hidden")
    tastes.read(store, NOW)
    with store.read() as connection:
        mine = tastes.of_person(connection, ada).taste
        assert mine
        seen: list[str] = []
        cursor = ""
        while True:
            page = tastes.page(connection, ada, mine, PaperQuery(limit=60), cursor).page
            seen += [name for name, _ in page.rows]
            if page.next is None:
                break
            cursor = page.next
        known = {
            *kept.latest(connection, ada, "starred", 9),
            *kept.latest(connection, ada, "hidden", 9),
        }
        newest: set[str] = set()
        cursor = None
        for _ in range(tastes.RANKED // 100):
            found = papers.page(connection, PaperQuery(limit=100), cursor)
            newest |= {name for name, _ in found.rows}
            cursor = found.next
        assert len(seen) == len(set(seen))
        assert set(seen) == newest - known
        with pytest.raises(UsageError, match="sort=mine"):
            tastes.page(connection, ada, mine, PaperQuery(), "x")


def test_reading_is_learned_only_once_somebody_stars(store: Store) -> None:
    fill_with_kites(store)
    assert not tastes.is_due(store, NOW)
    star(store, KITE, LEAST_LIKED - 1)
    assert not tastes.is_due(store, NOW)
    star(store, KITE, LEAST_LIKED)
    assert tastes.is_due(store, NOW)
    tastes.read(store, NOW)
    assert not tastes.is_due(store, NOW + 8 * DAYS)  # no new papers
    fill_with_kites(store, begin=600, count=3)
    assert not tastes.is_due(store, NOW + 6 * DAYS)
    assert tastes.is_due(store, NOW + 7 * DAYS)


def test_too_few_papers_wait_until_there_are_more(store: Store) -> None:
    fill_with_kites(store, count=60)
    ada = star(store, KITE, 5)
    assert not tastes.is_due(store, NOW)
    assert tastes.read(store, NOW) == 0
    assert taste_of(store, ada) == tastes.Mine(waits=True)
    assert not tastes.is_due(store, NOW + 30 * DAYS)


def test_a_broken_reading_is_not_used(store: Store) -> None:
    fill_with_kites(store, count=60)
    ada = star(store, KITE, 5)
    with store.write() as connection:
        model.swap_in(
            connection, "reading", "", basis="", version="broken", now=NOW, figures={}, content=b"x"
        )
    assert taste_of(store, ada) == tastes.Mine(waits=True)


def test_reasons_name_words_and_authors_once(store: Store) -> None:
    fill_with_kites(store)
    ada = star(store, KITE, 6)
    tastes.read(store, NOW)
    mine = taste_of(store, ada).taste
    assert mine
    with store.read() as connection:
        doc = papers.page(connection, PaperQuery(q=KITE, limit=30)).items[-1]
    found = tastes.reasons(
        *mine.explain(tastes.as_paper(doc)), 4, Text(doc["title"], doc["abstract"])
    )
    assert len(found) == 4
    assert any("kite" in name.casefold() for name, _ in found)
    words = [word for name, _ in found for word in name.split()]
    assert len(words) == len(set(words))
    text = f"{doc['title']} {doc['abstract']}"  # words as they stand there, authors as they write
    assert all(name in doc["authors"] or name in text for name, _ in found)
