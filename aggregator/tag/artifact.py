"""The model as one file: a zip (also a readable .npz) of plain arrays and one JSON document.

One file, so that replacing it is one atomic rename; no pickle, so that reading it runs no code.
"""

import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping, Sequence
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
    return pack("tagger", about, {name: getattr(artifact, name) for name in _ARRAYS})


def pack(name: str, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """A document, `NAME.json`, and arrays -> the bytes of a zip; equal ones give equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for key, values in arrays.items():
            array = io.BytesIO()
            np.save(array, np.asarray(values, dtype="<f4"), allow_pickle=False)
            _add(file, f"{key}.npy", array.getvalue())
        _add(file, f"{name}.json", json.dumps(about, ensure_ascii=False, indent=0).encode())
    return out.getvalue()


def _add(file: zipfile.ZipFile, name: str, data: bytes) -> None:
    file.writestr(zipfile.ZipInfo(name, _EPOCH), data, zipfile.ZIP_DEFLATED, compresslevel=9)


def from_bytes(data: bytes, where: str) -> Artifact:
    """The bytes of a model file -> artifact; `where` names the file in errors.

    Raises UsageError if it is not a model file, of another format, or its parts do not fit together.
    """
    about, arrays = unpack("tagger", data, where, _ARRAYS)
    try:
        topics, vocabulary = tuple(about["topics"]), tuple(about["vocabulary"])
        artifact = Artifact(
            topics, vocabulary, **arrays, trained=about["trained"], figures=about["figures"]
        )
    except (KeyError, TypeError) as error:
        raise _none(where, error) from error
    _check(artifact, where)
    return artifact


def unpack(
    name: str, data: bytes, where: str, keys: Sequence[str]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `pack` made -> the document and the arrays of these names. Raises UsageError if it is
    something else, or of another format."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            about = json.loads(file.read(f"{name}.json"))
            if about["format"] != FORMAT:
                raise UsageError(
                    f"{where}: a model file of format {about['format']}; expected format {FORMAT}; "
                    "train again."
                )
            return about, {
                key: np.lib.format.read_array(
                    io.BytesIO(file.read(f"{key}.npy")), allow_pickle=False
                )
                for key in keys
            }
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError, EOFError) as error:
        raise _none(where, error) from error


def _none(where: str, error: Exception) -> UsageError:
    return UsageError(
        f"{where}: not a model file ({error}); expected one written by `daypaper train`."
    )


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
    data = content(path)
    return from_bytes(data, str(path)), version_of(data)


def version_of(data: bytes) -> str:
    """The version of a model by the bytes of its file."""
    return sha256(data).hexdigest()[:12]


def content(path: Path) -> bytes:
    """A file's content. Raises UsageError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a model file.") from error


def write(artifact: Artifact, path: Path) -> None:
    """Write the model file as `put` does."""
    put(to_bytes(artifact), path)


def put(data: bytes, path: Path) -> None:
    """Write a file in one step: a reader sees the old one or the new one, never a half.

    Raises UsageError if the place cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".tagger-", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.chmod(file.name, 0o644)
                os.replace(file.name, path)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a place to write to.") from error
