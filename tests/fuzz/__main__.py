"""`python -m tests.fuzz --inputs N [--only WORD]`: so many damaged samples for every parser, anew each
time; says how many and how long, and ends with 1 if one was not read as it should be."""

import argparse
import logging
import sys
import tempfile
import traceback
from contextlib import closing
from pathlib import Path
from time import perf_counter

from hypothesis import HealthCheck, given, settings
from hypothesis.database import InMemoryExampleDatabase

from tests.conftest import sqlite_store
from tests.filled import fill
from tests.fuzz.damage import damaged
from tests.fuzz.targets import Target, everything


def feed(target: Target, inputs: int, *, random: bool) -> None:
    """Give a parser so many damaged samples. Raises what it raised that it must not, with the smallest
    input found that makes it do so."""

    @settings(
        max_examples=inputs,
        deadline=None,
        derandomize=not random,
        database=InMemoryExampleDatabase() if random else None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(damaged(target.samples))
    def fed(body: bytes) -> None:
        started = perf_counter()
        target.read(body)
        assert perf_counter() - started < 20, "it takes too long"

    fed()


def main() -> int:
    """Feed every parser; returns the exit code."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz")
    asked.add_argument("--inputs", type=int, default=1_000)
    asked.add_argument("--only", default="")
    chosen = asked.parse_args()
    logging.disable()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(sqlite_store(folder)) as store:
            fill(store, 50, length=20)
            targets = [t for t in everything(store, folder) if chosen.only in t.name]
            for target in targets:
                started = perf_counter()
                try:
                    feed(target, chosen.inputs, random=True)
                    said = "well"
                except Exception:
                    failed += 1
                    said = traceback.format_exc()
                took = perf_counter() - started
                sys.stdout.write(f"{target.name:24} {chosen.inputs:8} {took:8.1f} s  {said}\n")
                sys.stdout.flush()
    sys.stdout.write(f"{len(targets)} parsers, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
