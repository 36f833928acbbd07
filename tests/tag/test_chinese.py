"""Chinese papers and posts written for this test, as Zhihu columns and WeChat accounts put them."""

from pathlib import Path

import pytest

from aggregator.parse.text import title_key
from aggregator.parse.tokens import search_tokens
from aggregator.tag.evaluate import Evaluation, evaluate
from aggregator.tag.files import read_labelled
from aggregator.tag.model import load

SAMPLE = Path(__file__).parents[1] / "data/tag/chinese.jsonl"


@pytest.fixture(scope="module")
def measured() -> Evaluation:
    return evaluate(load(), read_labelled(SAMPLE))


def test_the_sample_has_all_topics_and_none() -> None:
    rows = read_labelled(SAMPLE)
    assert len(rows) >= 60
    for topic in load().topics:
        assert sum(row["grades"][topic] == 2 for row in rows) >= 10
    assert sum(not any(row["grades"].values()) for row in rows) >= 15


def test_chinese_is_tagged(measured: Evaluation) -> None:
    assert (measured.macro_f1 or 0) >= 0.9
    assert (measured.mean_average_precision or 0) >= 0.95
    for topic, scores in measured.topics.items():
        assert (scores.f1 or 0) >= 0.8, topic


def test_every_title_is_found_by_its_own_words_and_has_a_key() -> None:
    keys = set()
    for row in read_labelled(SAMPLE):
        words = search_tokens(row["title"])
        assert len(words) >= 3
        assert set(words) <= set(search_tokens(f"{row['title']}{row['abstract']}"))
        assert not any(mark in "".join(words) for mark in "，。：？|")
        keys.add(title_key(row["title"]))
    assert len(keys) == len(read_labelled(SAMPLE))
    assert "" not in keys
