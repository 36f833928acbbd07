"""The search index: filled here on both databases; asked in papers.py.

Tokens are cut in Python (Chinese has no blanks), so both engines only have to match words.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.parse.tokens import search_line
from aggregator.store import rowids, tsvector
from aggregator.store.rows import put as insert_plain
from aggregator.store.sql import is_sqlite

Words = tuple[int, str, str, str] | bytes
"""The second of a paper's moment, and the words of its title, abstract and authors, set apart by blanks;
for PostgreSQL the document itself where it can be written."""

_MANY = 500
_COLLECTED = 16 * 2**20
"""Bytes of words that SQLite collects before it writes them; 4,000 papers have about 10 MB. By itself it
writes each megabyte, and all of these are merged with the others later. It stays so for a database
that once got so many papers at a time."""
_MERGED = 16
_OWN_INDEX = (
    "FROM pg_class WHERE oid = 'ix_paper_search_document'::regclass "
    "AND pg_has_role(relowner, 'USAGE')"
)
_INSERT_POSTGRES = (
    "INSERT INTO paper_search(pk, document) SELECT pk, "
    "setweight(to_tsvector('simple', title), 'A') || "
    "setweight(to_tsvector('simple', body), 'B') || "
    "setweight(to_tsvector('simple', authors), 'C') "
    "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS t(pk, title, body, authors)"
)


def store(connection: Connection, papers: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Index papers (key, doc) that are not in the index."""
    sqlite = is_sqlite(connection)
    put(connection, [(key, words(doc, sqlite=sqlite)) for key, doc in papers])


def words(doc: Mapping[str, Any], *, sqlite: bool) -> Words:
    """What of a paper's document is found by its words; `sqlite`: on SQLite, not PostgreSQL."""
    title, body, authors = doc["title"], doc["abstract"], " ".join(doc["authors"])
    said = search_line(title), search_line(body), search_line(authors)
    document = None if sqlite else tsvector.written(*said)
    # Of any year: papers are old, too.
    return document or (rowids.second(datetime.fromisoformat(doc["at"])), *said)


def put(connection: Connection, papers: Sequence[tuple[int, Words]]) -> None:
    """Index papers (key, words) that are not in the index."""
    written = [(key, said) for key, said in papers if isinstance(said, bytes)]
    others = [(key, said) for key, said in papers if not isinstance(said, bytes)]
    if is_sqlite(connection):
        if len(others) >= _MANY:
            _configure(connection, hashsize=_COLLECTED)
        rows = [(rowids.joined(second, key), *said) for key, (second, *said) in others]
        # FTS5 writes what it has collected for each key that is smaller than the last.
        rows.sort(key=lambda row: row[0])
        insert_plain(connection, "paper_fts", ("rowid", "title", "body", "authors"), rows)
        return
    insert_plain(connection, "paper_search", ("pk", "document"), written, ("int8", "bytea"))
    if others:
        rows = [(key, *said) for key, (_, *said) in others]
        columns = tuple([list(column) for column in zip(*rows, strict=True)])
        connection.exec_driver_sql(_INSERT_POSTGRES, columns)


def collect(connection: Connection) -> None:
    """Until this transaction ends, let PostgreSQL collect the words of all papers, which it else sorts
    into its index four megabytes at a time; what is collected is read at each search until `sort_in`.
    Only the index's owner can do both."""
    if not is_sqlite(connection):
        connection.exec_driver_sql(
            f"SELECT set_config('gin_pending_list_limit', '256MB', true) {_OWN_INDEX}"
        )


def sort_in(connection: Connection) -> None:
    """Let PostgreSQL sort what it collected into its index."""
    connection.exec_driver_sql(f"SELECT gin_clean_pending_list(oid) {_OWN_INDEX}")


def expect_many(connection: Connection) -> None:
    """Until `expect_few`, let SQLite merge what transactions leave in its index sixteen at a time, not four:
    each word is written anew half as often, and is looked for in more places."""
    _configure(connection, crisismerge=4 * _MERGED, automerge=_MERGED)


def expect_few(connection: Connection) -> None:
    """The other way round: as SQLite has it by itself."""
    _configure(connection, automerge=4, crisismerge=16)


def _configure(connection: Connection, **settings: int) -> None:
    if not is_sqlite(connection):
        return
    asked = sa.text("SELECT k, v FROM paper_fts_config")
    known = {row.k: row.v for row in connection.execute(asked)}
    set_to = sa.text("INSERT INTO paper_fts(paper_fts, rank) VALUES (:k, :v)")
    for name, value in settings.items():
        if known.get(name) != value:
            connection.execute(set_to, {"k": name, "v": value})


def remove(connection: Connection, keys: Sequence[int]) -> None:
    """Take papers out of the index; before they are rewritten, since it is their stored moment that
    says where they stand."""
    sqlite = is_sqlite(connection)
    table, column = ("paper_fts", "rowid") if sqlite else ("paper_search", "pk")
    known = rowids.of_papers(connection, keys) if sqlite else keys
    if known:
        gone = sa.text(f"DELETE FROM {table} WHERE {column} = :key")
        connection.execute(gone, [{"key": key} for key in known])
