"""Text to words to features to rows: golden samples, and equality with scikit-learn."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from aggregator.tag.features import features, normalised
from aggregator.tag.phrases import phrases
from aggregator.tag.text import cut_chinese, tokens
from aggregator.tag.vectors import BATCH, Vectoriser
from tests.tag.made_up import labelled, translated

ODD = [
    ("", ""),
    ("GANs", ""),
    ("", "We introduce a new benchmark."),
    ("深度残差网络 ResNet-50", "我们提出了一种新的网络结构，用于图像识别。"),
    ("$$", "\\"),
    ("a a a a", "new new new dataset dataset introduce"),
    ("propose", "dataset right after the end of the title"),
    ("\x00\ud800 broken", "﻿zero​width"),
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Deep Residual Learning", ["deep", "residual", "learning"]),
        ("off-policy Q-learning (2nd ed.)", ["off", "policy", "q", "learning", "2nd", "ed"]),
        (r"{GAN}s: \textbf{fast} and \emph{new}", ["gans", "fast", "and", "new"]),
        (r"na\"{i}ve Erd\H{o}s, Poincar\'e", ["naive", "erdos", "poincare"]),
        ("naïve Erdős–Rényi", ["naive", "erdos", "renyi"]),
        (r"rate $O(1/\sqrt{n})$ and \(x\) hold", ["rate", "and", "hold"]),
        ("p &lt; 0.05 &amp; <b>bold</b>", ["p", "0", "05", "bold"]),
        ("loss if 3 < x and y > 2", ["loss", "if", "3", "x", "and", "y", "2"]),
        ("see https://example.org/a?b=c now", ["see", "now"]),
        ("ＧＡＮ ﬁne", ["gan", "fine"]),
        ("", []),
        ("—…!", []),
    ],
)
def test_tokens(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_chinese_is_cut_into_words_that_make_up_the_text() -> None:
    text = "我们提出了一种新的网络结构"
    assert "".join(cut_chinese(text)) == text
    assert tokens(f"{text}，名为ResNet-50。")[-3:] == ["名为", "resnet", "50"]
    assert len(tokens(text)) > 4


def test_normal_form_is_singular_and_shapes_numbers() -> None:
    text = "datasets of 1,000 GANs: loss, analysis, bus, gas"
    want = ["dataset", "of", "0", "000", "gan", "loss", "analysis", "bus", "gas"]
    assert normalised(text) == want


def test_features_of_a_small_paper() -> None:
    assert features("New GANs", "We release a dataset") == [
        *("title:new", "title:gan", "title:new gan"),
        *("new", "gan", "new gan", "new … gan", "new … ADVERSARY"),
        *("we", "release", "a", "dataset", "we release", "release a", "a dataset"),
        *("introduce … dataset", "introduce … DATA"),
    ]


def test_a_phrase_does_not_reach_too_far() -> None:
    assert list(phrases(["new", "a", "b", "c", "gan"])) == ["new … gan", "new … ADVERSARY"]
    assert list(phrases(["new", "a", "b", "c", "d", "gan"])) == []


def _papers() -> list[tuple[str, str]]:
    return [(row["title"], row["abstract"]) for row in labelled(60)] + [
        (row["title_zh"], row["abstract_zh"]) for row in translated(30)
    ]


def test_rows_count_what_features_names() -> None:
    papers = _papers() + ODD
    vocabulary = sorted({name for paper in papers for name in features(*paper)})
    vectoriser = Vectoriser(vocabulary, np.ones(len(vocabulary)))
    rows = vectoriser.counts(papers)
    for row, paper in zip(rows.toarray(), papers, strict=True):
        found = {vocabulary[i]: row[i] for i in np.flatnonzero(row)}
        assert found == Counter(features(*paper))


@pytest.mark.parametrize("share", [1, 2, 7])
def test_transform_equals_scikit_learn(share: int) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer

    papers = _papers() + ODD
    vocabulary = sorted({name for paper in papers for name in features(*paper)})[::share]
    options: dict[str, Any] = {
        "analyzer": lambda paper: features(*paper),
        "vocabulary": vocabulary,
        "sublinear_tf": True,
        "lowercase": False,
        "dtype": np.float32,
    }
    theirs = TfidfVectorizer(**options).fit(papers)
    ours = Vectoriser(vocabulary, theirs.idf_).transform(papers)
    assert ours.dtype == np.float32
    peer: Any = theirs.transform(papers)
    assert np.allclose(ours.toarray(), peer.toarray(), atol=1e-6)


def test_many_batches_are_as_one() -> None:
    papers = _papers() * (2 * BATCH // 90 + 1)
    vocabulary = sorted({name for paper in papers[:90] for name in features(*paper)})
    vectoriser = Vectoriser(vocabulary, np.ones(len(vocabulary)))
    whole = vectoriser.transform(papers)
    assert whole.shape == (len(papers), len(vocabulary))
    assert len(papers) > 2 * BATCH
    assert (whole[-90:] != vectoriser.transform(papers[-90:])).nnz == 0
    assert vectoriser.transform([]).shape == (0, len(vocabulary))
