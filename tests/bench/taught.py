"""What people's words bring: a base from a third of the labelled papers, words about papers of the second
third that it tags or nearly tags, figures on the last third. The means of three draws."""

import itertools
import json
import random
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aggregator.tag.evaluate import POSITIVE, evaluate
from aggregator.tag.files import read_labelled, read_papers
from aggregator.tag.model import Tagger
from aggregator.tag.teach import Said, teach
from aggregator.tag.train import fit, prepare
from aggregator.tag.vectors import Vectoriser
from tests.bench.quality import CORPUS, LABELS

DRAWS = 3
WORDS = (200, 1_000_000)
ANCHORS = 3_000
NEAR = 0.5
"""Of a topic's threshold: whoever reads what is tagged, or the list of what to label, sees these."""

Row = dict[str, Any]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    if not LABELS[0].exists():
        return [("people's words", "the labelled papers are not there", "-")]
    labelled = read_labelled(LABELS[0])
    runs = [dict(_draw(labelled, seed)) for seed in range(DRAWS)]
    return [
        (name, _means([run[name] for run in runs]), "no worse than without") for name in runs[0]
    ]


def _draw(labelled: Sequence[Row], seed: int) -> Iterator[tuple[str, list[float]]]:
    rows = list(labelled)
    random.Random(seed).shuffle(rows)
    third = len(rows) // 3
    base = _base(rows[:third])
    held_out = [row for row in rows[2 * third :] if row.get("stratum") != "uncertain"]
    anchors = [
        (row["title"], row["abstract"]) for row in itertools.islice(read_papers(CORPUS[1]), ANCHORS)
    ]
    yield "no words", _figures(base, held_out)
    said = _words(base, rows[third : 2 * third])
    for most in WORDS:
        heard = list(_first(said, most))
        taught, _ = teach(base, heard, anchors)
        name = f"{most} words" if most < 10_000 else "every word of 1,500 papers"
        yield name, _figures(taught or base, held_out)


def _base(rows: Sequence[Row]) -> Tagger:
    """A tagger from these labelled papers, with the recent corpus for its themes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "labels.jsonl")
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        artifact = fit(prepare([CORPUS[1]], [path]))
    return Tagger(artifact, Vectoriser(artifact.vocabulary, artifact.idf), "base")


def _words(base: Tagger, rows: Sequence[Row]) -> list[Said]:
    papers = [(row["title"], row["abstract"]) for row in rows]
    near = base.probabilities(papers) >= NEAR * base.thresholds
    said = []
    for paper, row, seen in zip(papers, rows, near, strict=True):
        words = {
            topic: row["grades"][topic] == POSITIVE
            for topic, shown in zip(base.topics, seen, strict=True)
            if shown and row["grades"].get(topic) in (0, POSITIVE)
        }
        if words:
            said.append(Said(paper, words))
    return said


def _first(said: Sequence[Said], most: int) -> Iterator[Said]:
    for one in said:
        if most <= 0:
            return
        most -= len(one.words)
        yield one


def _figures(tagger: Tagger, rows: Sequence[Row]) -> list[float]:
    """Macro-F1, mean average precision, mean log loss."""
    found = evaluate(tagger, rows)
    p = np.clip(tagger.probabilities([(r["title"], r["abstract"]) for r in rows]), 1e-9, 1 - 1e-9)
    losses = [
        -np.log(p[n, k] if row["grades"][topic] == POSITIVE else 1 - p[n, k])
        for n, row in enumerate(rows)
        for k, topic in enumerate(tagger.topics)
        if row["grades"].get(topic) in (0, POSITIVE)
    ]
    return [found.macro_f1 or 0.0, found.mean_average_precision or 0.0, float(np.mean(losses))]


def _means(runs: Sequence[Sequence[float]]) -> str:
    f1, precision, loss = (sum(values) / len(values) for values in zip(*runs, strict=True))
    return f"macro-F1 {f1:.3f}, mAP {precision:.3f}, log loss {loss:.4f}"
