"""What people said of papers goes with the entries that it was said of, when papers become one and part."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from aggregator.collect import rulings
from aggregator.store import feedback, kept, papers, people, tags
from aggregator.store.db import Store
from aggregator.store.kept import SHELVES
from aggregator.store.sql import feedback as feedback_table
from aggregator.store.sql import feedback_of_entry, kept_of_entry
from aggregator.store.sql import kept as kept_table
from tests.collect.test_rulings import entries_of
from tests.conftest import NOW
from tests.drafts import preprint
from tests.filled import put
from tests.older import downgrade

KEYS = [f"arxiv:1711.{n:05d}v1" for n in (1, 2, 3)]
MINUTE = timedelta(minutes=1)
_SHARED = HealthCheck.function_scoped_fixture  # each example takes back what it did
TOPICS = ("gan", "learning")
WHO = ("ada", "bob")


@pytest.fixture
def three(store: Store) -> Store:
    """Three papers of their own."""
    for n, key in enumerate(KEYS):
        native = key.removeprefix("arxiv:").removesuffix("v1")
        put(
            store,
            preprint(native, title=f"Work {n}", authors=(f"Author {n}",)),
            now=NOW + n * MINUTE,
        )
    return store


def of(connection: Connection, key: str) -> str:
    """The id of the paper that an entry is of now."""
    return papers.by_name(connection, key.removesuffix("v1")).doc["id"]


def who(connection: Connection, name: str) -> int:
    return people.ensure(connection, f"email:{name}@example.org", NOW, confirmed=True)


def join(connection: Connection, *keys: str) -> None:
    rulings.join(connection, [of(connection, key) for key in keys], "a test", NOW)


def split(connection: Connection, *keys: str) -> None:
    rulings.split(connection, of(connection, keys[0]), keys, "a test", NOW)


def said(connection: Connection) -> dict[str, Any]:
    """Entry -> what is said and kept of its paper, moments included."""
    found = {}
    for key in KEYS:
        paper_id = of(connection, key)
        rows = []
        for table in (feedback_table, kept_table):
            asked = sa.select(table).where(table.c.paper_id == paper_id)
            for row in connection.execute(asked).mappings():
                rows.append({k: v for k, v in row.items() if k != "paper_id"})
        found[key] = sorted(rows, key=str)
    return found


@st.composite
def words(draw: st.DrawFn) -> list[tuple[Any, ...]]:
    """(entry, person, what, value) of words that are said one after the other."""
    word = st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from(WHO),
        st.one_of(
            st.tuples(st.sampled_from(TOPICS), st.sampled_from([True, False, None])),
            st.tuples(st.sampled_from(SHELVES), st.booleans()),
            st.tuples(st.just("note"), st.sampled_from(["", "One.", "Two.", "One.\n\nTwo."])),
        ),
    )
    return draw(st.lists(word, max_size=12))


def say(connection: Connection, some: list[tuple[Any, ...]], start: int) -> None:
    for n, (key, name, (what, value)) in enumerate(some):
        person, paper_id, at = (
            who(connection, name),
            of(connection, key),
            NOW + (start + n) * MINUTE,
        )
        if what == "note":
            kept.note(connection, person, paper_id, value, at)
        elif what in SHELVES:
            kept.put(connection, person, paper_id, what, at if value else None)
        elif value is None:
            feedback.unsay(connection, person, paper_id, what)
        else:
            feedback.say(connection, person, paper_id, what, value, at)


@settings(max_examples=8, deadline=None, suppress_health_check=[_SHARED])
@given(before=words(), pairs=st.permutations(KEYS))
def test_joining_and_splitting_is_as_if_nothing_had_been(
    three: Store, before: list[tuple[Any, ...]], pairs: list[str]
) -> None:
    a, b, c = pairs
    with three.undone() as connection:
        say(connection, before, 0)
        apart = said(connection)
        join(connection, a, b)
        two = said(connection)
        join(connection, a, c)
        split(connection, c)
        assert said(connection) == two
        split(connection, b)
        assert said(connection) == apart
        join(connection, a, b, c)
        split(connection, b)  # in whatever order they part
        split(connection, c)
        assert said(connection) == apart


@settings(max_examples=8, deadline=None, suppress_health_check=[_SHARED])
@given(before=words(), meanwhile=words())
def test_what_is_said_of_both_stays_with_the_papers_id_and_nothing_else_is_lost(
    three: Store, before: list[tuple[Any, ...]], meanwhile: list[tuple[Any, ...]]
) -> None:
    a, b, _ = KEYS
    with three.undone() as connection:
        say(connection, before, 0)
        apart = said(connection)
        join(connection, a, b)
        joined = said(connection)
        say(connection, meanwhile, 100)
        together = said(connection)
        split(connection, b)
        now = said(connection)
        # What was not touched meanwhile is where it was; of what was, the paper that stays has all.
        if joined[a] == together[a]:
            assert (now[a], now[b]) == (apart[a], apart[b])
        assert {str(one) for one in now[b]} <= {str(one) for one in apart[b]} or any(
            one[2][0] not in TOPICS for one in meanwhile
        )
        join(connection, a, b)
        assert said(connection)[a] == together[a]


def test_a_word_goes_back_with_the_entry_it_was_said_of(three: Store) -> None:
    a, b, _ = KEYS
    with three.write() as connection:
        ada = who(connection, "ada")
        feedback.say(connection, ada, of(connection, b), "gan", True, NOW)
        feedback.say(connection, ada, of(connection, a), "gan", False, NOW - MINUTE)
        kept.put(connection, ada, of(connection, b), "starred", NOW)
        kept.note(connection, ada, of(connection, a), "Of the first.", NOW)
        kept.note(connection, ada, of(connection, b), "Of the second.", NOW)
    with three.write() as connection:
        join(connection, a, b)
        both = of(connection, a)
        assert tags.said_of(connection, [both]) == {both: {"gan": True}}
        assert kept.of_papers(connection, ada, [both])[both] == kept.Kept(
            starred=True, note="Of the first.\n\nOf the second."
        )
    with three.write() as connection:
        split(connection, b)
        first, second = of(connection, a), of(connection, b)
        assert tags.said_of(connection, [first, second]) == {
            first: {"gan": False},
            second: {"gan": True},
        }
        assert kept.of_papers(connection, ada, [first, second]) == {
            first: kept.Kept(note="Of the first."),
            second: kept.Kept(starred=True, note="Of the second."),
        }
    assert entries_of(three, first) == [a]


def test_a_word_that_was_taken_back_does_not_come_back(three: Store) -> None:
    a, b, _ = KEYS
    with three.write() as connection:
        ada = who(connection, "ada")
        feedback.say(connection, ada, of(connection, b), "gan", True, NOW)
        kept.put(connection, ada, of(connection, b), "hidden", NOW)
        join(connection, a, b)
        feedback.unsay(connection, ada, of(connection, a), "gan")
        kept.put(connection, ada, of(connection, a), "hidden", None)
        split(connection, b)
        assert set(map(str, said(connection).values())) == {"[]"}


def test_a_guest_s_words_go_with_the_account_and_the_entry(three: Store) -> None:
    a, b, _ = KEYS
    with three.write() as connection:
        guest = people.ensure(connection, "browser:x", NOW, confirmed=False)
        ada = who(connection, "ada")
        kept.put(connection, guest, of(connection, b), "starred", NOW)
        kept.put(connection, guest, of(connection, a), "later", NOW)
        kept.note(connection, ada, of(connection, b), "Hers.", NOW)
        join(connection, a, b)
        kept.hand_over(connection, guest, ada)
        split(connection, b)
        first, second = of(connection, a), of(connection, b)
        assert kept.of_papers(connection, ada, [first, second])[first].later
        assert kept.of_papers(connection, ada, [second])[second].note == "Hers."
        assert not kept.of_papers(connection, guest, [first, second])


def test_whoever_is_erased_leaves_no_word(three: Store) -> None:
    a, b, _ = KEYS
    with three.write() as connection:
        ada = who(connection, "ada")
        feedback.say(connection, ada, of(connection, b), "gan", True, NOW)
        kept.put(connection, ada, of(connection, b), "starred", NOW)
        join(connection, a, b)
        feedback.unsay_all(connection, ada)
        people.erase(connection, ada, "digest")
        for table in (feedback_of_entry, kept_of_entry):
            assert connection.scalar(sa.select(sa.func.count()).select_from(table)) == 0
        split(connection, b)
        assert set(map(str, said(connection).values())) == {"[]"}


def test_a_store_of_before_keeps_its_words_and_notes_them_from_then_on(three: Store) -> None:
    a, b, c = KEYS
    with three.write() as connection:
        ada = who(connection, "ada")
        for key in (a, b, c):
            feedback.say(connection, ada, of(connection, key), "gan", key != a, NOW)
            kept.note(connection, ada, of(connection, key), f"Of {key}.", NOW)
        join(connection, a, b)
        before = said(connection)
    downgrade(three, "0027")
    three.migrate()
    with three.write() as connection:
        assert said(connection) == before
        join(connection, a, c)
        split(connection, c)
        assert said(connection) == before
