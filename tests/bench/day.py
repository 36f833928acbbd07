"""How long a busy day takes in a large store: 1,500 new papers and 3,000 revised ones are read, matched,
merged, stored and tagged (SQLite).

`DAYPAPER_BENCH_STORE` names the folder of a store that `scale` made; a copy of it is worked on.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.collect.ingest import store_drafts
from aggregator.settings import Settings
from aggregator.sources.arxiv import records
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from tests.bench.ingest import oai_page, oai_record
from tests.bench.papers import papers
from tests.written import PROJECT

NEW, REVISED, PAGE = 1_500, 3_000, 1_000
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    kept = os.environ.get("DAYPAPER_BENCH_STORE", "")
    if not Path(kept, "made").exists():
        return [("a day in a large store", "DAYPAPER_BENCH_STORE names no store of `scale`", "-")]
    with tempfile.TemporaryDirectory(dir=Path(kept).parent) as folder:
        shutil.copy(Path(kept, "daypaper.sqlite3"), folder)
        return list(_rows(Path(folder)))


def _rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    config = topics.load(PROJECT / "topics.toml")
    with closing(Store(f"sqlite:///{folder / 'daypaper.sqlite3'}", folder)) as store:
        store.migrate()
        with store.read() as connection:
            count = connection.scalar(sa.select(sa.func.count()).select_from(paper)) or 0
        pages = list(_pages(store))
        stored = _timed(lambda: _take_in(store, pages))
        tagged = _timed(lambda: pipeline.tag(store, Settings(data_dir=folder), config))
    wall, work = stored[0] + tagged[0], stored[1] + tagged[1]
    yield (
        f"{NEW:,} new and {REVISED:,} revised papers in a store of {count:,}",
        f"{wall:.1f} s ({work:.1f} CPU): stored {stored[0]:.1f} s, tagged {tagged[0]:.1f} s",
        "30 s",
    )


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the clock, and of processor time of this process."""
    started, worked = perf_counter(), process_time()
    act()
    return perf_counter() - started, process_time() - worked


def _pages(store: Store) -> Iterator[bytes]:
    """The day as OAI-PMH tells it. Revised are papers from everywhere in the store, with a new
    sentence."""
    found, _ = papers(NEW)
    made = [oai_record(f"2606.{90_000 + n}", *one) for n, one in enumerate(found)]
    with store.read() as connection:
        known = (entry.c.native_id, entry.c.title, entry.c.abstract, entry.c.authors)
        asked = sa.select(*known).where(entry.c.kind == "arxiv", entry.c.native_id.not_like("%c%"))
        rows = connection.execute(asked.limit(REVISED)).all()
    made += [
        oai_record(name, title, f"{abstract} We add an experiment.", authors, version=2)
        for name, title, abstract, authors in rows
    ]
    for n in range(0, len(made), PAGE):
        yield oai_page(made[n : n + PAGE])


def _take_in(store: Store, pages: list[bytes]) -> None:
    for page in pages:
        parsed = records.to_drafts(page, "bench", {}, NOW, regular=False)
        with store.write() as connection:
            store_drafts(connection, [parsed], "arxiv", NOW, backfill=False)
