"""What a digest holds and in which order."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest import rank
from aggregator.digest.gist import MOST, gist
from aggregator.digest.select import Digest, EventRow, in_order, select
from aggregator.digest.sheet import totals
from tests.drafts import DAY
from tests.filled import CONFIG

UNTIL = DAY + timedelta(days=1)


def paper(
    name: str, *topics: tuple[str, float], by: str = "model", **fields: Any
) -> dict[str, Any]:
    tags = [{"name": topic, "probability": p, "by": by} for topic, p in topics]
    return {
        "id": name,
        "title": name,
        "kind": "paper",
        "topics": tags,
        "buzz": {"score": None, "posts": 0, "citations": None},
        "withdrawn": False,
    } | fields


def new(doc: dict[str, Any], kind: str = "new") -> EventRow:
    return EventRow(kind, DAY, doc)


def chosen(rows: list[EventRow], **more: Any) -> Digest:
    return select(rows, CONFIG.topics, DAY, UNTIL, **more)


def titles(digest: Digest) -> dict[str, list[str]]:
    return {s.name: [i.paper["title"] for i in s.items] for s in digest.sections if s.items}


def test_a_paper_that_fits_into_none_of_its_topics_is_counted_once() -> None:
    both = [paper(f"p{n}", ("architectures", 0.9), ("gan", 0.8)) for n in range(5)]
    digest = chosen([new(one) for one in both], limit=2)
    assert [section.more for section in digest.sections if section.items] == [3, 3]
    assert totals(digest) == (5, 0)


def test_a_paper_stands_in_each_of_its_topics_once() -> None:
    both = paper("both", ("architectures", 0.9), ("gan", 0.8))
    digest = chosen([new(both), new(both, "published"), new(paper("none"))])
    assert titles(digest) == {"architectures": ["both"], "gan": ["both"]}
    assert digest.sections[0].items[0].marks == ("new", "published")


def test_children_stand_under_their_parent() -> None:
    assert [t.name for t in in_order(CONFIG.topics)] == ["architectures", "learning", "gan"]
    derived = paper("derived", ("gan", 0.9))
    derived["topics"].append({"name": "learning", "probability": 0.9, "by": "child"})
    assert titles(chosen([new(derived)])) == {"gan": ["derived"]}
    assert [s.name for s in chosen([], names=("learning",)).sections] == [
        "learning",
        "gan",
        "discussions",
    ]


def test_probability_newness_and_attention_rank() -> None:
    loud = {"score": 100, "posts": 2, "citations": None}
    rows = [
        new(paper("sure", ("gan", 0.9))),
        new(paper("doubtful", ("gan", 0.6))),
        new(paper("revised", ("gan", 0.95)), "new_version"),
        new(paper("loud", ("gan", 0.85), buzz=loud)),
        new(paper("b tie", ("gan", 0.5))),
        new(paper("a tie", ("gan", 0.5))),
    ]
    expected = ["loud", "sure", "doubtful", "a tie", "b tie", "revised"]
    for seed in range(5):
        random.Random(seed).shuffle(rows)
        assert titles(chosen(rows))["gan"] == expected
    assert chosen(rows).sections[2].items[0].marks == ("new", "discussed")


def test_what_does_not_fit_is_counted() -> None:
    rows = [new(paper(f"p{n}", ("gan", 0.9))) for n in range(30)]
    section = chosen(rows, limit=25).sections[2]
    assert (len(section.items), section.more) == (25, 5)


def test_withdrawn_papers_are_left_out_and_posts_stand_apart() -> None:
    digest = chosen(
        [
            new(paper("gone", ("gan", 0.9), withdrawn=True)),
            new(paper("post", ("gan", 0.7), kind="post")),
            new(paper("off topic", kind="post")),
        ]
    )
    assert titles(digest) == {"discussions": ["post"]}


@pytest.mark.parametrize(
    ("quiet", "says"), [("weekend", "weekend"), ("holiday", "holiday"), ("", "this period")]
)
def test_an_empty_digest_says_why(quiet: str, says: str) -> None:
    digest = chosen([], quiet=quiet)
    assert digest.empty
    assert says in digest.note
    assert "topics" in chosen([new(paper("untagged"))]).note


def test_new_beats_new_version_in_marks() -> None:
    doc = paper("quick", ("gan", 0.9))
    (item,) = chosen([new(doc, "new_version"), new(doc)]).sections[2].items
    assert item.marks == ("new",)


def test_heat_fades_a_decade_a_week() -> None:
    nobody = {"score": None, "posts": 0, "citations": None}
    ten = {"score": 9, "posts": 0, "citations": None}
    assert rank.hot(ten, DAY) == pytest.approx(rank.hot(nobody, DAY + timedelta(days=7)))
    assert rank.attention({"score": -5}) == 1


@pytest.mark.parametrize(
    ("abstract", "expected"),
    [
        ("One. Two. Three.", "One. Two."),
        (
            "We use e.g. Adam, i.e. SGD. It works, cf. Fig. 2. More.",
            "We use e.g. Adam, i.e. SGD. It works, cf. Fig. 2.",
        ),
        ("我们提出新方法。效果很好。代码已公开。", "我们提出新方法。效果很好。"),
        ("No end", "No end"),
        ("", ""),
        ("Is it? Yes! Really.", "Is it? Yes!"),
        ("At 3.5 percent. Done. Over.", "At 3.5 percent. Done."),
    ],
)
def test_a_gist_is_the_first_two_sentences(abstract: str, expected: str) -> None:
    assert gist(abstract) == expected


@given(st.text(max_size=2_000))
def test_a_gist_is_never_long(text: str) -> None:
    assert len(gist(text)) <= MOST + 1


def test_a_long_sentence_is_cut_at_a_word() -> None:
    cut = gist("word " * 200)
    assert cut.endswith("word…")


def test_news_elsewhere_is_no_quiet_day() -> None:
    assert chosen([]).note == "Nothing new in this period."
    assert chosen([], elsewhere=True).note == "Nothing new in these topics."
