"""`python -m tests.bench.quality`: how good the shipped tagger is, as the tables of docs/tagging.md."""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize

from aggregator.tag.crossval import Labels, fit_topic
from aggregator.tag.evaluate import average_precision, evaluate
from aggregator.tag.features import TITLE
from aggregator.tag.files import read_labelled
from aggregator.tag.model import Tagger, load
from aggregator.tag.themes import widened
from aggregator.tag.train import Material, prepare

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tagging.md"
CHINESE = ROOT / "tests/data/tag/chinese.jsonl"
SHARED = ROOT / "../shared"
CORPUS = [SHARED / f"corpus/{n}.jsonl.gz" for n in ("papers", "arxiv_recent", "arxiv_chinese")]
LABELS = [SHARED / "labels/dev.jsonl"]

PARTS = {
    "random+enriched": "random + enriched",
    "random": "random",
    "enriched": "enriched",
    "uncertain": "uncertain",
    "arxiv": "arXiv 2025–26, of random + enriched",
}
SHARES = (0.1, 0.25, 0.5, 1.0)


def main() -> None:
    """Writes each table between its marks in the page; `--quick` leaves out what must be trained."""
    tagger, page = load(), PAGE.read_text()
    page = filled(page, "strata", strata(tagger.artifact.figures))
    page = filled(page, "topics", topics(tagger.artifact.figures))
    page = filled(page, "chinese", chinese(tagger))
    if "--quick" not in sys.argv:
        if not LABELS[0].exists():
            sys.exit(f"{LABELS[0]}: not there; expected the labelled papers (or use --quick).")
        material = prepare(CORPUS, LABELS)
        page = filled(page, "curve", curve(material))
        page = filled(page, "parts", parts(material))
    PAGE.write_text(page)


def filled(page: str, name: str, lines: Sequence[str]) -> str:
    """The page with the lines between `<!-- name -->` and `<!-- /name -->`."""
    table = "\n".join([f"<!-- {name} -->", *lines, f"<!-- /{name} -->"])
    return re.sub(rf"<!-- {name} -->.*<!-- /{name} -->", lambda _: table, page, flags=re.S)


def strata(figures: Mapping[str, Any]) -> list[str]:
    """Means over topics on each part of the labels, with 95 % bootstrap intervals."""
    rows = []
    for key, name in PARTS.items():
        part = figures["strata"][key]
        bounds = part["intervals"]
        rows.append(
            [
                name,
                f"{part['papers']:,}",
                *(f"{part[f'macro_{what}']:.3f}" for what in ("precision", "recall")),
                _within(part["macro_f1"], bounds["macro_f1"]),
                _within(part["mean_average_precision"], bounds["mean_average_precision"]),
            ]
        )
    return _table(["part", "papers", "precision", "recall", "F1", "average precision"], rows)


def topics(figures: Mapping[str, Any]) -> list[str]:
    """Each topic on random + enriched, its calibration error, and on recent arXiv papers."""
    head, recent = figures["strata"]["random+enriched"], figures["strata"]["arxiv"]
    rows = []
    for topic, scores in head["topics"].items():
        bounds, late = head["intervals"]["topics"][topic], recent["topics"][topic]
        rows.append(
            [
                topic,
                str(scores["positives"]),
                *(f"{scores[what]:.3f}" for what in ("precision", "recall")),
                _within(scores["f1"], bounds["f1"]),
                _within(scores["average_precision"], bounds["average_precision"]),
                f"{figures['calibration_error'][topic]:.3f}",
                f"{_within(late['f1'], recent['intervals']['topics'][topic]['f1'])}"
                f" of {late['positives']}",
            ]
        )
    headings = ["topic", "positives", "precision", "recall", "F1", "average precision"]
    return [
        *_table([*headings, "ECE", "F1 arXiv"], rows),
        "",
        f"Calibration error pooled over topics: {figures['calibration_error']['pooled']:.3f}.",
    ]


def chinese(tagger: Tagger) -> list[str]:
    """The sample of the tests."""
    result = evaluate(tagger, read_labelled(CHINESE))
    rows = [
        [
            topic,
            str(s.positives),
            *(_three(x) for x in (s.precision, s.recall, s.f1)),
            _three(s.average_precision),
        ]
        for topic, s in result.topics.items()
    ]
    means = (result.macro_precision, result.macro_recall, result.macro_f1)
    rows.append(["mean", "", *map(_three, means), _three(result.mean_average_precision)])
    return _table(["topic", "positives", "precision", "recall", "F1", "average precision"], rows)


def curve(material: Material) -> list[str]:
    """Average precision by the number of papers learned from."""
    rows = []
    for share in SHARES:
        n = round(0.8 * share * len(material.labels.strata))
        whole, recent = _average_precision(material.labels, material.topics, share)
        rows.append([f"{n:,}", f"{whole:.3f}", f"{recent:.3f}"])
    return _table(["papers learned from", "random + enriched", "arXiv part"], rows)


def parts(material: Material) -> list[str]:
    """Average precision without each part of the tagger."""
    rows = []
    for name, labels in _without(material):
        whole, recent = _average_precision(labels, material.topics)
        rows.append([name, f"{whole:.4f}", f"{recent:.4f}"])
    return _table(["tagger", "random + enriched", "arXiv part"], rows)


def _without(material: Material) -> Iterator[tuple[str, Labels]]:
    labels, vocabulary = material.labels, material.vectoriser.vocabulary
    f = len(vocabulary)
    plain = sp.csr_matrix(labels.rows[:, :f])
    title = np.array([name.startswith(TITLE) for name in vocabulary])
    phrase = np.array(["…" in name for name in vocabulary])
    pair = np.array([" " in name for name in vocabulary]) & ~phrase
    yield "as it is", labels
    yield "without themes", replace(labels, rows=plain)
    for name, columns in (("the title's own", title), ("phrases", phrase), ("pairs", pair)):
        rows = _restricted(plain, ~columns)
        yield f"without {name}", replace(labels, rows=widened(rows, material.directions))
    yield "all papers of equal weight", _Equal(**vars(labels))
    words = _restricted(plain, ~(title | phrase | pair))
    yield "words alone, no themes", replace(labels, rows=words)


def _restricted(rows: sp.csr_matrix, columns: np.ndarray) -> sp.csr_matrix:
    """The rows with only these columns (a mask) filled, of length 1 again."""
    return sp.csr_matrix(normalize(rows @ sp.diags(columns.astype(np.float32))))


class _Equal(Labels):
    """Labels that all weigh the same."""

    def importance(self, column: int, rows: np.ndarray) -> np.ndarray:
        return np.ones(len(rows))


def _average_precision(
    labels: Labels, names: Sequence[str], share: float = 1.0
) -> tuple[float, float]:
    """Means over topics on random + enriched and on its arXiv part, plain five-fold
    cross-validation; `share` of each fold is learned from. The arXiv part without `optimizers`
    and `gan`, which have too few positives there to say anything."""
    whole, recent = [], []
    dice = np.random.default_rng(0)
    for column, name in enumerate(names):
        rows = labels.decided(column)
        truth = labels.truth(column, rows)
        found = np.empty(len(rows))
        for seen, unseen in StratifiedKFold(5, shuffle=True, random_state=0).split(rows, truth):
            some = dice.permutation(seen)[: round(share * len(seen))]
            model = fit_topic(labels, column, rows[some])
            found[unseen] = model.score(labels.rows[rows[unseen]])
        kept = labels.measured(rows)
        whole.append(average_precision(truth[kept], found[kept]))
        kept &= labels.arxiv[rows]
        if name not in ("optimizers", "gan"):
            recent.append(average_precision(truth[kept], found[kept]))
    return float(np.mean(whole)), float(np.mean(recent))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    ruler = "|".join("---" for _ in headings)
    return [f"| {' | '.join(headings)} |", f"|{ruler}|", *(f"| {' | '.join(r)} |" for r in rows)]


def _within(figure: float | None, bounds: Mapping[str, float] | None) -> str:
    if figure is None or bounds is None:
        return _three(figure)
    return f"{figure:.3f} ({bounds['low']:.3f}–{bounds['high']:.3f})"


def _three(figure: float | None) -> str:
    return "–" if figure is None else f"{figure:.3f}"


if __name__ == "__main__":
    main()
