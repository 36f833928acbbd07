"""Explanations: words found in place, weights that add up, spans that do not overlap."""

import math
import re
from collections.abc import Mapping
from itertools import pairwise

import pytest

from aggregator.models import Tag
from aggregator.tag.documents import tag_documents
from aggregator.tag.features import normalised
from aggregator.tag.model import load
from aggregator.tag.paper_text import Name, Text
from aggregator.tag.places import Field, located
from aggregator.tag.why import Explanation, explain, highlights
from tests.tag.test_tags import MODELS, Topic

TITLE = "Wasserstein GANs for image synthesis"
ABSTRACT = (
    "We introduce a new discriminator. The <b>generator</b> minimises $x^2 + \\alpha$; see "
    "https://example.org/gan-code. Caf\u0065\u0301 images: 生成对抗网络的研究."
)
WRITTEN: tuple[tuple[Name, str], ...] = (("title", TITLE), ("abstract", ABSTRACT))
TOPICS = (
    Topic("learning"),
    Topic("gan", parent="learning", exclude=("adversarial attack",)),
    Topic("rl", parent="learning"),
    Topic("images", keywords=("image", "synthesis"), exclude=("depth map",)),
)


def why(
    title: str, abstract: str, said: Mapping[str, bool] | None = None
) -> dict[str, Explanation]:
    doc = {"title": title, "abstract": abstract, "entries": [], "starter": False}
    tags = tag_documents([doc], MODELS, TOPICS, [said or {}])[0]
    names = [topic.name for topic in TOPICS]
    return {e.topic: e for e in explain(doc, tags, TOPICS, MODELS, said or {}, names)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TITLE, ["Wasserstein", "GANs", "for", "image", "synthesis"]),
        ("a $b_1$ c <i>d</i> https://e.f/g h", ["a", "c", "d", "h"]),
        ("Cafe\u0301 CAFÉ", ["Cafe\u0301", "CAFÉ"]),
        ("图神经网络 of GNN图像", ["图", "神经网络", "of", "GNN", "图像"]),
        ('{\\"o}ptimal transport wins', ["transport", "wins"]),
        ("state-of-the-art &amp; more", ["state", "of", "the", "art", "more"]),
        ("", []),
        ("😀 \x00 \u202e", []),
    ],
)
def test_words_are_found_where_they_are_written(text: str, words: list[str]) -> None:
    found = located(text)
    assert [text[word.start : word.end] for word in found] == words
    for word in found:
        assert normalised(text[word.start : word.end]) == [word.form]


def test_features_are_found_in_their_fields() -> None:
    title, text = Field("New datasets", title=True), Field("We release a dataset", title=False)
    assert title.occurrences("title:new dataset") == [(0, 1)]
    assert text.occurrences("title:dataset") == []
    assert text.occurrences("introduce … dataset") == [(1, 3)]
    assert text.occurrences("introduce … DATA") == [(1, 3)]
    assert text.occurrences("new … DATA") == text.occurrences("") == text.occurrences("x y") == []


@pytest.mark.parametrize(
    ("abstract", "feature", "written"),
    [
        ("Two modalities, each a modality.", "modalitie", "modalities"),
        ("Two modalities, each a modality.", "modality", "modality"),
        ("We train a GAN.", "gan", "GAN"),
        ("Of images we say nothing.", "wasserstein gan", "Wasserstein GANs"),
        ("A self-attention layer", "self attention", "self-attention"),
        ("An <i>image</i> synthesis", "image synthesis", "image synthesis"),
        ("生成对抗网络的研究", "生成 对抗", "生成对抗"),
        ("We release a large new dataset.", "introduce … dataset", "release … dataset"),
        ("Nothing.", "title:gan", "GANs"),
        ("Nothing.", "kite", "kite"),
        ("Nothing.", "title:kite", "kite"),
    ],
)
def test_a_feature_is_shown_as_the_paper_writes_it(
    abstract: str, feature: str, written: str
) -> None:
    assert Text(TITLE, abstract).written(feature) == written


def test_reasons_say_what_is_written() -> None:
    found = {
        one.words: one.written for one in why(TITLE, "We learn from many images.")["images"].reasons
    }
    assert found == {"image": "images", "synthesis": "synthesis"}


def test_constant_and_weights_add_up_to_the_probability() -> None:
    for one in why(TITLE, ABSTRACT).values():
        if one.own is None:
            assert (one.topic, one.constant, one.reasons) == ("learning", None, ())
            continue
        odds = (one.constant or 0) + sum(reason.weight for reason in one.reasons)
        assert 1 / (1 + math.exp(-odds)) == pytest.approx(one.own, abs=2e-4)


def test_spans_carry_the_weight_of_what_has_a_place() -> None:
    text = Text(TITLE, ABSTRACT)
    weighed = load().explain(TITLE, ABSTRACT, "gan")
    spans = highlights(text, weighed)
    for name, written in WRITTEN:
        ends = [0, *(end for s in spans[name] for end in (s.start, s.end))]
        assert [*ends, len(written)] == sorted([*ends, len(written)])
    shown = {w[s.start : s.end]: s.weight for name, w in WRITTEN for s in spans[name]}
    assert any("GANs" in part and weight > 0 for part, weight in shown.items())
    assert not any("example" in part or "alpha" in part for part in shown)
    placed = sum(weight for feature, weight in weighed if text.numbers(feature))
    assert sum(shown.values()) == pytest.approx(placed, abs=0.6 * abs(placed))


def test_neighbours_that_a_feature_joins_are_one_span() -> None:
    text = Text("", "neural networks, deep networks")
    spans = highlights(text, [("neural network", 2.0), ("network", 1.0), ("deep", -1.0)])[
        "abstract"
    ]
    assert [(s.start, s.end, s.weight) for s in spans] == [
        (0, 15, 2.5),
        (17, 21, -1.0),
        (22, 30, 0.5),
    ]


def test_a_model_is_never_certain() -> None:
    sure = why(" ".join([TITLE] * 9), "Generative adversarial network. " * 9)["gan"]
    assert sure.probability == sure.own
    assert 0.999 <= sure.probability < 1
    said = why(TITLE, ABSTRACT, {"gan": True})["gan"]
    assert said.probability == 1


def test_who_says_so() -> None:
    found = why(TITLE, ABSTRACT)
    assert (found["gan"].by, found["gan"].tagged) == ("model", True)
    assert (found["learning"].by, found["learning"].below) == ("child", ("gan",))
    images = found["images"]
    assert (images.by, images.own, images.threshold) == ("keywords", 0.8, 0.5)
    assert {reason.words for reason in images.reasons} == {"image", "synthesis"}
    assert images.reasons[0].places
    rejected = why(TITLE, ABSTRACT, {"gan": False})
    assert (rejected["gan"].by, rejected["gan"].said, rejected["gan"].tagged) == (
        "person", False, False,
    )  # fmt: skip
    assert rejected["gan"].own == found["gan"].own
    assert not rejected["learning"].tagged


def test_an_excluded_phrase_speaks_against() -> None:
    one = why("Image synthesis from a depth map", "")["images"]
    assert (one.excluded, one.tagged) == (("depth map",), False)
    assert min(one.reasons, key=lambda reason: reason.weight).words == "depth map"


def test_works_and_odd_texts_are_explained_too() -> None:
    doc = {
        "title": "",
        "abstract": "",
        "entries": [{"role": "work", "topics": ["gan"]}],
        "starter": True,
    }
    tags = tag_documents([doc], MODELS, TOPICS)[0]
    assert tags[1] == Tag("gan", 1.0, True, "works")
    (one,) = explain(doc, tags, TOPICS, MODELS, {}, ["gan"])
    assert (one.by, one.highlights) == ("works", {"title": (), "abstract": ()})
    for text in ("x" * 100_000, "我" * 30_000, "\x00😀", "a " * 50_000):
        assert why(text, text)["gan"].own is not None


def test_what_is_written_is_what_stands_in_its_place() -> None:
    text = Text(
        "Kite Attention for Image-Text Retrieval",
        "Networks with residual-attention are deep. We cut 图像分割 by $\\alpha$ attention; Deep kites.",
    )
    forms = [word.form for field in text.fields.values() for word in field.words]
    pairs = [" ".join(pair) for pair in pairwise(forms)]
    assert {text.written(one) for one in forms} >= {"Networks", "residual", "deep", "kites", "图像"}
    assert text.written("residual attention") == "residual-attention"
    assert text.written("attention deep") == "attention Deep"
    assert text.written("title:image text") == "Image-Text"
    assert text.written("图像 分割") == "图像分割"
    for feature in (*forms, *pairs):
        shown = text.written(feature)
        placed = text.places(feature)
        assert placed or shown == feature
        if placed:
            chosen = next((p for p in placed if p.field == "abstract"), placed[0])
            stands = getattr(text, chosen.field)[chosen.start : chosen.end]
            words = re.findall(r"\w+", shown)
            assert stands.startswith(words[0])
            assert stands.endswith(words[-1])
