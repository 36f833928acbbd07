"""How long a morning takes: 10,000 subscriptions over 50 watches, a day of 1,500 papers, real SMTP."""

import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, process_time, sleep

import sqlalchemy as sa

from aggregator import pipeline, topics
from aggregator.collect.ingest import store_drafts
from aggregator.deliver.mail import Email
from aggregator.models import Parsed
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store import people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.sql import delivery
from aggregator.watches import Wanted, Watch
from tests.bench.papers import papers
from tests.conftest import sqlite_store
from tests.drafts import preprint
from tests.smtp_server import free_port

PAPERS, SUBSCRIPTIONS, WATCHES = 1_500, 10_000, 50
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
CONFIG = topics.load(Path(__file__).parents[2] / "topics.toml")
TARGET = "under 300 s, memory flat"


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, closing(sqlite_store(Path(folder))) as store:
        kind = _fill(store)
        for count in (SUBSCRIPTIONS // 10, SUBSCRIPTIONS):
            _subscribe(store, count)
            before = _rss()
            with _mail_server(Path(folder) / f"mails-{count}") as port:
                seconds, cpu, statuses = _send(store, Path(folder), port)
            with store.read() as connection:
                ledger = connection.scalar(sa.select(sa.func.count()).select_from(delivery)) or 0
            rows.append(
                (
                    f"{count:,} new subscriptions over {WATCHES} watches, {PAPERS:,} {kind}, SQLite: "
                    "select, claim, render, hand over, record",
                    f"{seconds:.0f} s, {count / seconds:,.0f} mails/s; {cpu:.0f} s of our CPU; "
                    f"memory {before:,.0f} -> {_rss():,.0f} MB; ledger {ledger:,} rows; "
                    f"{dict(statuses)}",
                    TARGET if count == SUBSCRIPTIONS else "-",
                )
            )
    return rows


def _fill(store: Store) -> str:
    found, kind = papers(PAPERS)
    drafts = [
        replace(
            preprint(f"2606.{n:05d}", title=title, abstract=abstract, authors=tuple(authors)),
            published=NOW - timedelta(hours=4),
            first_public=NOW - timedelta(hours=4),
        )
        for n, (title, abstract, authors) in enumerate(found)
    ]
    with store.write() as connection:
        store_drafts(connection, [Parsed(tuple(drafts))], "arxiv", NOW, backfill=False)
    pipeline.tag(store, Settings(data_dir=store.data_dir), CONFIG)
    words = Counter(
        word for title, _, _ in found for word in title.lower().split() if len(word) > 5
    )
    common = [word for word, _ in words.most_common(400)][: WATCHES - len(CONFIG.topics)]
    with store.write() as connection:
        for n, word in enumerate(common):
            watches.save(connection, CONFIG, Watch(name=f"watch-{n}", query=word), NOW)
    return kind


def _subscribe(store: Store, count: int) -> None:
    with store.write() as connection:
        names = [one.name for one in watches.everything(connection, CONFIG)]
        for n in range(count):
            target = f"reader{count}-{n}@example.org"
            pk = people.ensure(connection, f"email:{target}", NOW, confirmed=True)
            wanted = Wanted(watch=names[n % len(names)], channel="email", target=target)
            subscriptions.add(connection, wanted, pk, NOW, origin="cli", confirmed=True)


def _send(store: Store, folder: Path, port: int) -> tuple[float, float, Counter[str]]:
    """(seconds, CPU seconds of this process, how many of each status)"""
    settings = Settings.model_validate(
        {
            "data_dir": folder,
            "smtp_url": f"smtp+plain://127.0.0.1:{port}",
            "mail_from": "Daypaper <daypaper@example.org>",
            "secret_key": "forty signs that are no secret at all....",
        }
    )
    started, cpu = monotonic(), process_time()
    channels = {"email": Email.of(settings)}
    done = Sender(store, settings, CONFIG, channels, NOW).run()
    return monotonic() - started, process_time() - cpu, Counter(one.status for one in done)


@contextmanager
def _mail_server(box: Path) -> Iterator[int]:
    """A mail server in a process of its own, which writes each mail into a file."""
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.smtp_server", str(port), str(box)])
    sleep(2)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _rss() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
