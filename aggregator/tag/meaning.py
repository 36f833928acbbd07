"""What a paper's meaning says beside its words: a sentence embedding that corrects their log-odds.

Off unless an embedder is installed and switched on; see docs/decisions/0014-embeddings.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from aggregator.errors import UsageError
from aggregator.tag import artifact as files
from aggregator.tag.artifact import FORMAT

SHIPPED = files.SHIPPED.with_name("meaning.npz")
_ARRAYS = ("slopes", "weights", "constants", "shifts")


class Embedder(Protocol):
    """A model that turns papers into vectors. Vectors of one `name` are comparable: it says the
    model and its version."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    def embed(self, papers: Sequence[tuple[str, str]]) -> np.ndarray:
        """(title, abstract) pairs -> (n_papers, size) float32, rows of length 1."""
        ...


@dataclass(frozen=True)
class Correction:
    """How embeddings of d numbers correct the words' log-odds of t topics.

    log-odds = `slopes` (t,) × those of the words + vector · `weights` (d, t) + `constants` (t,). The
    log-odds from which on a paper is tagged move by `shifts` (t,). `base` is the version of the words'
    model that it was learned for, `embedder` the name of what made the vectors.
    """

    topics: tuple[str, ...]
    base: str
    embedder: str
    slopes: np.ndarray
    weights: np.ndarray
    constants: np.ndarray
    shifts: np.ndarray
    figures: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Meaning:
    """A correction together with its embedder, ready to use."""

    correction: Correction
    embedder: Embedder
    version: str

    def corrected(self, odds: np.ndarray, papers: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n, t) log-odds of the words -> those of words and meaning."""
        return odds * self.correction.slopes + self.added(papers)

    def added(self, papers: Sequence[tuple[str, str]]) -> np.ndarray:
        """(n, t) what the meaning adds to the log-odds, its constant left in."""
        return self.embedder.embed(papers) @ self.correction.weights + self.correction.constants

    def thresholds(self, words: np.ndarray) -> np.ndarray:
        """(t,) thresholds of the words' model, in log-odds -> those with the meaning."""
        return words + self.correction.shifts


def to_bytes(correction: Correction) -> bytes:
    """A correction -> the bytes of its file."""
    about = {
        "format": FORMAT,
        "topics": correction.topics,
        "base": correction.base,
        "embedder": correction.embedder,
        "figures": correction.figures,
    }
    return files.pack("meaning", about, {name: getattr(correction, name) for name in _ARRAYS})


def load(path: Path | None, base: str, topics: Sequence[str], embedder: Embedder) -> Meaning:
    """Read the correction beside a model file, without one the shipped correction.

    Raises UsageError if it is missing or broken, or was learned for another version (`base`) of the
    words' model, for other topics, or with another embedder.
    """
    place = SHIPPED if path is None else beside(path)
    data = files.content(place)
    about, arrays = files.unpack("meaning", data, str(place), _ARRAYS)
    said = [about.get("base"), about.get("embedder"), about.get("topics")]
    for what, has, wants in zip(
        ("the words' model", "the embedder", "the topics"),
        said,
        (base, embedder.name, list(topics)),
        strict=True,
    ):
        if has != wants:
            raise UsageError(
                f"{place}: learned for {what} {has}; expected {wants}; run `daypaper train "
                "--embeddings`, or set DAYPAPER_EMBEDDINGS=false."
            )
    t = len(topics)
    shapes = {"slopes": (t,), "weights": (embedder.size, t), "constants": (t,), "shifts": (t,)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise UsageError(f"{place}: {name} must be finite numbers of shape {shape}.")
    correction = Correction(
        tuple(topics), base, embedder.name, **arrays, figures=about.get("figures", {})
    )
    return Meaning(correction, embedder, files.version_of(data))


def beside(path: Path) -> Path:
    """Where the correction of a model file lies."""
    return path.with_name("meaning.npz")
