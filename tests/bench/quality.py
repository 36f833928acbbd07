"""`python -m tests.bench.quality`: how good the shipped tagger is, as the tables of docs/tagging.md."""

import itertools
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize

from aggregator.tag.crossval import RECENT_WEIGHT, Labels, TopicModel, fit_topic
from aggregator.tag.evaluate import POSITIVE, average_precision, evaluate
from aggregator.tag.features import TITLE
from aggregator.tag.files import read_labelled, read_papers
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
UNLABELLED, SURE, GUESS = 5_000, 3.0, 0.3
"""Self-training: papers to guess at, log-odds from which on a guess is sure, what it weighs."""

Fit = Callable[[Labels, int, np.ndarray], TopicModel]


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
    return table(["part", "papers", "precision", "recall", "F1", "average precision"], rows)


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
        *table([*headings, "ECE", "F1 arXiv"], rows),
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
    return table(["topic", "positives", "precision", "recall", "F1", "average precision"], rows)


def curve(material: Material) -> list[str]:
    """Average precision by the number of papers learned from."""
    rows = []
    for share in SHARES:
        n = round(0.8 * share * len(material.labels.strata))
        whole, recent = _average_precision(material.labels, material.topics, share)
        rows.append([f"{n:,}", f"{whole:.3f}", f"{recent:.3f}"])
    return table(["papers learned from", "random + enriched", "arXiv part"], rows)


def parts(material: Material) -> list[str]:
    """Average precision without each part of the tagger, and with what was tried beside it."""
    rows = []
    fits = ((name, labels, fit_topic) for name, labels in _others(material))
    for name, labels, fit in (*fits, *_self_taught(material)):
        whole, recent = _average_precision(labels, material.topics, fit=fit)
        rows.append([name, f"{whole:.4f}", f"{recent:.4f}"])
    return table(["tagger", "random + enriched", "arXiv part"], rows)


def _others(material: Material) -> Iterator[tuple[str, Labels]]:
    labels, vocabulary = material.labels, material.vectoriser.vocabulary
    f = len(vocabulary)
    plain, places = sp.csr_matrix(labels.rows[:, :f]), labels.rows[:, f:]
    title = np.array([name.startswith(TITLE) for name in vocabulary])
    phrase = np.array(["…" in name for name in vocabulary])
    pair = np.array([" " in name for name in vocabulary]) & ~phrase
    yield "as it is", labels
    yield "without themes", replace(labels, rows=plain, themes=0)
    for name, columns in (("the title's own", title), ("phrases", phrase), ("pairs", pair)):
        rows = _restricted(plain, ~columns)
        yield f"without {name}", replace(labels, rows=widened(rows, material.directions))
    yield "all papers of equal weight", _Equal(**vars(labels))
    yield "all weights equally free", _Even(**vars(labels))
    words = _restricted(plain, ~(title | phrase | pair))
    yield (
        "words alone, no themes, equally free",
        _Even(**vars(labels) | {"rows": words, "themes": 0}),
    )
    yield "recent papers weigh 4, not 1.5", _Recent(**vars(labels))
    rows = sp.csr_matrix(sp.hstack([plain, 0.5 * _characters(), places], format="csr"))
    yield "with characters (3 to 5 within words)", replace(labels, rows=rows)


def _characters() -> sp.csr_matrix:
    """TF-IDF of runs of characters in the labelled papers, those that at least 12 papers have."""
    texts = [f"{row['title']} {row['abstract']}" for row in read_labelled(LABELS[0])]
    options: dict[str, Any] = {"min_df": 12, "sublinear_tf": True, "dtype": np.float32}
    made = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), **options)
    return sp.csr_matrix(made.fit_transform(texts))


def _self_taught(material: Material) -> Iterator[tuple[str, Labels, Fit]]:
    """Each model judges recent papers that have no labels, and what it is sure of teaches it again."""
    recent = itertools.islice(read_papers(CORPUS[1]), UNLABELLED)
    papers = [(row["title"], row["abstract"]) for row in recent]
    rows = widened(material.vectoriser.transform(papers), material.directions)

    def fit(labels: Labels, column: int, seen: np.ndarray) -> TopicModel:
        odds = fit_topic(labels, column, seen).score(rows)
        sure = np.flatnonzero(np.abs(odds) > SURE)
        grades = np.zeros((len(sure), labels.grades.shape[1]))
        grades[:, column] = np.where(odds[sure] > 0, POSITIVE, 0)
        known = len(labels.strata)
        more = _Guessed(
            sp.csr_matrix(sp.vstack([labels.rows, rows[sure]])),
            np.vstack([labels.grades, grades]),
            np.r_[labels.strata, np.full(len(sure), "guessed")],
            np.r_[labels.arxiv, np.ones(len(sure), dtype=bool)],
            labels.themes,
        )
        return fit_topic(more, column, np.r_[seen, known + np.arange(len(sure))])

    yield f"taught by its own sure guesses on {UNLABELLED:,} recent papers", material.labels, fit


def _restricted(rows: sp.csr_matrix, columns: np.ndarray) -> sp.csr_matrix:
    """The rows with only these columns (a mask) filled, of length 1 again."""
    return sp.csr_matrix(normalize(rows @ sp.diags(columns.astype(np.float32))))


class _Equal(Labels):
    """Labels that all weigh the same."""

    def importance(self, column: int, rows: np.ndarray) -> np.ndarray:
        return np.ones(len(rows))


class _Even(Labels):
    """Labels that let all weights move equally."""

    def freedom(self, column: int, rows: np.ndarray) -> np.ndarray:
        return np.ones(self.rows.get_shape()[1])


class _Recent(Labels):
    """Labels of which recent papers weigh 4."""

    def importance(self, column: int, rows: np.ndarray) -> np.ndarray:
        return super().importance(column, rows) * np.where(self.arxiv[rows], 4 / RECENT_WEIGHT, 1)


class _Guessed(Labels):
    """Labels some of which were guessed, which weigh less and say nothing of how telling a word is."""

    def importance(self, column: int, rows: np.ndarray) -> np.ndarray:
        return super().importance(column, rows) * np.where(self._known(rows), 1, GUESS)

    def freedom(self, column: int, rows: np.ndarray) -> np.ndarray:
        return super().freedom(column, rows[self._known(rows)])

    def _known(self, rows: np.ndarray) -> np.ndarray:
        return self.strata[rows] != "guessed"


def _average_precision(
    labels: Labels, names: Sequence[str], share: float = 1.0, fit: Fit = fit_topic
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
            model = fit(labels, column, rows[some])
            found[unseen] = model.score(labels.rows[rows[unseen]])
        kept = labels.measured(rows)
        whole.append(average_precision(truth[kept], found[kept]))
        kept &= labels.arxiv[rows]
        if name not in ("optimizers", "gan"):
            recent.append(average_precision(truth[kept], found[kept]))
    return float(np.mean(whole)), float(np.mean(recent))


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table of Markdown, line by line."""
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
