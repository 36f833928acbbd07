"""Writes what the matrix found: lines for a terminal, and the page docs/reliability.md."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.reliability.judge import Verdict
from tests.reliability.kept import Row
from tests.reliability.modes import MODES, Mode
from tests.reliability.places import PLACES, Place

MOST = 4
NAMES = ("missing", "garbled", "twice", "untrue", "impolite")


def calm_line(row: Row) -> str:
    """The week without a fault, for the terminal."""
    wrong = "".join(f"\n    calm: {line}" for line in row.calm[:MOST])
    return f"{row.place}: {row.stored} of {row.shown} stored without a fault{wrong}"


def cell_line(cell: Verdict, done: str) -> str:
    """A cell for the terminal, with what is wrong; `done` is how far the row is."""
    statuses = ", ".join(f"{name} {n}" for name, n in sorted(cell.statuses.items()))
    mark = "good" if cell.good else "BAD "
    said = (
        f"{mark} {cell.place:14} {cell.mode:24} {cell.had}/{cell.wanted} lost {cell.lost} "
        f"requests {cell.requests} ({statuses}) [{done}]"
    )
    for name in NAMES:
        found = getattr(cell, name)
        said += "".join(f"\n         {name}: {line}" for line in found[:MOST])
        if len(found) > MOST:
            said += f"\n         {name}: {len(found)} in all"
    return said


def row_line(row: Row) -> str:
    """That a row is done."""
    good = sum(cell.good for cell in row.cells)
    return f"{row.place}: {good} of {len(row.cells)} cells good"


_HEAD = """# Reliability

Each fault on each source, over a simulated week. Written by `python -m tests.reliability --out
docs/reliability.md`, which needs the stand-in services beside the checkout. It keeps each cell as soon as
it is measured: stopped, it goes on where it was, `--source` and `--mode` measure a part of it, `--again`
measures what is kept anew. The name of a program is a digest of its files.

From the second to the third day every request to the upstream meets the fault, on the fourth day every
fifth one (a dozen at most); from the fifth day on the upstream is well. Daypaper collects every 12 hours,
what is due. Proceedings come out on the third day. Then the week is held against the same week without a
fault, and that one against what the upstream itself shows.

A cell is `100 %` if in the end everything is there that the upstream still serves, nothing is there twice,
every text and date is as it was served, every status was true, the pace was kept and a wish to be left
alone was heard. A status is true if it names the trouble, or if nothing is missing or wrong although it
names none. `100 % −n`: `n` items of a feed scrolled out of sight during the fault, and a run said so, with
dates, or said that they came damaged. After a 403 arXiv is not asked again until a person does; here one
does on the fifth day. An empty cell: the fault has no effect there. `not run`: not measured.

arXiv stands here five times: with all its routes in trouble, and with one of them alone. Its search is
asked only where OAI-PMH fails, so there OAI-PMH answers 500 during the fault; and for papers that posts
name ("look-ups"), where a feed names one every six hours. Crossref, which the stand-in does not have, is
played by files that answer with all works whatever is asked.
"""


def page(rows: Sequence[Row]) -> str:
    """The page in Markdown."""
    known = {row.place: row for row in rows}
    cells = [cell for row in rows for cell in row.cells]
    parts = [_HEAD]
    if rows:
        first, last = min(row.on for row in rows), max(row.on for row in rows)
        when = f"on {first}" if first == last else f"from {first} to {last}"
        programs = Counter(cell.code for cell in cells).most_common()
        parts += [
            f"Measured {when}: {' + '.join(f'{n} cells with program {c}' for c, n in programs)}.",
            "",
        ]
    parts.append("| fault | " + " | ".join(place.name for place in PLACES) + " |")
    parts.append("|---" * (len(PLACES) + 1) + "|")
    for mode in MODES:
        marks = (_mark(place, mode, known.get(place.name)) for place in PLACES)
        parts.append(f"| {mode.name} | " + " | ".join(marks) + " |")
    parts += ["", *_figures(cells)]
    wrong = [(cell, name, getattr(cell, name)) for cell in cells for name in NAMES]
    said = [f"- {c.place}, {c.mode}, {name}: {found[0]}" for c, name, found in wrong if found]
    parts += [*([""] if said else []), *said]
    parts += [
        "",
        "## The weeks without a fault",
        "",
        "| source | stored of what the upstream shows |",
    ]
    parts.append("|---|---|")
    for place in PLACES:
        row = known.get(place.name)
        parts.append(
            f"| {place.name} | " + (f"{row.stored} of {row.shown}" if row else "not run") + " |"
        )
    return "\n".join(parts).rstrip() + "\n"


def _mark(place: Place, mode: Mode, row: Row | None) -> str:
    if not mode.fits(place):
        return ""
    cell = row.cell(mode.name) if row else None
    if cell is None:
        return "not run"
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
