"""Each limit of the rules by which entries are one work: just within it, and just beyond."""

from dataclasses import replace

import pytest

from aggregator.merge.match import cluster
from aggregator.models import Draft, Entry
from tests.conftest import NOW
from tests.drafts import page, preprint

SURE = "Deep Widgets for Semantic Gadgets"
PAIR = ("Ada Lovelace", "Alan Turing")
MANY = ("Ada Lovelace", "Grace Hopper", "Edsger Dijkstra")


def one_work(a: Draft, b: Draft) -> bool:
    return len(cluster([Entry(draft, ("s",), NOW) for draft in (a, b)])) == 1


@pytest.mark.parametrize(
    ("years", "ours", "theirs", "same"),
    [
        (2, PAIR, ("Alan Turing", "Grace Hopper"), True),
        (3, PAIR, ("Alan Turing", "Grace Hopper"), False),
        (0, ("Ada Lovelace", "Alan Turing", "Kurt Gödel"), MANY, False),  # a third of the people
        (5, PAIR, PAIR, True),
        (6, PAIR, PAIR, False),
        (1, PAIR, (), True),
        (2, PAIR, (), False),
    ],
)
def test_years_and_people_under_one_title(
    years: int, ours: tuple[str, ...], theirs: tuple[str, ...], same: bool
) -> None:
    old = replace(preprint(title=SURE, authors=ours), year=2012)
    assert one_work(old, replace(page(title=SURE, authors=theirs), year=2012 + years)) is same


@pytest.mark.parametrize(
    ("title", "same"),
    [
        ("Widgets of Twentyfour Ends", False),  # 23 letters
        ("Widgets of Twentyfours Ends", True),  # 24
        ("深度学习图像识", False),
        ("深度学习图像识别", True),
    ],
)
def test_a_title_of_24_letters_or_8_characters_needs_no_people(title: str, same: bool) -> None:
    assert one_work(preprint(title=title), page(title=title, authors=())) is same


@pytest.mark.parametrize(("words", "same"), [(31, False), (32, True)])
def test_an_abstract_of_30_runs_of_words_tells_something(words: int, same: bool) -> None:
    abstract = " ".join(f"word{n}" for n in range(words))
    old = replace(preprint(title="Bounding Widgets", abstract=abstract), year=2017)
    assert one_work(old, page(title="How Deep is a Screw?", abstract=abstract)) is same


@pytest.mark.parametrize(("shared", "same"), [(62, True), (61, False)])
def test_abstracts_with_60_of_100_runs_in_common_are_much_alike(shared: int, same: bool) -> None:
    ours = " ".join(f"word{n}" for n in range(82))
    theirs = " ".join(f"word{n}" if n < shared else f"other{n}" for n in range(82))
    old = replace(preprint(title="Bounding Widgets", abstract=ours), year=2017)
    assert one_work(old, page(title="How Deep is a Screw?", abstract=theirs)) is same
