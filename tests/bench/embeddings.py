"""`python -m tests.bench.embeddings`: what sentence embeddings bring, as the table of docs/tagging.md.

Needs the extra `daypaper[embeddings]`. With a file name it keeps the vectors there, or takes them from
there: to make those of all labelled papers takes minutes.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from aggregator.tag import learn_meaning
from aggregator.tag.crossval import Labels
from aggregator.tag.embedder import installed
from aggregator.tag.evaluate import DRAWS, LEFT_OUT, POSITIVE, average_precision
from aggregator.tag.learn_meaning import Answers
from aggregator.tag.train import FOLDS, Material, prepare
from tests.bench.quality import CORPUS, LABELS, PAGE, filled, table

REPEATS = 1


def main() -> None:
    """Writes the table between its marks in the page."""
    material = prepare(CORPUS, LABELS)
    kept = Path(sys.argv[1]) if sys.argv[1:] else None
    PAGE.write_text(filled(PAGE.read_text(), "embeddings", embeddings(material, kept)))


def embeddings(material: Material, kept: Path | None) -> list[str]:
    """Nested cross-validation of the words, and of words and meaning on the same folds."""
    vectors, took = _vectors(material, kept)
    labels, topics = material.labels, material.topics
    runs = [
        learn_meaning.unseen(labels, topics, vectors, folds=FOLDS, seed=seed)
        for seed in range(REPEATS)
    ]
    words, both = [run[0] for run in runs], [run[1] for run in runs]
    measured = labels.measured(np.arange(len(labels.strata)))
    rows = []
    parts = (("random + enriched", measured), ("arXiv 2025–26", measured & labels.arxiv))
    for name, part in parts:
        for what, place in (("macro-F1", 0), ("average precision", 1)):
            a, b = (_mean(labels, runs, part, place) for runs in (words, both))
            low, high = _between(labels, words, both, part, place)
            rows.append([name, what, f"{a:.4f}", f"{b:.4f}", f"{low:+.4f} to {high:+.4f}"])
    headings = ["part", "mean over topics", "words", "with meaning", "difference, 95 of 100 draws"]
    return [*table(headings, rows), "", *took]


def _vectors(material: Material, kept: Path | None) -> tuple[np.ndarray, list[str]]:
    if kept and kept.exists():
        return np.load(kept), []
    start = time.process_time()
    vectors = installed().embed(material.papers)
    each = 1000 * (time.process_time() - start) / len(vectors)
    if kept:
        np.save(kept, vectors)
    return vectors, [f"Reading one paper's meaning took {each:.0f} ms of CPU time."]


def _mean(labels: Labels, runs: Sequence[Answers], part: np.ndarray, place: int) -> float:
    papers = np.flatnonzero(part)
    return float(np.mean([_figures(labels, run, papers)[place] for run in runs]))


def _between(
    labels: Labels, words: Sequence[Answers], both: Sequence[Answers], part: np.ndarray, place: int
) -> tuple[float, float]:
    """Where the difference lies in 95 of 100 draws of as many papers, the same for both."""
    dice, papers = np.random.default_rng(0), np.flatnonzero(part)
    found = list(_differences(labels, words, both, papers, place, dice))
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _differences(
    labels: Labels,
    words: Sequence[Answers],
    both: Sequence[Answers],
    papers: np.ndarray,
    place: int,
    dice: np.random.Generator,
) -> Iterator[float]:
    for _ in range(DRAWS):
        drawn = dice.choice(papers, len(papers))
        yield float(
            np.mean([
                _figures(labels, b, drawn)[place] - _figures(labels, a, drawn)[place]
                for a, b in zip(words, both, strict=True)
            ])
        )  # fmt: skip


def _figures(labels: Labels, run: Answers, papers: np.ndarray) -> tuple[float, float]:
    """Macro-F1 and mean average precision; topics without a positive are left out."""
    f1, precision = [], []
    for column in range(labels.grades.shape[1]):
        kept = papers[labels.grades[papers, column] != LEFT_OUT]
        truth, tagged = labels.grades[kept, column] == POSITIVE, run.tagged[kept, column]
        if truth.any():
            f1.append(2 * (truth & tagged).sum() / (truth.sum() + tagged.sum()))
            precision.append(average_precision(truth, run.probabilities[kept, column]))
    return float(np.mean(f1)), float(np.mean(precision))


if __name__ == "__main__":
    main()
