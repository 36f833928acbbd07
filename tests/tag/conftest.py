"""A small tagger trained once on made-up papers."""

from datetime import UTC, datetime

import pytest

from aggregator.tag.train import TrainingResult, train
from tests.tag.made_up import labelled, translated, write


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    folder = tmp_path_factory.mktemp("training")
    corpus = [
        write(labelled(600, seed=2), folder / "corpus.jsonl.gz"),
        write(translated(), folder / "translated.jsonl"),
    ]
    labels = write(labelled(), folder / "labels.jsonl")
    return train(corpus, [labels], now=datetime(2026, 11, 23, tzinfo=UTC))
