"""An embedder that needs nothing installed: it knows a few words that say the same."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SAME = (("reward", "policy", "bandit"), ("dataset", "corpus", "annotation"), ("proof", "bound"))


@dataclass
class StandIn:
    """One number for each group of words, one for all other papers."""

    name: str = "stand-in 1"
    size: int = len(SAME) + 1
    read: int = 0

    def embed(self, papers: Sequence[tuple[str, str]]) -> np.ndarray:
        """As `Embedder.embed`; counts what it reads."""
        self.read += len(papers)
        texts = [f"{title} {abstract}".casefold() for title, abstract in papers]
        counts = [[sum(text.count(word) for word in group) for group in SAME] for text in texts]
        rows = np.array([[*count, 0.1] for count in counts], dtype=np.float32)
        rows = rows.reshape(len(papers), self.size)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)
