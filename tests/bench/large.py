"""Makes a store of a million papers: on SQLite within minutes, elsewhere by an import of all.

For SQLite some thousand real papers are taken in as an import would, and then copied by the database
itself with other ids, later keys and earlier days, search index and tags included; the newest day is a
busy one.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from aggregator import bulk, pipeline, topics
from aggregator.digest import rank
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.rowids import KEY_BITS
from tests.bench.addresses import BUSY_DAY
from tests.bench.bulk import NOW, write_snapshot

BASE = 20_000
BASE_KEYS = 1_000_000
"""Keys of a copy are so much higher than those of the copy before."""
BUSY = 1_200
"""Papers of the newest day, made up to be more than a day of the categories that are followed brings."""


def make(store: Store, settings: Settings, config: topics.Config, folder: Path, count: int) -> None:
    """Fill an empty store."""
    make_by_import(store, settings, config, folder, BASE)
    with closing(sqlite3.connect(folder / "daypaper.sqlite3")) as connection:
        connection.executescript("PRAGMA synchronous=OFF; PRAGMA cache_size=-400000;")
        for n in range(1, count // BASE):
            _copy(connection, n, BASE_KEYS, lambda column, n=n: _earlier(column, f"-{n} days"))
        busy_day(connection, count // BASE)


def make_by_import(
    store: Store, settings: Settings, config: topics.Config, folder: Path, count: int
) -> None:
    """Fill an empty store as its users would: real papers first, then the same under other ids, titles
    and dates."""
    store.migrate()
    write_snapshot(folder / "snapshot.json", count)
    bulk.load(store, folder / "snapshot.json", "arxiv-snapshot", NOW, lambda _: None)
    pipeline.tag(store, settings, config)
    (folder / "snapshot.json").unlink()


def busy_day(connection: sqlite3.Connection, n: int) -> None:
    """The newest day, with as many papers as very few days have."""
    _copy(connection, n, BUSY, lambda _: f"'{BUSY_DAY} 01:00:00.000000'")


def _copy(connection: sqlite3.Connection, n: int, most: int, moved: Callable[[str], str]) -> None:
    """Everything of papers with keys up to `most` once more: keys `n` million higher, days `moved`,
    other ids."""
    step, mark = n * BASE_KEYS, f"c{n}"
    heat = f"heat + (julianday({moved('at')}) - julianday(at)) / {rank.HOT_DAYS}"
    ids = f"(SELECT id FROM paper WHERE pk <= {most})"
    old, named = f"paper_pk <= {most}", f"id || '{mark}'"
    about = {"paper_id": f"paper_id || '{mark}'"}
    for table, which, changed in (
        ("paper", f"pk <= {most}", {"pk": f"pk + {step}", "id": named, "at": moved("at"), "heat": heat,
                                    "doc": f"json_set(doc, '$.id', {named})"}),
        ("entry", f"paper_id IN {ids}", about | {"pk": f"pk + {step}", "key": f"key || '{mark}'",
                                                 "native_id": f"native_id || '{mark}'",
                                                 "title_key": f"title_key || '{mark}'",
                                                 "people_key": f"people_key || '{mark}'",
                                                 "published": moved("published")}),
        ("alias", f"paper_id IN {ids}", about | {"name": f"name || '{mark}'"}),
        ("event", f"paper_id IN {ids}", about | {"id": f"id + {step}", "at": moved("at")}),
        ("tag", old, {"paper_pk": f"paper_pk + {step}", "at": moved("at"), "heat": heat}),
        ("sighting", old, {"paper_pk": f"paper_pk + {step}", "at": moved("at")}),
    ):  # fmt: skip
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        connection.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {which}"
        )
    second = "CAST(strftime('%s', substr(new.at, 1, 19)) AS INTEGER)"
    first = "CAST(strftime('%s', substr(old.at, 1, 19)) AS INTEGER)"
    connection.execute(
        f"INSERT INTO paper_fts(rowid, title, body, authors) SELECT {second} << {KEY_BITS} | new.pk, "
        "c0, c1, c2 FROM paper AS old CROSS JOIN paper AS new ON new.pk = old.pk + ? "
        f"CROSS JOIN paper_fts_content AS c ON c.id = {first} << {KEY_BITS} | old.pk "
        "WHERE old.pk <= ? ORDER BY 1",
        (step, most),
    )
    connection.commit()


def _earlier(column: str, back: str) -> str:
    return f"strftime('%Y-%m-%d %H:%M:%f000', {column}, '{back}')"
