"""The model as one file: a zip (also a readable .npz) of plain arrays and one JSON document.

One file, so that replacing it is one atomic rename; no pickle, so that reading it runs no code.
"""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from aggregator.errors import UsageError

FORMAT = 1
SHIPPED = Path(__file__).parent / "artifacts" / "tagger.npz"
_ARRAYS = ("idf", "weights", "intercepts", "calibration", "thresholds")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say: equal content makes equal bytes


@dataclass(frozen=True)
class Artifact:
    """All that inference needs, and what is known of its making.

    With f features and t topics: `idf` (f,), `weights` (f, t), `intercepts` (t,), `calibration`
    (t, 2) = slope and offset of the log-odds, `thresholds` (t,) = least probability that tags.
    `trained` is the ISO date of training, "" if not told; `figures` the cross-validated figures.
    """

    topics: tuple[str, ...]
    vocabulary: tuple[str, ...]
    idf: np.ndarray
    weights: np.ndarray
    intercepts: np.ndarray
    calibration: np.ndarray
    thresholds: np.ndarray
    trained: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)


def to_bytes(artifact: Artifact) -> bytes:
    """Artifact -> the bytes of its file; equal artifacts give equal bytes."""
    about = {
        "format": FORMAT,
        "trained": artifact.trained,
        "topics": artifact.topics,
        "figures": artifact.figures,
        "vocabulary": artifact.vocabulary,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name in _ARRAYS:
            array = io.BytesIO()
            np.save(array, np.asarray(getattr(artifact, name), dtype="<f4"), allow_pickle=False)
            _add(file, f"{name}.npy", array.getvalue())
        _add(file, "tagger.json", json.dumps(about, ensure_ascii=False, indent=0).encode())
    return out.getvalue()


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    file.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED, compresslevel=9)


def from_bytes(data: bytes, where: str) -> Artifact:
    """The bytes of a model file -> artifact; `where` names the file in errors.

    Raises UsageError if it is not a model file, of another format, or its parts do not fit together.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            about = json.loads(file.read("tagger.json"))
            if about["format"] != FORMAT:
                raise UsageError(
                    f"{where}: a model file of format {about['format']}; expected format {FORMAT}; "
                    "train again."
                )
            arrays = {
                name: np.lib.format.read_array(
                    io.BytesIO(file.read(f"{name}.npy")), allow_pickle=False
                )
                for name in _ARRAYS
            }
        topics, vocabulary = tuple(about["topics"]), tuple(about["vocabulary"])
        artifact = Artifact(
            topics, vocabulary, **arrays, trained=about["trained"], figures=about["figures"]
        )
    except UsageError:
        raise
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise UsageError(
            f"{where}: not a model file ({error}); expected one written by `daypaper train`."
        ) from error
    _check(artifact, where)
    return artifact


def _check(artifact: Artifact, where: str) -> None:
    f, t = len(artifact.vocabulary), len(artifact.topics)
    shapes = {
        "idf": (f,),
        "weights": (f, t),
        "intercepts": (t,),
        "calibration": (t, 2),
        "thresholds": (t,),
    }
    for name, shape in shapes.items():
        array = getattr(artifact, name)
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise UsageError(
                f"{where}: {name} is {array.dtype} of shape {array.shape}; expected finite numbers "
                f"of shape {shape}; train again."
            )


def read(path: Path) -> tuple[Artifact, str]:
    """A model file -> artifact and its version, the first 12 hex digits of the file's SHA-256.

    Raises UsageError if the file cannot be read or is broken.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a model file.") from error
    return from_bytes(data, str(path)), sha256(data).hexdigest()[:12]


def write(artifact: Artifact, path: Path) -> None:
    """Write the model file in one step: a reader sees the old one or the new one, never a half.

    Raises UsageError if the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tagger-", delete=False) as file:
            try:
                file.write(to_bytes(artifact))
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a place to write to.") from error
