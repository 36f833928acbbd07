"""`python -m tests.reliability`: the matrix of faults and sources; writes docs/reliability.md from it.

Each cell is kept as soon as it is measured, so that a run can be stopped, gone on with, and split:
`--source` and `--mode` measure a part, and the page is written from everything that is kept.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.reliability import kept, matrix, report
from tests.reliability.modes import MODES
from tests.reliability.places import PLACES
from tests.sources.sample_walk import SHARED

KEPT = kept.ROOT / "build" / "reliability"


def main() -> int:
    """All cells, or those named; 1 if one of them is not good."""
    names, modes = [p.name for p in PLACES], [m.name for m in MODES]
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--source", action="append", choices=names)
    parser.add_argument("--mode", action="append", choices=modes)
    parser.add_argument("--out", type=Path, help="write the page there, of everything kept")
    parser.add_argument("--kept", type=Path, default=KEPT, help="where cells are kept")
    parser.add_argument("--again", action="store_true", help="measure also what is kept")
    parser.add_argument("--processes", type=int, default=3, help="sources measured at once")
    parser.add_argument("--show", action="store_true", help="measure nothing: only the page")
    told = parser.parse_args()
    console = Console(width=160, highlight=False, markup=False)
    if told.show:
        rows = [row for name in names if (row := kept.load(told.kept, name))]
    elif not (SHARED / "upstream").is_dir():
        console.print(
            "The stand-in services do not lie beside this checkout; nothing can be measured."
        )
        return 2
    else:
        rows = matrix.run(
            told.source or names,
            told.mode or modes,
            told.kept,
            again=told.again,
            processes=told.processes,
            say=lambda row: console.print(report.row_line(row)),
        )
    if told.out:
        known = [row for name in names if (row := kept.load(told.kept, name))]
        told.out.write_text(report.page(known), encoding="utf-8")
    return 0 if all(not row.calm and all(c.good for c in row.cells) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
