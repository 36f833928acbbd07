"""`python -m tests.mutants --sample N --seed S [--only WORD]`: so many faults in merging and in the
ledger, drawn at random, one after the other; says of each whether the tests noticed it, and the score."""

import argparse
import random
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from time import perf_counter

from tests.mutants.faults import faults
from tests.mutants.trial import MERGING, Suite

ROOT = Path(__file__).resolve().parents[2]
LEDGER = (
    "sending/send",
    "sending/claim",
    "sending/compose",
    "sending/due",
    "sending/handover",
    "store/letters",
    "store/outbox",
    "store/subscriptions",
    "store/told",
)


def main() -> int:
    """Try the faults; returns the exit code, which does not tell how many survived."""
    asked = argparse.ArgumentParser(prog="python -m tests.mutants")
    asked.add_argument("--sample", type=int, default=150)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument(
        "--only", default="", help='part of what is said of a fault: "claim.py:151 "'
    )
    chosen = asked.parse_args()
    merging = sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / MERGING).glob("*.py"))
    paths = (*merging, *(f"aggregator/{name}.py" for name in LEDGER))
    known = [one for path in paths for one in faults(ROOT, path) if chosen.only in str(one)]
    drawn = random.Random(chosen.seed).sample(known, min(chosen.sample, len(known)))
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for part in ("aggregator", "api", "tests"):
            shutil.copytree(ROOT / part, Path(folder, part))
        shutil.copy(ROOT / "pyproject.toml", folder)
        suite = Suite(Path(folder))
        _say(f"{len(known)} faults; {len(suite.took)} tests, {sum(suite.took.values()):.0f} s")
        for one in drawn:
            started = perf_counter()
            became = suite.trial(one)
            counts[became] += 1
            _say(f"{became:9} {perf_counter() - started:5.1f} s  {one}")
    _say(f"{len(drawn)} tried: {dict(counts)}")
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
