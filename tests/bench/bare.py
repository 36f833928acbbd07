"""The least that plain libraries do with a snapshot: one table and a search index, nothing merged."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from time import perf_counter

import psycopg

BATCH = 4_000
_COLUMNS = "id, title, abstract, authors, categories"


def on_sqlite(snapshot: Path, folder: Path) -> float:
    """Seconds by the clock with `json` and `sqlite3`, words by FTS5."""
    begun = perf_counter()
    with closing(sqlite3.connect(folder / "bare.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(
            "CREATE TABLE entry (id TEXT PRIMARY KEY, title, abstract, authors, categories)"
        )
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, abstract, authors)")
        for rows in _batches(snapshot):
            connection.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", rows)
            connection.executemany("INSERT INTO words VALUES (?, ?, ?)", [row[1:4] for row in rows])
            connection.commit()
    return perf_counter() - begun


def on_postgres(snapshot: Path, url: str) -> float:
    """Seconds by the clock with `json` and COPY, words by a GIN index; the table is dropped again."""
    begun = perf_counter()
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bare (id text PRIMARY KEY, title text, abstract text, authors text, "
            "categories text, words tsvector GENERATED ALWAYS AS "
            "(to_tsvector('simple', title || ' ' || abstract || ' ' || authors)) STORED)"
        )
        connection.execute("CREATE INDEX ON bare USING gin (words)")
        connection.commit()
        for rows in _batches(snapshot):
            with connection.cursor().copy(f"COPY bare ({_COLUMNS}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
            connection.commit()
        spent = perf_counter() - begun
        connection.execute("DROP TABLE bare")
    return spent


def _batches(snapshot: Path) -> Iterator[list[list[str]]]:
    with snapshot.open("rb") as lines:
        read = map(json.loads, lines)
        while rows := list(islice(read, BATCH)):
            yield [[row[name] for name in _COLUMNS.split(", ")] for row in rows]
