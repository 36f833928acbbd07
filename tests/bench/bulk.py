"""How fast a snapshot of arXiv's metadata is taken in, search index included; and what it does to memory."""

import json
import os
import resource
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

from aggregator.files import bulk
from aggregator.store.db import Store
from tests.bench import bare
from tests.bench.databases import postgres, sqlite
from tests.bench.papers import papers

COUNT = 30_000
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
FIRST = datetime(2015, 1, 1, 12, tzinfo=UTC)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "snapshot.json"
        what = f"import of {COUNT:,} {write_snapshot(path, COUNT)} in the form of arXiv's snapshot"
        with sqlite(folder) as store:
            found = _turns(store, path, lambda: bare.on_sqlite(path, folder))
        rows = [(f"{what}, SQLite", found, "0.66 (5,000 of 7,600 papers/s when it was set); 1 GB")]
        server = os.environ.get("DAYPAPER_TEST_DATABASE_URL")
        if server:
            with postgres(folder) as store:
                assert store, "DAYPAPER_TEST_DATABASE_URL: no server answers"
                url = store.engine.url.set(drivername="postgresql")
                plain = url.render_as_string(hide_password=False)
                found = _turns(store, path, lambda: bare.on_postgres(path, plain))
            rows.append((f"{what}, PostgreSQL", found, "0.67 (3,000 of 4,500 papers/s)"))
        return rows


def _turns(store: Store, path: Path, least: Callable[[], float]) -> str:
    """Ours, and right after it the least that plain libraries do, since machines differ and so do hours."""
    wall, said = _measured(store, path)
    plain = least()
    return f"{said}; {plain / wall:.2f} of bare libraries' {COUNT / plain:,.0f} papers/s"


def _measured(store: Store, path: Path) -> tuple[float, str]:
    started, others, wall = process_time(), _helpers(), perf_counter()
    bulk.load(store, path, "arxiv-snapshot", NOW, lambda _: None)
    wall = perf_counter() - wall
    own, helper = process_time() - started, _helpers() - others
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return wall, (
        f"{COUNT / wall:,.0f} papers/s of wall time; {COUNT / own:,.0f} per CPU-second of the process "
        f"that stores, {COUNT / (own + helper):,.0f} with the one that reads ahead; {peak:,.0f} MB"
    )


def _helpers() -> float:
    """CPU seconds of processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def write_snapshot(path: Path, count: int) -> str:
    """A file of so many papers over eleven years: real ones first, then the same with other ids,
    titles and dates. Says in words what they are."""
    found, kind = papers(min(count, 30_000))
    step = timedelta(days=365 * 11) / count
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            title, abstract, authors = found[n % len(found)]
            again = n // len(found)
            moment = FIRST + n * step
            row = {
                "id": f"{moment:%y%m}.{n % 100_000:05d}",
                "title": f"{title} ({again})" if again else title,
                "abstract": abstract,
                "authors": ", ".join(authors),
                "authors_parsed": [_parted(name) for name in authors],
                "categories": "cs.LG stat.ML",
                "comments": None,
                "doi": None,
                "journal-ref": None,
                "versions": [{"version": "v1", "created": f"{moment:%a, %d %b %Y %H:%M:%S GMT}"}],
            }
            file.write(json.dumps(row) + "\n")
    return kind


def _parted(name: str) -> list[str]:
    first, _, last = name.rpartition(" ")
    return [last, first, ""]
