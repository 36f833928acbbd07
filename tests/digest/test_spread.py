"""Papers of nearly one subject do not stand side by side in a hot list."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.spread import near, spread

OTHERS = [
    "Robust Estimation of Camera Poses",
    "A Survey of Graph Matching",
    "Speech Separation without Labels",
    "Sparse Coding for Tactile Sensors",
    "Weather Forecasts from Radar",
]
KITES = ["Kites, Part I: Theory of Strings", "Kites, Part II: Strings in Practice"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (KITES[0], KITES[1]),
        ("Emergent Conventions of Kites", 'Reply to "Emergent Conventions of Kites"'),
        ("Mastering Shogi with AlphaKite", "What AlphaKite Cannot Learn about Chess"),
        ("SceneKite: Scene Understanding from Strings", "SceneKite++: A Large Collection"),
        ("风筝的稳定飞行控制", "风筝的稳定飞行控制：续篇"),
    ],
    ids=["parts", "reply", "hyped work", "sequel", "chinese"],
)
def test_titles_of_nearly_one_subject(one: str, other: str) -> None:
    assert list(near([*OTHERS, one, other])) == [(5, 6)]
    assert spread([one, other, *OTHERS]) == [0, 2, 1, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Generative Kites for Wind", "Strings of Generative Models"),  # one word
        ("Deep Learning of Kites", "Deep Learning of Strings"),  # words that say nothing
        ("Image Segmentation of Kites in Strong Wind", "Image Segmentation by Talking to Strings"),
        ("LLMs for Kites", "LLMs in Gliders"),  # no work's name: half of all have such
        ("Kites", "Kites"),  # too little to tell
    ],
)
def test_titles_of_two_subjects(one: str, other: str) -> None:
    assert list(near([*OTHERS, one, other])) == []


def test_what_the_whole_page_is_about_tells_nothing() -> None:
    page = [f"Generative adversarial {name}" for name in ("kites", "strings", "gliders", "winds")]
    assert list(near(page)) == []
    hyped = [f"AlphaKite {name}" for name in ("strings", "gliders", "winds")]
    assert list(near([*hyped, *OTHERS[:1]])) == []
    assert list(near([*hyped, *OTHERS[:2]])) == [(0, 1), (0, 2), (1, 2)]


def test_a_subject_of_many_is_spread_over_the_page() -> None:
    page = [
        *OTHERS[:1],
        *(f"AlphaKite {name}" for name in ("strings", "gliders", "winds")),
        *OTHERS[1:],
    ]
    assert spread(page) == [0, 1, 4, 2, 5, 3, 6, 7]


def _titles(subjects: list[int]) -> list[str]:
    """A title for each, with the name of its subject; of numbers below 0 each is a subject of its own."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        f"own{letters[n // 26]}{letters[n % 26]}x"
        + (f" the{letters[s].upper()}kite" if s >= 0 else "")
        for n, s in enumerate(subjects)
    ]


@given(st.lists(st.integers(-1, 4), max_size=40))
def test_no_neighbours_of_one_subject_where_that_can_be(subjects: list[int]) -> None:
    titles = _titles(subjects)
    pairs = set(near(titles))
    order = spread(titles)
    assert sorted(order) == list(range(len(titles)))
    assert order == spread(titles)
    left = sum((min(one), max(one)) in pairs for one in pairwise(order))
    known = Counter(s for s in subjects if s >= 0 and 2 * subjects.count(s) <= len(subjects) + 1)
    assert len(pairs) == sum(n * (n - 1) // 2 for n in known.values())
    assert left == 0  # what more have than could stand apart is no subject
    if not any(pair in pairs for pair in pairwise(range(len(titles)))):
        assert order == list(range(len(titles)))


@given(st.lists(st.integers(-1, 4), max_size=40))
def test_the_order_stays_as_near_as_that_allows(subjects: list[int]) -> None:
    """Papers of one subject keep their order among themselves, and no order in which no neighbours are
    of one subject has an earlier paper at the first place where they differ."""
    titles = _titles(subjects)
    order = spread(titles)
    pairs = set(near(titles))
    for a, b in pairs:
        assert order.index(a) < order.index(b)
    for at, place in enumerate(order):
        rest = sorted(order[at:])
        for earlier in rest[: rest.index(place)]:
            follows = at > 0 and (min(order[at - 1], earlier), max(order[at - 1], earlier)) in pairs
            assert follows or not _can_end(earlier, [n for n in rest if n != earlier], pairs)


def _can_end(last: int, rest: list[int], pairs: set[tuple[int, int]]) -> bool:
    """Can the rest be put after this one without neighbours of one subject?"""
    groups: list[list[int]] = []
    for n in rest:
        same = [g for g in groups if (g[0], n) in pairs]
        (same[0].append(n) if same else groups.append([n]))
    return all(
        2 * len(g) <= len(rest) + (0 if (min(g[0], last), max(g[0], last)) in pairs else 1)
        for g in groups
    )


def test_subjects_that_overlap() -> None:
    alpha = ["AlphaKite strings", "AlphaKite gliders"]
    beta = ["BetaKite winds", "BetaKite kites"]
    both = "AlphaKite meets BetaKite"
    assert spread([alpha[0], beta[0], both, beta[1], *OTHERS[:2]]) == [0, 1, 4, 2, 5, 3]
    assert spread([*alpha, *beta, both]) == [0, 2, 1, 3, 4]  # it has to stand next to one
    assert spread([both, *alpha, *beta]) == [0, 1, 3, 2, 4]
    apart = [both, *OTHERS[:2], alpha[0], beta[0], alpha[1]]
    assert spread(apart) == list(range(6))
