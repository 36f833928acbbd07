"""Writes what the matrix found: lines for a terminal, and the page docs/reliability.md."""

from collections.abc import Iterator, Sequence

from tests.reliability.judge import Verdict
from tests.reliability.matrix import Row
from tests.reliability.modes import MODES

MOST = 4


def lines(row: Row) -> Iterator[str]:
    """A row for the terminal, with what is wrong."""
    yield f"{row.place}: calm week {row.stored} of {row.shown}, {row.seconds} s"
    yield from (f"    calm: {line}" for line in row.calm[:MOST])
    for cell in row.cells:
        statuses = ", ".join(f"{name} {n}" for name, n in sorted(cell.statuses.items()))
        mark = "good" if cell.good else "BAD "
        yield (
            f"  {mark} {cell.mode:24} {cell.had}/{cell.wanted} lost {cell.lost} "
            f"requests {cell.requests} ({statuses})"
        )
        for name in ("missing", "garbled", "twice", "untrue", "impolite"):
            found = getattr(cell, name)
            yield from (f"         {name}: {line}" for line in found[:MOST])
            if len(found) > MOST:
                yield f"         {name}: {len(found)} in all"


def page(rows: Sequence[Row]) -> str:
    raise NotImplementedError
