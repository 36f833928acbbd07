"""Writes what the matrix found: lines for a terminal, and the page docs/reliability.md."""

from collections.abc import Iterator, Sequence

from tests.reliability.judge import Verdict
from tests.reliability.matrix import Row
from tests.reliability.modes import MODES
from tests.reliability.places import PLACES

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
        for name in NAMES:
            found = getattr(cell, name)
            yield from (f"         {name}: {line}" for line in found[:MOST])
            if len(found) > MOST:
                yield f"         {name}: {len(found)} in all"


NAMES = ("missing", "garbled", "twice", "untrue", "impolite")
_HEAD = """# Reliability

Each fault on each kind of source, over a simulated week. Written by `python -m tests.reliability --out
docs/reliability.md`, which needs the stand-in services beside the checkout.

From the second to the third day every request to the upstream meets the fault, on the fourth day every
fifth one (a dozen at most); from the fifth day on the upstream is well. Daypaper collects every 12 hours,
what is due. Proceedings come out on the third day. Then the week is held against the same week without a
fault, and that one against what the upstream itself shows.

A cell is `100 %` if in the end everything is there that the upstream still serves, nothing is there twice,
every text and date is as it was served, every status was true, the pace was kept and a wish to be left
alone was heard. A status is true if it names the trouble, or if nothing is missing or wrong although it
names none. `100 % −n`: `n` items of a feed scrolled out of sight during the fault, and a run said so, with
dates, or said that they came damaged. After a 403 arXiv is not asked again until a person does; here one
does on the fifth day. An empty cell: the fault has no effect there.
"""


def page(rows: Sequence[Row]) -> str:
    """The page in Markdown."""
    cells = {(c.place, c.mode): c for row in rows for c in row.cells}
    modes = [m.name for m in MODES if any((row.place, m.name) in cells for row in rows)]
    unmeasured = [p.kind for p in PLACES if p.kind not in {row.place for row in rows}]
    left_out = [m.name for m in MODES if m.name not in modes]
    parts = [_HEAD]
    if unmeasured or left_out:
        said = ", ".join(unmeasured) or "none", "; ".join(left_out) or "none"
        parts += [f"Not measured in this run: sources {said[0]}; faults {said[1]}.", ""]
    parts.append("| fault | " + " | ".join(row.place for row in rows) + " |")
    parts.append("|---" * (len(rows) + 1) + "|")
    for mode in modes:
        marks = (_mark(cells.get((row.place, mode))) for row in rows)
        parts.append(f"| {mode} | " + " | ".join(marks) + " |")
    parts += ["", *_figures(list(cells.values())), ""]
    for cell in cells.values():
        for name in NAMES:
            found = getattr(cell, name)
            parts += [f"- {cell.place}, {cell.mode}, {name}: {line}" for line in found[:1]]
    parts += [
        "",
        "## The weeks without a fault",
        "",
        "| source | stored of what the upstream shows |",
    ]
    parts.append("|---|---|")
    parts += [f"| {row.place} | {row.stored} of {row.shown} |" for row in rows]
    return "\n".join(parts).rstrip() + "\n"


def _mark(cell: Verdict | None) -> str:
    if cell is None:
        return ""
    share = 100 * cell.had / cell.wanted if cell.wanted else 0
    wrong = [name for name in NAMES[1:] if getattr(cell, name)]
    whole = "100" if cell.had == cell.wanted else f"{min(share, 99.9):.1f}"
    lost = f" −{cell.lost}" if cell.lost else ""
    return f"{whole} %{lost}" + "".join(f", {name}" for name in wrong)


def _figures(cells: Sequence[Verdict]) -> Iterator[str]:
    rows = {
        "cells in which nothing is wrong": sum(c.good for c in cells),
        "entries that had to be there": sum(c.wanted for c in cells),
        "of these there": sum(c.had for c in cells),
        "papers that are there twice": sum(len(c.twice) for c in cells),
        "texts or dates that are not as served": sum(len(c.garbled) for c in cells),
        "statuses that were not true": sum(len(c.untrue) for c in cells),
        "breaches of the pace, or of a wish to be left alone": sum(len(c.impolite) for c in cells),
        "requests": sum(c.requests for c in cells),
    }
    yield f"| over {len(cells)} cells | |"
    yield "|---|---|"
    yield from (f"| {what} | {number} |" for what, number in rows.items())
