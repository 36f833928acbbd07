"""Terms that rise: the test and its correction, one voice for a group, phrases once, silence elsewhere."""

import random
from collections.abc import Mapping, Sequence

import pytest
from scipy.stats import false_discovery_control, hypergeom

from aggregator.digest import significance, terms
from aggregator.digest.rising import rising

THINGS = ("widgets", "gears", "levers", "pulleys", "springs", "wheels", "axles", "cranks", "cams")


def apart(places: Sequence[int]) -> Mapping[int, list[str]]:
    """Every paper by a person of its own."""
    return {place: [f"Author {place}"] for place in places}


def ordinary(count: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [f"On {' '.join(dice.sample(THINGS, 3))} of the {n}th kind" for n in range(count)]


@pytest.mark.parametrize(
    ("lately", "before", "read"),
    [(5, 0, (20, 80)), (3, 9, (100, 300)), (40, 60, (900, 2_700)), (0, 4, (5, 9)), (5, 3, (5, 9))],
)
def test_the_chance_is_that_of_fishers_exact_test(
    lately: int, before: int, read: tuple[int, int]
) -> None:
    expected = hypergeom.sf(lately - 1, sum(read), lately + before, read[0])
    assert significance.by_chance(lately, before, *read) == pytest.approx(expected, rel=1e-9)


def test_levels_are_those_of_benjamini_and_hochberg() -> None:
    chances = sorted(random.Random(1).random() ** 3 for _ in range(50))
    assert significance.adjusted(chances, 50) == pytest.approx(false_discovery_control(chances))
    assert significance.adjusted(chances[:5], 50) == pytest.approx(
        [min(p * 50 / (n + 1) for n, p in enumerate(chances[:5]) if n >= k) for k in range(5)]
    )
    assert significance.adjusted([], 9) == []


def test_what_could_not_be_found_is_not_tested() -> None:
    # Of 20 papers lately and 80 before: four, all lately, have a chance of .0012.
    assert significance.worth_testing({1: 500, 2: 90, 4: 10, 6: 40}, 20, 80) == (5, 40)
    assert significance.worth_testing({1: 500, 2: 90, 4: 10, 6: 20}, 20, 80) == (4, 30)
    assert significance.worth_testing({1: 500}, 20, 80) == (2, 0)
    assert significance.worth_testing({}, 20, 80) == (1, 0)


def test_a_burst_is_found_and_nothing_else() -> None:
    lately = ordinary(90, 1) + [f"Quantum annealing for {thing}" for thing in THINGS]
    (found,) = rising(lately, ordinary(360, 2), apart)
    assert (found.term, found.lately, found.before, found.name) == (
        "quantum annealing",
        9,
        0,
        False,
    )
    assert found.q < 0.001


def test_nothing_rises_where_dates_are_shuffled() -> None:
    titles = ordinary(450, 3) + [f"Quantum annealing for {thing}" for thing in THINGS * 3]
    dice = random.Random(4)
    shown = 0
    for _ in range(100):
        dice.shuffle(titles)
        shown += bool(rising(titles[:95], titles[95:], apart))
    assert shown <= 9  # of 100 at a level of one in twenty: 5, more than 9 three times in a hundred


def test_small_stores_are_silent() -> None:
    assert rising([], ["anything"] * 50, apart) == rising(["anything"] * 50, [], apart) == []
    assert rising(["quantum annealing"] * 4, ordinary(50, 1), apart) == []
    assert rising(["quantum annealing"], [], apart) == []


def test_papers_of_a_group_are_one_voice() -> None:
    lately = ordinary(90, 1) + [f"Quantum annealing for {thing}" for thing in THINGS]
    team = ["Ada Lovelace", "Charles Babbage", "Mary Somerville"]

    def by_one_team(places: Sequence[int]) -> Mapping[int, list[str]]:
        return {place: [*team[: 2 + place % 2], f"Student {place}"] for place in places}

    def with_one_guest(places: Sequence[int]) -> Mapping[int, list[str]]:
        return {place: ["Ada Lovelace", f"One {place}", f"Other {place}"] for place in places}

    assert rising(lately, ordinary(360, 2), by_one_team) == []
    (found,) = rising(lately, ordinary(360, 2), with_one_guest)
    assert found.lately == 9


def test_phrases_that_contain_each_other_are_shown_once() -> None:
    lately = ordinary(90, 1) + [f"Large language models as {thing}" for thing in THINGS]
    lately += [f"Language for {thing}" for thing in THINGS[:3]]
    found = [one.term for one in rising(lately, ordinary(360, 2), apart)]
    assert found == ["large language models"]


def test_names_are_shown_as_they_are_written_and_one_and_many_are_one() -> None:
    lately = ordinary(90, 1)
    lately += [f"A GAN of {thing}" for thing in THINGS[:4]] + [f"GANs: {THINGS[0]}"] * 6
    lately += [f"ResNet-like {thing}" for thing in THINGS]
    found = {one.term: one for one in rising(lately, ordinary(360, 2), apart)}
    assert set(found) == {"GANs", "ResNet-like"}
    assert found["GANs"].lately == 10
    assert all(one.name for one in found.values())


def test_no_phrase_goes_over_a_sign_and_none_ends_in_a_joint() -> None:
    words = terms.counted("Sim to real: mixture of experts in the wild, 2019")
    found = {" ".join(term) for term in terms.terms(words, {*words} - {""})}
    assert {"sim to real", "mixture of expert", "mixture", "wild"} <= found
    assert not any("2019" in term or "real mixture" in term for term in found)
    assert not any(term.split()[-1] in terms.JOINS for term in found)


def test_words_of_the_topic_say_nothing_in_it() -> None:
    lately = ordinary(90, 1) + [f"Adversarial networks of {thing}" for thing in THINGS]
    assert rising(lately, ordinary(360, 2), apart, own=["Generative adversarial networks"]) == []


def test_chinese_titles_are_cut_into_words() -> None:
    lately = ordinary(90, 1) + [f"基于扩散模型的{thing}图像生成" for thing in THINGS]
    before = ordinary(340, 2) + [f"一种图像分割{thing}方法" for thing in THINGS]
    found = [one.term for one in rising(lately, before, apart)]
    assert "扩散模型" in found or "扩散" in found
    assert not any(" " in term for term in found)
    assert "图像" not in found
