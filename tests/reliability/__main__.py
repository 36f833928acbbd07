"""`python -m tests.reliability`: the matrix of faults and sources; writes docs/reliability.md from it."""

import argparse
import sys
from pathlib import Path

from rich.console import Console

from tests.reliability import matrix, report
from tests.reliability.modes import MODES
from tests.reliability.places import PLACES
from tests.sources.sample_walk import SHARED


def main() -> int:
    """All cells, or those named; 1 if one of them is not good."""
    kinds, modes = [p.kind for p in PLACES], [m.name for m in MODES]
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--source", action="append", choices=kinds)
    parser.add_argument("--mode", action="append", choices=modes)
    parser.add_argument("--out", type=Path, help="write the page there")
    told = parser.parse_args()
    console = Console(width=160, highlight=False, markup=False)
    if not (SHARED / "upstream").is_dir():
        console.print(
            "The stand-in services do not lie beside this checkout; nothing can be measured."
        )
        return 2
    rows = matrix.run(
        told.source or kinds,
        told.mode or modes,
        lambda row: [console.print(line) for line in report.lines(row)],  # type: ignore[arg-type]
    )
    if told.out:
        told.out.write_text(report.page(rows), encoding="utf-8")
    return 0 if all(not row.calm and all(c.good for c in row.cells) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
