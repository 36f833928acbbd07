"""One work under two titles, and works of the same people that are not one."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aggregator.merge.alike import ALIKE, MUCH_ALIKE, renamed
from aggregator.merge.keys import front_matter
from aggregator.merge.match import cluster
from aggregator.merge.people import people_key, shared
from aggregator.models import Draft, Entry
from tests.conftest import NOW
from tests.drafts import DAY, page, post, preprint

ABSTRACT = (
    "Widgets are everywhere and yet little is known about how deep they may become before a gadget "
    "breaks. We prove that the depth of a widget is bounded by the number of its gadgets, give an "
    "algorithm that finds the deepest one in linear time, and show on three data sets of real gadgets "
    "that it is faster than every known one while it loses nothing. Code is available."
)
BEGUN = "We study widgets. " + ABSTRACT
OTHER = (
    "Screws hold gadgets together. This work asks which of them may be left out, and answers with a "
    "game of two players that screw and unscrew in turn, whose value is known for all gadgets that "
    "have fewer than nine holes; for larger ones a bound is given that is tight up to a constant."
)
OLD = replace(preprint(abstract=BEGUN), title="Bounding Widgets", year=2017)


def test_much_the_same_abstract_by_the_same_people_is_one_work() -> None:
    new = page(title="How Deep is a Widget?", abstract=ABSTRACT)
    assert renamed(OLD, new) == renamed(new, OLD)
    assert joined(OLD, new)
    assert joined(OLD, replace(new, year=OLD.year))
    assert joined(OLD, replace(new, authors=("Alan Turing", "Lovelace, Ada")))


@pytest.mark.parametrize(
    "changes",
    [
        {"abstract": OTHER},
        {"abstract": ""},
        {"authors": ("Ada Lovelace", "Alan Turing", "Grace Hopper")},
        {"authors": ("Ada Lovelace",)},
        {"title": "How Deep is a Widget? Part II"},
        {"title": "Widgets 2.0: How Deep"},
        {"title": "WidgetsV2: How Deep"},
        {"title": "Widgets++: How Deep"},
        {"title": "Depth of Widgets 2018"},
        {"title": "Erratum: How Deep is a Widget?"},
        {"year": 2016},  # then the preprint is a later, longer article
        {"year": 2020},
    ],
    ids=str,
)
def test_but_not_what_differs_in_more(changes: dict[str, object]) -> None:
    new = replace(page(title="How Deep is a Widget?", abstract=ABSTRACT), **changes)  # pyright: ignore
    assert not joined(OLD, new)


def test_a_preprint_that_calls_itself_longer_is_a_work_of_its_own() -> None:
    new = page(title="How Deep is a Widget?", abstract=ABSTRACT)
    for comment in ("Extended version of our CVPR paper", "A short version appeared at CVPR 2018"):
        assert not joined(replace(OLD, extra={"comments": comment}), new)
    assert joined(replace(OLD, extra={"comments": "12 pages, to appear at CVPR 2018"}), new)


def test_two_pages_under_two_titles_stay_two() -> None:
    one, other = page("a/1", kind="cvf"), page("b/2", kind="pmlr", title="How Deep is a Widget?")
    assert not joined(replace(one, abstract=ABSTRACT), replace(other, abstract=BEGUN))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Deep Widgets for Semantic Gadgets", "Deep Widget for the Semantic Gadget"),
        ("Widgets & Gadgets", "Widgets and Gadgets"),
        ("Auto-Encoding for Widgets", "Autoencoding of the Widget"),
        ("Widgets via Gadgets", "Widgets with Gadgets (Extended Abstract)"),
        (
            "Towards Learning Widgets from Gadgets in a Box",
            "Toward Learning of Widgets by Gadgets into Box",
        ),
        ("On Widgets as an Aid under Load", "A Widget is Aid over its Load"),
        (
            "Using Widgets at Sea to Find their Gadgets for Screws",
            "Widgets, Sea, Find Gadgets, Screws",
        ),
    ],
)
def test_small_words_and_endings_do_not_count_among_the_same_people(ours: str, theirs: str) -> None:
    assert joined(preprint(title=ours), page(title=theirs))
    assert not joined(
        preprint(title=ours), page(title=theirs, authors=("Grace Hopper", "A. Turing"))
    )


def test_one_word_more_counts() -> None:
    for more in ("Deep Widgets for Robust Semantic Gadgets", "Deep Widgets for Semantic Gadgets I"):
        assert not joined(preprint(), page(title=more))


def test_the_limits_are_apart_from_chance() -> None:
    assert 0 < ALIKE < MUCH_ALIKE < 1
    near = replace(OLD, title="Bounding Deep Widgets", abstract=ABSTRACT)
    half = " ".join(ABSTRACT.split()[:35] + OTHER.split()[:30])
    assert joined(near, page(title="Bounding Widgets", abstract=half))
    assert not joined(near, page(title="How Deep is a Gadget?", abstract=half))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("Manuel Gomez Rodriguez", "Manuel Gomez-Rodriguez"),
        ("Bernhard Schölkopf", "B. Schoelkopf"),
        ("Fei-Fei Li", "Li Fei-Fei"),
        ("Zoubin Ghahramani", "Ghahramani Zoubin"),
        ("Jonathan Niles-Weed", "Jonathan Weed"),
        ("Lovelace, Ada", "Ada Lovelace"),
        ("Guillaume Lample*", "G. Lample"),
        ("王坤峰", "王坤峰"),
    ],
)
def test_names_as_lists_write_them(ours: str, theirs: str) -> None:
    assert shared((ours,), (theirs,)) == shared((theirs,), (ours,)) == 1


def test_other_names_and_nobody() -> None:
    assert shared(("Ada Lovelace",), ("Alan Turing",)) == 0
    assert shared(("Wei Zhang", "Li Zhang"), ("Hao Zhang", "Alan Turing")) == 0.5
    assert shared(("Ada Lovelace", "†"), ("Alan Turing", "*")) == 0
    for nobody in ((), ("†",), ("Anonymous",), ("withdrawn.",), ("Anonymous Authors",)):
        assert shared(("Ada Lovelace",), nobody) is None
        assert people_key(preprint(authors=nobody)) is None


def test_a_paper_that_introduces_to_its_field_is_no_front_matter() -> None:
    for title in ("Behavior Trees in Robotics: An Introduction", "Gadgets - A Gentle Introduction"):
        assert not front_matter(title)
    assert front_matter("Workshop on Gadgets: Introduction")


def test_prefaces_are_never_one() -> None:
    for title in ("Preface", "Asian Conference on Widgets: Preface", "Editorial.", "Introduction"):
        assert not joined(
            page("a/1", kind="cvf", title=title), page("b/2", kind="pmlr", title=title)
        )


def test_posts_have_no_people() -> None:
    assert people_key(replace(post(), authors=("Ada Lovelace", "Alan Turing"))) is None


def test_the_likeliest_of_two_preprints_is_the_one() -> None:
    vague = " ".join(ABSTRACT.split()[5:])
    first = replace(
        OLD, native_id="1711.00002", identifiers={"arxiv": "1711.00002"}, abstract=vague
    )
    later = replace(OLD, published=DAY + timedelta(days=30), abstract=ABSTRACT)
    new = page(title="How Deep is a Widget?", abstract=ABSTRACT)
    groups = cluster([Entry(d, ("s",), NOW) for d in (first, later, new)])
    assert {frozenset({later.key, new.key}), frozenset({first.key})} == {
        frozenset(e.key for e in group) for group in groups
    }


def joined(a: Draft, b: Draft) -> bool:
    ways = {len(cluster([Entry(d, ("s",), NOW) for d in order])) for order in ((a, b), (b, a))}
    assert len(ways) == 1
    return ways == {1}
