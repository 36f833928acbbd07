"""Which sentences of an abstract are its gist; they are always its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest.gist import MOST, gist, split

BACKGROUND = "Widgets have become popular in recent years."
AIM = "In this paper, we propose a widget that folds."
RESULT = "Experiments show that it outperforms others by 3%."


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        (f"{BACKGROUND} Many have tried. {AIM} It has two hinges. {RESULT}", f"{AIM} {RESULT}"),
        (f"{AIM} It has two hinges. Code is available at https://a.example/.", f"{AIM} It has two hinges."),
        (f"{RESULT} {BACKGROUND} {AIM}", f"{RESULT} {AIM}"),
        (f"{BACKGROUND} {AIM}", AIM),
        (f"{AIM} The error is $\\frac{{a}}{{b}}$ for all. It folds well.", AIM),
        ("近年来，部件很流行。现有方法很慢。本文提出一种新部件。实验结果表明，它优于其他部件。代码已开源。",
         "本文提出一种新部件。实验结果表明，它优于其他部件。"),
        ("It is odd. Nobody knows. We show nothing of the proposed kind! See Fig. 3 for more.",
         "We show nothing of the proposed kind! See Fig. 3 for more."),
    ],
)  # fmt: skip
def test_what_was_done_and_what_came_of_it(abstract: str, expected: str) -> None:
    assert gist(abstract) == expected


def test_a_sentence_that_is_too_long_gives_way() -> None:
    long = "We propose " + "very " * 100 + "much."
    assert gist(f"{BACKGROUND} {long} {RESULT}") == RESULT
    assert gist(long).endswith("very…")


@given(st.text(alphabet=st.sampled_from("aA.!? 。我We propose\n\u202e$"), max_size=800))
def test_a_gist_is_made_of_the_abstracts_own_sentences(abstract: str) -> None:
    text = " ".join(abstract.split())
    sentences = [text[start:end] for start, end in split(text)]
    assert "".join(sentences).replace(" ", "") == text.replace(" ", "")
    made = gist(abstract)
    assert len(made) <= MOST + 1
    at = 0
    for start, end in split(made.removesuffix("…")):
        at = text.index(made[start:end], at)  # in the order of the abstract


def test_a_huge_abstract_is_read_only_so_far() -> None:
    assert gist("word " * 1_000_000).endswith("word…")
    assert gist(f"{AIM} " * 100_000).startswith(AIM)
