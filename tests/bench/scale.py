"""How pages, searches and lists answer when the store holds a million papers.

`DAYPAPER_BENCH_PAPERS` says how many papers, `DAYPAPER_BENCH_STORE` names a folder to keep the store in:
SQLite, or an empty PostgreSQL database that `DAYPAPER_BENCH_DATABASE_URL` names and the folder stands for.
"""

import gc
import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles

import sqlalchemy as sa
from starlette.testclient import TestClient

from aggregator import topics
from aggregator.learn import tastes
from aggregator.settings import Settings
from aggregator.store import model, watches
from aggregator.store.db import Store
from aggregator.store.sql import entry, paper
from aggregator.watches import Watch
from api.app import create_app
from tests.api.test_keep import token
from tests.bench import large
from tests.bench.addresses import ADDRESSES, TARGETS, WATCH, Address, filled
from tests.written import PROJECT

PAPERS = int(os.environ.get("DAYPAPER_BENCH_PAPERS", "1000000"))
ROUNDS = 100
WARM = 5
DIFFERENT = 100
"""Papers whose pages are asked for, from everywhere in the store."""
STARRED = 10
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    kept = os.environ.get("DAYPAPER_BENCH_STORE")
    if kept:
        return list(_rows(Path(kept)))
    with tempfile.TemporaryDirectory() as folder:
        return list(_rows(Path(folder)))


def _rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    for one, spent, work in measured(folder, PAPERS):
        cuts = quantiles(spent, n=100)
        said = f"p50 {cuts[49]:.1f} ms, p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms"
        # On a busy machine processor time is the truer one.
        yield (
            f"{one.path}{' (typing)' * one.typing}",
            f"{said}; CPU {median(work):.1f} ms",
            TARGETS[one.kind],
        )


def measured(
    folder: Path, count: int, wanted: tuple[Address, ...] = ADDRESSES
) -> Iterator[tuple[Address, list[float], list[float]]]:
    """(address, milliseconds of each answer, milliseconds of processor time of each) from a store of so
    many papers, which is made if the folder has none."""
    config = topics.load(PROJECT / "topics.toml")
    settings = Settings(data_dir=folder)
    url = os.environ.get("DAYPAPER_BENCH_DATABASE_URL", f"sqlite:///{folder / 'daypaper.sqlite3'}")
    with closing(Store(url, folder)) as store:
        if not (folder / "made").exists():
            large.make(store, settings, config, count)
            (folder / "made").write_text(str(count))
        store.migrate()
        papers, work = _some(store)
        _keep(store, config)
        _learn(store)
        app = create_app(store, settings, config, now=lambda: NOW)
        local = TestClient(app, "http://127.0.0.1", client=("127.0.0.1", 1))
        with local as client:
            client.get("/")  # brings the cookie of a reader
            client.get("/papers/" + papers[0])
            _star(client, papers[:STARRED])
            gc.freeze()  # as api/serve.py does
            for one in wanted:
                yield one, *_asked(client, one, papers, work)


def _some(store: Store) -> tuple[list[str], str]:
    """Ids of papers from everywhere in the store, and of a representative work."""
    chosen = random.Random(1)
    with store.read() as connection:
        last = connection.scalar(sa.select(sa.func.max(paper.c.pk))) or 0
        found = []
        while len(found) < DIFFERENT:
            key = chosen.randrange(last)
            step = large.SQLITE.step if store.is_sqlite else large.POSTGRES.step
            key = key // step * step + chosen.randrange(large.BASE)
            some = paper.c.pk >= key
            name = connection.scalar(
                sa.select(paper.c.id).where(some).order_by(paper.c.pk).limit(1)
            )
            found += [name] if name else []
        work = sa.select(entry.c.paper_id).where(entry.c.kind == "works").limit(1)
        return found, connection.scalar(work) or found[0]


def _keep(store: Store, config: topics.Config) -> None:
    """A watch by words, as a person would save it."""
    watch = Watch(name=WATCH, query="attention", exclude_query="survey", topics=("architectures",))
    with store.write() as connection:
        if all(one.name != WATCH for one in watches.everything(connection, config, watches.ALL)):
            watches.save(connection, config, watch, NOW, None)


def _learn(store: Store) -> None:
    """How the papers speak: what "for me" goes by."""
    with store.read() as connection:
        known = ("reading", "") in model.in_use(connection)
    if not known:
        tastes.read(store, NOW)


def _star(client: TestClient, papers: list[str]) -> None:
    """Star papers as a person does, on the page of a topic."""
    proof = token(client.get("/topics/gan").text)
    for name in papers:
        client.post("/keep", data={"proof": proof, "do": f"star:{name}"})


def _asked(
    client: TestClient, one: Address, papers: list[str], work: str
) -> tuple[list[float], list[float]]:
    spent, busy = [], []
    headers = (
        {"Accept": "text/html", "hx-request": "true"} if one.typing else {"Accept": "text/html"}
    )
    for n in range(ROUNDS + WARM):
        path = filled(one.path, papers[n % len(papers)], work, n)
        started, worked = time.perf_counter(), time.process_time()
        answer = client.get(path, headers=headers)
        spent.append((time.perf_counter() - started) * 1000)
        busy.append((time.process_time() - worked) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answers {answer.status_code}")
    return spent[WARM:], busy[WARM:]
