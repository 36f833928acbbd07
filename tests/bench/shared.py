"""How much sooner two processes tag a store that they share than one does, each on a processor of its own.

Needs PostgreSQL (`DAYPAPER_TEST_DATABASE_URL`), Linux, and two processors with nothing else to do.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa

from aggregator.files import bulk
from aggregator.store.db import Store
from aggregator.store.sql import paper
from tests.bench.bulk import NOW, write_snapshot
from tests.bench.databases import postgres
from tests.written import PROJECT

COUNT = 30_000
ROUNDS = 3


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    what = "papers that wait, tagged by one process on one processor, by two on two"
    if not os.environ.get("DAYPAPER_TEST_DATABASE_URL"):
        return [(what, "DAYPAPER_TEST_DATABASE_URL names no server", "-")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kind = write_snapshot(folder / "snapshot.json", COUNT)
        with postgres(folder) as store:
            assert store, "DAYPAPER_TEST_DATABASE_URL: no server answers"
            bulk.load(store, folder / "snapshot.json", "arxiv-snapshot", NOW, lambda _: None)
            rates: dict[int, list[float]] = {1: [], 2: []}
            for _ in range(ROUNDS):
                for count, found in rates.items():
                    found.append(COUNT / _spent(store, folder, count))
            one, two = max(rates[1]), max(rates[2])
    said = f"{one:,.0f} and {two:,.0f} papers/s by the clock: {two / one:.2f} x"
    return [(f"{COUNT:,} {kind} that wait, tagged by one process, by two", said, "-")]


def _spent(store: Store, folder: Path, count: int) -> float:
    """Seconds in which so many processes tag everything, less those in which they find nothing to do."""
    _tag(store, folder, count)
    nothing = _tag(store, folder, count)
    with store.write() as connection:
        connection.execute(sa.update(paper).values(tagged_by=None))
    return _tag(store, folder, count) - nothing


def _tag(store: Store, folder: Path, count: int) -> float:
    settings = {
        "DAYPAPER_DATABASE_URL": store.engine.url.render_as_string(hide_password=False),
        "DAYPAPER_DATA_DIR": str(folder),
        "DAYPAPER_TOPICS": str(PROJECT / "topics.toml"),
    }
    command = [sys.executable, "-m", "aggregator", "tag"]
    started = perf_counter()
    running = [
        subprocess.Popen(
            ["taskset", "-c", str(n), *command],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
        )
        for n in range(count)
    ]
    codes = [one.wait() for one in running]
    if any(codes):
        raise RuntimeError(f"tagging ends with {codes}")
    return perf_counter() - started
