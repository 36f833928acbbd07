"""Words that may go on: as somebody types, and with a * at their end."""

import pytest

from aggregator.store import papers, words
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from tests.drafts import preprint
from tests.filled import put

TITLE = "On Self-Supervised Learning of State-of-the-art β-Divergences"


def finds(store: Store, **wanted: str | bool) -> bool:
    with store.read() as connection:
        return bool(papers.page(connection, PaperQuery(**wanted)).rows)  # type: ignore[arg-type]


@pytest.fixture
def one(store: Store) -> Store:
    put(store, preprint(title=TITLE), preprint("1711.00002", title="Others", abstract="None."))
    return store


@pytest.mark.parametrize("sort", ["new", "relevance"])
def test_a_title_is_found_at_every_sign_that_is_typed_of_it(one: Store, sort: str) -> None:
    for end in range(1, len(TITLE) + 1):
        assert finds(one, q=TITLE[:end], prefix=True, sort=sort), TITLE[:end]


def test_so_it_is_in_quotes_that_are_still_open(one: Store) -> None:
    for end in range(1, len(TITLE) + 1):
        assert finds(one, q=f'"{TITLE[:end]}', prefix=True), TITLE[:end]


@pytest.mark.parametrize("sort", ["new", "relevance"])
def test_words_in_open_quotes_stand_together(one: Store, sort: str) -> None:
    assert finds(one, q='"supervised lear', prefix=True, sort=sort)
    assert not finds(one, q='"others lear', prefix=True, sort=sort)
    assert not finds(one, q='"art lear', prefix=True, sort=sort)


@pytest.mark.parametrize("sort", ["new", "relevance"])
def test_so_they_do_whatever_signs_are_between_them(store: Store, sort: str) -> None:
    put(store, preprint(title="Deep, (very) -- deep  $\\beta$-learners", abstract="Of all of us."))
    for typed in ("deep very deep be", "beta lear", "of all of u"):
        assert finds(store, q=f'"{typed}', prefix=True, sort=sort), typed
    for typed in ("deep deep", "ada o", "very dee us"):
        assert not finds(store, q=f'"{typed}', prefix=True, sort=sort), typed
    # PostgreSQL's documents are one row of words.
    assert finds(store, q='"beta learners o', prefix=True, sort=sort) == (not store.is_sqlite)


@pytest.mark.parametrize("word", ["self-superv*", "state-of-the-a*", "state-of*", "β-div*"])
def test_a_hyphenated_word_goes_on_after_a_star(one: Store, word: str) -> None:
    assert finds(one, q=word)
    assert finds(one, q=f"learning {word} on")
    assert not finds(one, q=word.replace("-", "-x"))


def test_what_goes_on_is_the_word_that_is_being_typed() -> None:
    assert words.phrases("net model net", prefix=True)[-1] == words.Phrase(("net",), prefix=True)
    assert words.phrases('"a b', prefix=True) == [words.Phrase(("a", "b"), prefix=True)]
    assert words.phrases('"a b"', prefix=True) == [words.Phrase(("a", "b"))]


@pytest.mark.parametrize("quoted", ["“a b” c", "„a b“ c", "＂a b＂ c", "“a b” c “"])
def test_quotes_are_quotes_however_a_keyboard_writes_them(quoted: str) -> None:
    assert words.phrases(quoted) == [words.Phrase(("a", "b")), words.Phrase(("c",))]
    assert words.phrases(quoted.replace("c", "")) == [words.Phrase(("a", "b"))]
    assert words.phrases("“a b", prefix=True) == [words.Phrase(("a", "b"), prefix=True)]
