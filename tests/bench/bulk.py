"""How fast a snapshot of arXiv's metadata is taken in, search index included; and what it does to memory."""

import json
import resource
import tempfile
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import process_time

from aggregator import bulk
from tests.bench.papers import papers
from tests.conftest import sqlite_store

COUNT = 30_000
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
FIRST = datetime(2015, 1, 1, 12, tzinfo=UTC)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "snapshot.json")
        kind = write_snapshot(path, COUNT)
        with closing(sqlite_store(Path(folder))) as store:
            started = process_time()
            bulk.load(store, path, "arxiv-snapshot", NOW, lambda _: None)
            spent = process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [
        (
            f"import of {COUNT:,} {kind} in the form of arXiv's snapshot, SQLite",
            f"{COUNT / spent:,.0f} papers per CPU-second; {peak:,.0f} MB at most",
            "5,000 papers/s; 1 GB",
        )
    ]


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
