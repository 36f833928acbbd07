"""What people decided about entries: that they are of one paper, or that they are not.

A ruling is about two entries by their names, kind and native id without version: the versions of a
preprint are one work whatever anybody says.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aggregator.models import Draft, Entry

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rulings:
    """Pairs of entry names (`pair` orders them) that belong together, and that do not."""

    together: frozenset[Pair] = field(default_factory=frozenset)
    apart: frozenset[Pair] = field(default_factory=frozenset)


NONE = Rulings()


def name(draft: Draft) -> str:
    """What a ruling calls an entry: "arxiv:1711.03678"."""
    return f"{draft.kind}:{draft.native_id}"


def pair(a: str, b: str) -> Pair:
    """Two names in the order in which a ruling has them."""
    return (a, b) if a < b else (b, a)


def between(some: Iterable[Entry], others: Iterable[Entry]) -> set[Pair]:
    """Every pair of one of `some` and one of `others`."""
    theirs = {name(entry.draft) for entry in others}
    return {pair(name(e.draft), other) for e in some for other in theirs if name(e.draft) != other}
