"""Papers that were passed by: not offered again at once, moved when papers merge, erased with a person."""

from datetime import timedelta

from aggregator.store import labels, papers, people
from aggregator.store.db import Store
from tests.conftest import NOW
from tests.drafts import page, preprint
from tests.filled import give_tags, put

TITLES = ("Deep Widgets for Semantic Gadgets", "Another work")


def filled(store: Store) -> tuple[str, str, int]:
    """(id of the first paper, id of the second, key of a person)"""
    put(store, preprint(), preprint("1711.00002", title=TITLES[1], authors=("Bo Li",)))
    give_tags(store, {title: [("gan", 0.4), ("learning", 0.4)] for title in TITLES})
    with store.write() as connection:
        first, second = (
            papers.by_name(connection, f"arxiv:1711.0000{n}").doc["id"] for n in (1, 2)
        )
        return first, second, people.ensure(connection, people.LOCAL, NOW, confirmed=True)


def offered(store: Store, later: timedelta = timedelta(), topic: str = "gan") -> set[str]:
    with store.read() as connection:
        found = labels.candidates(connection, topic, 10, NOW + later)
        papers = labels.to_judge(connection, [one.pk for one in found])
    return {id for id, _ in papers.values()}


def test_it_comes_back_after_two_weeks_or_when_it_is_taken_back(store: Store) -> None:
    first, second, person = filled(store)
    assert offered(store) == {first, second}
    with store.write() as connection:
        labels.pass_by(connection, person, first, "gan", NOW)
    almost = labels.PASSED_FOR - timedelta(seconds=1)
    assert offered(store) == offered(store, almost) == {second}
    assert offered(store, topic="learning") == {first, second}
    assert offered(store, labels.PASSED_FOR) == {first, second}
    with store.write() as connection:
        assert labels.is_passed(connection, person, first, "gan")
        labels.take_back(connection, person, first, "gan")
        assert not labels.is_passed(connection, person, first, "gan")
    assert offered(store) == {first, second}


def test_it_moves_with_a_merged_paper(store: Store) -> None:
    survivor, gone, person = filled(store)
    later = NOW + timedelta(days=3)
    with store.write() as connection:
        labels.pass_by(connection, person, survivor, "gan", NOW)
        labels.pass_by(connection, person, gone, "gan", later)
        labels.pass_by(connection, person, survivor, "learning", later)
        labels.pass_by(connection, person, gone, "learning", NOW)
        labels.move(connection, gone, survivor)
    after = labels.PASSED_FOR + timedelta(days=1)  # by the earlier moment it would be back
    assert offered(store, after) == offered(store, after, "learning") == {gone}


def test_papers_that_merge_keep_what_was_passed_by(store: Store) -> None:
    put(store, preprint("1711.00001", title="One title", authors=("Ada Lovelace",)))
    put(store, page(title="Another title", authors=("Ada Lovelace",)), source="cvf")
    with store.write() as connection:
        gone = papers.by_name(connection, "cvf:CVPR2018/Lovelace_Deep_Widgets").doc["id"]
        person = people.ensure(connection, people.LOCAL, NOW, confirmed=True)
        labels.pass_by(connection, person, gone, "gan", NOW)
    linked = page(title="Another title", authors=("Ada Lovelace",), arxiv="1711.00001", fidelity=1)
    put(store, linked, source="cvf")
    with store.read() as connection:
        kept = papers.by_name(connection, "cvf:CVPR2018/Lovelace_Deep_Widgets").doc["id"]
        assert kept != gone
        assert labels.is_passed(connection, person, kept, "gan")


def test_it_is_erased_with_the_person(store: Store) -> None:
    first, second, person = filled(store)
    with store.write() as connection:
        labels.pass_by(connection, person, first, "gan", NOW)
        people.erase(connection, person, "digest")
    assert offered(store) == {first, second}
