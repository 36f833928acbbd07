"""How fast the papers of a whole store are tagged (read, looked at, written), beside bare scikit-learn on
one thread with the same texts in memory; and what it does to memory.

`DAYPAPER_BENCH_STORED=10000` takes fewer papers than 40,000.
"""

import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

from aggregator import pipeline, topics
from aggregator.files import bulk
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.tag.model import load
from tests.bench.bulk import NOW, write_snapshot
from tests.bench.databases import postgres, sqlite
from tests.bench.papers import papers
from tests.bench.tagging import scikit_learn

TOPICS = Path(__file__).parents[2] / "topics.toml"
ROUNDS = 3
SAMPLE = 5_000  # papers that scikit-learn looks at in each round: its speed does not depend on it

Measured = tuple[float, float]
"""Seconds by the clock, and of processor time: helpers included, PostgreSQL not."""


def bench() -> list[tuple[str, str, str]]:
    """(what, measured, target). First the papers wait for all their tags, then all are tagged anew by the
    same model (`tag --all`), by turns with scikit-learn."""
    count = int(os.environ.get("DAYPAPER_BENCH_STORED", "40000"))
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as folder:
        kind = write_snapshot(Path(folder, "snapshot.json"), count)
        for name, stores in (("SQLite", sqlite), ("PostgreSQL", postgres)):
            with stores(Path(folder)) as store:
                if store is not None:
                    rows += _one(store, Path(folder), f"{count:,} {kind}, {name}", count)
    return rows


def _one(store: Store, folder: Path, what: str, count: int) -> Iterator[tuple[str, str, str]]:
    bulk.load(store, folder / "snapshot.json", "arxiv-snapshot", NOW, lambda _: None)
    settings, config = Settings(data_dir=folder), topics.load(TOPICS)
    texts = [(title, abstract) for title, abstract, _ in papers(min(count, 30_000))[0]][:SAMPLE]
    peers = {one: scikit_learn(load(), texts, equal=one == "equal") for one in ("equal", "plain")}
    ours: dict[str, list[Measured]] = {}
    theirs: dict[str, list[Measured]] = {}
    for n in range(ROUNDS):
        for name, peer in peers.items():
            theirs.setdefault(name, []).append(_measured(peer))
        for name, everything in (("first", False), ("anew", True)):
            if n == 0 or everything:
                run = lambda e=everything: pipeline.tag(store, settings, config, everything=e)  # noqa: E731
                ours.setdefault(name, []).append(_measured(run))
    for name, found in ours.items():
        wall, busy = map(min, zip(*found, strict=True))
        yield (
            f"{what}: {'waiting papers' if name == 'first' else 'all anew'}",
            f"{count / wall:,.0f} papers/s by the clock, {count / busy:,.0f} per CPU-second",
            "-",
        )
        for peer, each in (("equal", "equal features"), ("plain", "words and pairs only")):
            clock, cpu = (SAMPLE / min(one) for one in zip(*theirs[peer], strict=True))
            yield (
                f"… as scikit-learn, {each}",
                f"{count / wall / clock:.2f} x by the clock, {count / busy / cpu:.2f} x per CPU-second "
                f"({clock:,.0f} and {cpu:,.0f} papers/s)",
                ">= 0.9 by the clock" if peer == "equal" else "-",
            )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield "… most memory of this process, scikit-learn's included", f"{peak:,.0f} MB", "1 GB"


def _measured(run: Callable[[], Any]) -> Measured:
    wall, own, others = perf_counter(), process_time(), _helpers()
    run()
    return perf_counter() - wall, process_time() - own + _helpers() - others


def _helpers() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
