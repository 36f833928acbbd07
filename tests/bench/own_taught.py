"""What people's words bring a topic of one's own: the default topics as if the model did not know them, by
keywords and works, taught by words about papers that they find; figures on the other half of the labels."""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from aggregator import topics
from aggregator.tag import own
from aggregator.tag.artifact import Artifact
from aggregator.tag.evaluate import POSITIVE, average_precision, scores
from aggregator.tag.files import read_labelled, read_papers
from aggregator.tag.model import Tagger
from aggregator.tag.vectors import Vectoriser
from aggregator.topics import Topic
from tests.bench.quality import CORPUS, LABELS
from tests.written import PROJECT

DRAWS = 3
WORDS = (0, 10, 30, 100)
SAMPLE = 5_000
NEAR = 0.2
"""From this probability on a person may come upon a paper, and judge it."""

Row = dict[str, Any]
Figures = tuple[int, float, float]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    if not LABELS[0].exists():
        return [("words on topics of one's own", "the labelled papers are not there", "-")]
    labelled = [r for r in read_labelled(LABELS[0]) if r.get("stratum") != "uncertain"]
    store = [(r["title"], r["abstract"]) for r in itertools.islice(read_papers(CORPUS[1]), SAMPLE)]
    config = topics.load(PROJECT / "topics.toml")
    rows = []
    for topic in (one for one in config.topics if one.keywords):
        found = [one for seed in range(DRAWS) for one in _draw(topic, labelled, store, seed)]
        for words in WORDS:
            mine = [figures for figures in found if figures[0] == words]
            if len(mine) == DRAWS:
                f1, precise = (np.mean([one[n] for one in mine]) for n in (1, 2))
                said = f"F1 {f1:.3f}, average precision {precise:.3f}"
                rows.append((f"{topic.name}, {words} words", said, "better than without"))
    return rows


def _draw(
    topic: Topic, labelled: Sequence[Row], store: Sequence[tuple[str, str]], seed: int
) -> Iterator[Figures]:
    """(words, F1, average precision) of one division of the labelled papers, as far as it has as many papers
    that a person would come upon."""
    dice = random.Random(seed)
    graded = [row for row in labelled if row["grades"].get(topic.name) in (0, POSITIVE)]
    dice.shuffle(graded)
    mine, others = graded[::2], graded[1::2]
    sample = [*store, *map(_paper, mine)]
    works = [(work.title, "") for work in topic.works]
    truth = np.array([_is(row, topic) for row in others])
    first = own.fit(topic, works, [], sample)
    if first is None:
        return
    near = [row for row, p in zip(mine, _probabilities(first, mine), strict=True) if p > NEAR]
    dice.shuffle(near)
    for words in WORDS:
        if words > len(near):
            return
        judged = [own.Judged(_paper(row), _is(row, topic)) for row in near[:words]]
        model = own.fit(topic, works, judged, sample) or first
        p = _probabilities(model, others)
        f1 = scores(truth, p, p >= model.thresholds[0]).f1
        yield words, f1 or 0.0, average_precision(truth, p)


def _paper(row: Row) -> tuple[str, str]:
    return row["title"], row["abstract"]


def _is(row: Row, topic: Topic) -> bool:
    return row["grades"][topic.name] == POSITIVE


def _probabilities(model: Artifact, rows: Sequence[Row]) -> np.ndarray:
    tagger = Tagger(model, Vectoriser(model.vocabulary, model.idf), "own")
    return tagger.probabilities([_paper(row) for row in rows])[:, 0]
