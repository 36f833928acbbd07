"""Training and measuring on made-up papers."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from aggregator.errors import UsageError
from aggregator.tag.artifact import to_bytes
from aggregator.tag.crossval import best_score, platt
from aggregator.tag.evaluate import average_precision, calibration_error, evaluate, scores
from aggregator.tag.files import read_labelled, read_lines, read_papers
from aggregator.tag.model import calibrated, load
from aggregator.tag.train import TrainingResult, save, train
from tests.tag.made_up import labelled, write


def test_figures(trained: TrainingResult) -> None:
    figures = trained.figures
    assert (figures["papers"], figures["folds"], figures["repeats"]) == (240, 5, 2)
    assert 0 < figures["corpus_papers"] < 720  # equal titles count once
    assert set(figures["strata"]) == {
        *("random+enriched", "random", "enriched", "uncertain", "arxiv"),
    }
    head = figures["strata"]["random+enriched"]
    assert head["papers"] == 180
    assert head["topics"]["rl"]["papers"] == 179  # one of grade 1 is left out
    assert head["macro_f1"] > 0.95
    assert head["mean_average_precision"] > 0.95
    assert figures["strata"]["arxiv"]["papers"] < 180
    assert set(figures["calibration_error"]) == {"rl", "datasets", "mean", "pooled"}
    assert figures["calibration_error"]["mean"] < 0.1


def test_chinese_is_learned_from_translations(trained: TrainingResult, tmp_path: Path) -> None:
    save(trained, tmp_path / "tagger.npz")
    tagger = load(tmp_path / "tagger.npz")
    assert trained.figures["chinese"]["average_precision"] > 0.9
    rl, data, none = tagger.probabilities(
        [("强化学习策略", "智能体"), ("标注数据集", "新的数据集"), ("核方法", "理论")]
    )
    order = [tagger.topics.index(t) for t in ("rl", "datasets")]
    assert rl[order[0]] > max(data[order[0]], none[order[0]])
    assert data[order[1]] > max(rl[order[1]], none[order[1]])


def test_training_twice_gives_the_same(trained: TrainingResult, tmp_path: Path) -> None:
    labels = write(labelled(120), tmp_path / "labels.jsonl.gz")
    first, second = train([], [labels]), train([], [labels])
    assert to_bytes(first.artifact) == to_bytes(second.artifact)
    assert first.artifact.trained == ""
    assert "chinese" not in first.figures


def test_labels_without_strata_count_as_a_feed(tmp_path: Path) -> None:
    rows = [{k: row[k] for k in ("title", "abstract", "grades")} for row in labelled(120)]
    figures = train([], [write(rows, tmp_path / "labels.jsonl")]).figures
    assert set(figures["strata"]) == {"random+enriched", "random"}


def test_too_few_labels(tmp_path: Path) -> None:
    few = write(labelled(24), tmp_path / "few.jsonl")
    with pytest.raises(UsageError, match='Topic "rl" has 8 positive labels'):
        train([], [few])
    with pytest.raises(UsageError, match="No labelled papers"):
        train([], [])


def test_evaluate(trained: TrainingResult, tmp_path: Path) -> None:
    save(trained, tmp_path / "tagger.npz")
    tagger = load(tmp_path / "tagger.npz")
    rows = labelled(90, seed=5)
    rows[0]["grades"] = {"rl": 1, "cooking": 2}
    result = evaluate(tagger, rows)
    assert result.papers == 90
    assert set(result.topics) == {"rl", "datasets"}
    assert result.topics["datasets"].papers == 89  # no grade: left out
    truth = np.array([row["grades"]["datasets"] == 2 for row in rows[1:]])
    p = tagger.probabilities([(row["title"], row["abstract"]) for row in rows[1:]])
    column = tagger.topics.index("datasets")
    tagged = p[:, column] >= tagger.thresholds[column]
    assert result.topics["datasets"].f1 == pytest.approx(f1_score(truth, tagged))
    assert result.macro_f1 == pytest.approx(sum(s.f1 or 0 for s in result.topics.values()) / 2)
    with pytest.raises(UsageError, match="The labels grade cooking"):
        evaluate(tagger, [{"title": "", "abstract": "", "grades": {"cooking": 2}}])


def test_figures_that_do_not_exist_are_none() -> None:
    nothing = np.zeros(3, dtype=bool)
    result = scores(nothing, np.array([0.1, 0.2, 0.3]), nothing)
    assert (result.precision, result.recall, result.f1, result.average_precision) == (None,) * 4


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_equals_scikit_learn(seed: int) -> None:
    dice = np.random.default_rng(seed)
    truth = dice.random(200) < 0.2
    ranking = np.round(dice.random(200) + 0.3 * truth, 1 + seed)  # few digits: many ties
    assert average_precision(truth, ranking) == pytest.approx(
        average_precision_score(truth, ranking)
    )


def test_calibration_error() -> None:
    dice = np.random.default_rng(0)
    p = dice.random(20_000)
    assert calibration_error(dice.random(20_000) < p, p) < 0.02
    assert calibration_error(dice.random(20_000) < p / 2, p) == pytest.approx(0.25, abs=0.02)


def test_platt_recovers_slope_and_offset() -> None:
    dice = np.random.default_rng(0)
    score = dice.normal(size=20_000)
    truth = dice.random(20_000) < calibrated(score[:, None], np.array([[2.0, -1.0]]))[:, 0]
    slope, offset = platt(score, truth)
    assert (slope, offset) == (pytest.approx(2, abs=0.1), pytest.approx(-1, abs=0.1))
    # Classes that the score separates still get a finite slope.
    assert np.isfinite(platt(np.array([-1.0, -2.0, 1.0, 2.0]), np.array([0, 0, 1, 1]))).all()


def test_threshold_of_best_expected_f1() -> None:
    dice = np.random.default_rng(0)
    score = dice.normal(size=20_000)
    truth = dice.random(20_000) < calibrated(score[:, None], np.array([[3.0, -3.0]]))[:, 0]
    f1 = [f1_score(truth, score >= at) for at in np.linspace(-1, 2, 61)]
    assert f1_score(truth, score >= best_score(score, truth)) == pytest.approx(max(f1), abs=0.002)
    # An accident among few papers does not carry the threshold away.
    few = np.r_[np.linspace(-2, -1, 50), np.linspace(1, 2, 10)]
    lucky = np.r_[np.zeros(50, bool), np.ones(10, bool)]
    lucky[0] = True
    assert -1 < best_score(few, lucky) < 1.1


def test_broken_lines_name_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    for bad, what in (
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "list; expected one object"),
        ('"x"', "str"),
    ):
        path.write_text(f'{{"title": "x"}}\n\n{bad}\n')
        with pytest.raises(UsageError, match=rf"a\.jsonl: line 3: {what}"):
            list(read_lines(path))
    path.write_text('{"title": "x"}\n{"name": "y"}\n')
    with pytest.raises(UsageError, match=r"a\.jsonl: line 2: no title"):
        list(read_papers(path))
    with pytest.raises(UsageError, match=r"none\.jsonl: No such file"):
        list(read_lines(tmp_path / "none.jsonl"))
    packed = tmp_path / "b.jsonl.gz"
    for data, what in (
        (b"plain text", "Not a gzipped file"),
        (gzip.compress(b'{"title": "x"}\n' * 999)[:-12], ".* after line"),
    ):
        packed.write_bytes(data)
        with pytest.raises(UsageError, match=rf"b\.jsonl\.gz: {what}"):
            list(read_lines(packed))


def test_halves_of_characters_are_left_out(tmp_path: Path) -> None:
    """No database can hold them."""
    path = tmp_path / "labels.jsonl"
    path.write_text(r'{"id": "17\udc00", "title": "A \ud800 b", "grades": {"rl\ud800": 2}}')
    assert read_labelled(path) == [
        {"id": "17", "title": "A  b", "abstract": "", "grades": {"rl": 2}}
    ]


@pytest.mark.parametrize(
    "grades", ["", '"grades": {}', '"grades": {"rl": 3}', '"grades": {"rl": true}']
)
def test_broken_grades(grades: str, tmp_path: Path) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(f'\n{{"title": "x"{"," if grades else ""} {grades}}}\n')
    with pytest.raises(UsageError, match=r"labels\.jsonl: line 2: .* each 0, 1 or 2"):
        read_labelled(path)


def test_feed_items_are_papers(tmp_path: Path) -> None:
    row = {"rss_title": "A Title. (arXiv:1711.00001v1 [cs.LG])", "rss_description": "Text"}
    paper = next(read_papers(write([row], tmp_path / "feed.jsonl")))
    assert (paper["title"], paper["abstract"]) == ("A Title.", "Text")
