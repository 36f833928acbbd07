"""The model file and what is shipped in it."""

import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aggregator.errors import UsageError
from aggregator.tag.artifact import SHIPPED, from_bytes, to_bytes
from aggregator.tag.model import calibrated, load
from aggregator.tag.train import TrainingResult, save
from tests.tag.made_up import labelled

TRIALS = [
    (
        "Strip-Former: crossing attention blocks for image recognition",
        "We present a new backbone network whose building block mixes windows by striped attention. "
        "The architecture is simple, needs fewer parameters and outperforms convolutional networks.",
        {"architectures"},
    ),
    (
        "Gated skip routing in very deep convolutional networks",
        "We propose a novel network architecture in which layers are connected by gated skip "
        "connections. The proposed module can be added to residual networks at little cost.",
        {"architectures"},
    ),
    (
        "Lagged momentum: an adaptive optimizer for large batches",
        "We propose an adaptive gradient method with delayed momentum and prove its convergence rate "
        "for non-convex stochastic optimization. It trains faster than Adam and SGD.",
        {"optimizers"},
    ),
    (
        "Variance-reduced stochastic gradient descent without restarts",
        "We study stochastic gradient descent with variance reduction for finite sums and prove "
        "linear convergence for strongly convex objectives. The step size needs no tuning.",
        {"optimizers"},
    ),
    (
        "Patient agents: exploration by delayed reward",
        "Exploration is hard in reinforcement learning when rewards are sparse. We train an agent "
        "with a policy gradient algorithm and an intrinsic reward and test it on Atari games.",
        {"rl"},
    ),
    (
        "Conservative critics for offline reinforcement learning",
        "Offline reinforcement learning learns a policy from logged transitions. We regularise the "
        "Q-function to avoid overestimation for unseen actions and reach higher returns.",
        {"rl"},
    ),
    (
        "Two-sided critics for generative adversarial networks",
        "Training of GANs is unstable. We propose a discriminator with two heads that gives the "
        "generator smoother gradients, which reduces mode collapse and improves image synthesis.",
        {"gan"},
    ),
    (
        "Unpaired sketch-to-photo translation with an adversarial cycle",
        "We translate sketches to photos by a generative adversarial network with cycle consistency; "
        "generator and discriminator are trained jointly with an adversarial loss.",
        {"gan"},
    ),
    (
        "MarketWalk: a large-scale dataset of street markets",
        "We introduce a new dataset of 120,000 annotated images of markets in 40 cities. We describe "
        "the collection and annotation process and benchmark existing detectors on it.",
        {"datasets"},
    ),
    (
        "LedgerQA: a benchmark for reading account books",
        "Existing benchmarks do not test bookkeeping. We present a benchmark of 3,000 questions "
        "written by experts and evaluate twelve language models; the best reaches 41 percent.",
        {"datasets"},
    ),
    (
        "A note on kernel ridge regression with missing covariates",
        "We derive bounds on the excess risk of a kernel estimator when some covariates are missing "
        "at random, and show by simulation that the bounds are tight.",
        set(),
    ),
    (
        "Estimating the pose of transparent bottles from one view",
        "We estimate the pose of transparent objects from one view by matching contours. "
        "The method is robust to clutter and runs in real time.",
        set(),
    ),
    (
        "一个新的大规模图像数据集",
        "我们发布了一个新的大规模标注数据集，并评测了现有方法。",
        {"datasets"},
    ),
    ("稀疏奖励下的强化学习", "我们用策略梯度训练智能体，在稀疏奖励的环境中进行探索。", {"rl"}),
]


@pytest.mark.parametrize(("title", "abstract", "topics"), TRIALS, ids=[t[0][:20] for t in TRIALS])
def test_shipped_model_tags_plain_cases(title: str, abstract: str, topics: set[str]) -> None:
    tagger = load()
    probabilities = tagger.probabilities([(title, abstract)])[0]
    tagged = probabilities >= tagger.thresholds
    assert {t for t, yes in zip(tagger.topics, tagged, strict=True) if yes} == topics


def test_shipped_model_is_small_quick_and_whole() -> None:
    start = time.process_time()
    tagger = load()
    assert time.process_time() - start < 0.3
    assert SHIPPED.stat().st_size < 3_000_000
    assert set(tagger.topics) == {"architectures", "optimizers", "rl", "gan", "datasets"}
    assert tagger.artifact.figures["strata"]["random+enriched"]["macro_f1"] >= 0.88
    assert tagger.artifact.figures["strata"]["random+enriched"]["mean_average_precision"] >= 0.94


def test_inference_does_without_scikit_learn() -> None:
    code = (
        "import sys; from aggregator.tag.model import load; from aggregator.tag.tags import *;"
        "tag_papers([('A GAN', 'for 图像')], {'gan': load()}, []); sys.exit('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, timeout=60)
    assert done.returncode == 0


def test_empty_texts_and_batches() -> None:
    tagger = load()
    assert tagger.probabilities([]).shape == (0, 5)
    empty = tagger.probabilities([("", ""), ("A new GAN", "")])
    assert np.isfinite(empty).all()
    assert (empty[0] < tagger.thresholds).all()
    # A paper's probability does not depend on its company.
    title, abstract, _ = TRIALS[0]
    alone = tagger.probabilities([(title, abstract)])
    among = tagger.probabilities([("", ""), (title, abstract), ("x", "y")])
    assert np.allclose(alone[0], among[1], rtol=1e-5, atol=1e-9)


def test_a_paper_is_judged_alike_whatever_stands_beside_it() -> None:
    tagger = load()
    papers = [
        (f"{row['title']} {n}", row["abstract"] * (1 + n % 7))
        for n, row in enumerate(labelled(600))
    ]
    together = tagger.probabilities(papers)
    alone = np.vstack([tagger.probabilities([paper]) for paper in papers])
    assert (together == alone).all()  # to the last digit: what is stored is compared


def test_explanation_adds_up_to_the_log_odds() -> None:
    tagger = load()
    title, abstract, _ = TRIALS[4]
    reasons = tagger.explain(title, abstract, "rl")
    column = tagger.topics.index("rl")
    slope, offset = tagger.artifact.calibration[column]
    constant = slope * tagger.artifact.intercepts[column] + offset
    p = tagger.probabilities([(title, abstract)])[0, column]
    assert sum(weight for _, weight in reasons) + constant == pytest.approx(
        np.log(p / (1 - p)), abs=1e-3
    )
    assert "reinforcement learning" in [name for name, _ in reasons[:8]]
    with pytest.raises(ValueError, match="tuple"):
        tagger.explain(title, abstract, "cooking")


def test_round_trip(trained: TrainingResult, tmp_path: Path) -> None:
    path = tmp_path / "new" / "tagger.npz"
    save(trained, path)
    tagger = load(path)
    assert tagger.artifact.figures == trained.figures
    assert tagger.artifact.vocabulary == trained.artifact.vocabulary
    assert np.array_equal(tagger.artifact.weights, trained.artifact.weights)
    assert tagger.artifact.trained == "2026-11-23"
    assert [p.name for p in path.parent.iterdir()] == ["tagger.npz"]
    assert to_bytes(tagger.artifact) == path.read_bytes()
    assert load(path).version == tagger.version != load().version


def test_saving_where_nothing_can_be_written(trained: TrainingResult, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="expected a place to write to"):
        save(trained, tmp_path / "file" / "tagger.npz")


def test_broken_files(trained: TrainingResult, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.npz: No such file"):
        load(tmp_path / "none.npz")
    good = to_bytes(trained.artifact)
    for data in (
        b"",
        b"not a zip",
        good[: len(good) // 2],
        good.replace(b"tagger.json", b"nothing.txt"),
    ):
        with pytest.raises(UsageError, match="m: not a model file"):
            from_bytes(data, "m")
    flipped = bytearray(good)
    flipped[len(good) // 3] ^= 0xFF
    with pytest.raises(UsageError, match="m: "):
        from_bytes(bytes(flipped), "m")


@pytest.mark.parametrize(
    "change",
    [
        {"topics": ("rl",)},
        {"idf": np.ones(3)},
        {"thresholds": np.array([0.5, np.nan])},
    ],
)
def test_parts_that_do_not_fit(trained: TrainingResult, change: dict) -> None:
    broken = to_bytes(replace(trained.artifact, **change))
    with pytest.raises(UsageError, match=r"m: .* expected finite numbers of shape"):
        from_bytes(broken, "m")


def test_calibration_does_not_overflow() -> None:
    p = calibrated(np.array([[-1e6], [0.0], [1e6]]), np.array([[1.0, 0.0]]))
    assert p.ravel().tolist() == [0.0, 0.5, 1.0]
