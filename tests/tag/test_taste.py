"""A taste: papers like the starred ones come first, and the words and authors that did it add up."""

import random

import numpy as np
import pytest

from aggregator.errors import UsageError
from aggregator.tag import artifact, reading, taste
from aggregator.tag.reading import Reading
from aggregator.tag.taste import Paper

KITES = ("kite", "tail", "string", "wind", "flight")
ROCKS = ("basalt", "quartz", "magma", "crystal", "lava")
OTHERS = tuple(f"word{chr(97 + n)}{chr(97 + m)}" for n in range(20) for m in range(20))


def paper(theme: tuple[str, ...], seed: int, *authors: str) -> Paper:
    dice = random.Random(seed)
    words = [*dice.sample(theme, 3), *dice.sample(OTHERS, 12)]
    return Paper(" ".join(dice.sample(theme, 2)), " ".join(words), authors)


@pytest.fixture(scope="module")
def known() -> Reading:
    made = [
        paper(KITES if n % 20 == 0 else ROCKS if n % 20 == 1 else OTHERS, n) for n in range(600)
    ]
    found = reading.learn([(one.title, one.abstract) for one in made])
    assert found
    return found


def starred(theme: tuple[str, ...], count: int = 6) -> list[Paper]:
    return [paper(theme, 1_000 + n, "Ada", f"Other {n}") for n in range(count)]


def test_rows_are_the_same_remembered_or_not(
    known: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_REMEMBERED", 8)
    texts = [(one.title, one.abstract) for one in starred(KITES, 5) + starred(ROCKS, 5)]
    for some in (texts[:5], texts[2:7], [texts[9], ("", ""), texts[9]], texts, []):
        wanted, found = known.vectoriser.transform(some), known.rows(some)
        assert np.array_equal(found.toarray(), wanted.toarray())
        assert len(known._remembered) <= max(8, len(some))


def test_papers_like_the_starred_ones_come_first(known: Reading) -> None:
    found = taste.learn(known, starred(KITES), [])
    assert found
    papers = [paper(theme, 2_000 + n) for n, theme in enumerate([ROCKS, KITES, OTHERS] * 5)]
    first = np.argsort(-found.scores(papers))[:5]
    assert sorted(first % 3) == [1] * 5


def test_an_author_of_starred_papers_counts(known: Reading) -> None:
    found = taste.learn(known, starred(KITES), [])
    assert found
    by_ada, by_others = paper(OTHERS, 3_000, "Ada"), paper(OTHERS, 3_000, "Eve")
    ada, others = found.scores([by_ada, by_others])
    assert ada > others
    assert [name for name, _ in found.explain(by_ada)[1]] == ["Ada"]
    assert found.explain(by_others)[1] == []


def test_hidden_papers_count_against_what_the_starred_ones_lack(known: Reading) -> None:
    plain = taste.learn(known, starred(KITES), [])
    found = taste.learn(known, starred(KITES), starred(ROCKS, 3))
    assert plain
    assert found
    assert (found.liked, found.disliked) == (6, 3)
    rock, kite = paper(ROCKS, 4_000), paper(KITES, 4_001)
    assert found.scores([rock])[0] < plain.scores([rock])[0] - 0.01
    assert found.scores([kite])[0] > found.scores([rock])[0] + 0.1


def test_reasons_add_up_to_the_score(known: Reading) -> None:
    found = taste.learn(known, starred(KITES), starred(ROCKS, 2))
    assert found
    mixed = Paper("kite tail", "wind and basalt wordaa wordab", ("Ada", "Eve"))
    words, authors = found.explain(mixed)
    assert [abs(w) for _, w in words] == sorted((abs(w) for _, w in words), reverse=True)
    assert dict(words)["kite"] > 0 > dict(words)["basalt"]
    row = known.vectoriser.transform([(mixed.title, mixed.abstract)])
    _, length = known.meant(row)
    constant = -taste.MEANING * float(known.centre @ found.meaning) / length[0]
    total = sum(w for _, w in (*words, *authors)) + constant
    assert total == pytest.approx(found.scores([mixed])[0], abs=1e-5)


def test_too_little_to_learn_from(known: Reading) -> None:
    assert taste.learn(known, starred(KITES, taste.LEAST_LIKED - 1), []) is None
    assert reading.learn([("A title", "An abstract.")] * (reading.LEAST_PAPERS - 1)) is None
    found = taste.learn(known, starred(KITES), [])
    assert found
    assert found.scores([]).tolist() == []
    assert found.scores([Paper("", "")]).tolist() == pytest.approx(
        [-taste.MEANING * float(known.centre @ found.meaning) / np.linalg.norm(known.centre)],
        abs=1e-4,
    )


def test_a_reading_is_written_and_read(known: Reading) -> None:
    data = reading.to_bytes(known)
    again = reading.from_bytes(data, "here")
    assert again.vocabulary == known.vocabulary
    assert reading.to_bytes(again) == data
    broken = artifact.pack(
        "reading",
        {"format": 1, "vocabulary": ["one"]},
        {
            "idf": np.ones(1),
            "mean": np.ones(2),
            "directions": np.ones((1, 3)),
            "centre": np.ones(3),
        },
    )
    with pytest.raises(UsageError, match="here: its arrays do not fit"):
        reading.from_bytes(broken, "here")
    with pytest.raises(UsageError, match="here"):
        reading.from_bytes(b"nothing", "here")
