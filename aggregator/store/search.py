"""The search index: filled here on both databases; asked in papers.py.

Tokens are cut in Python (Chinese has no blanks), so both engines only have to match words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.parse.text import search_tokens
from aggregator.store.rows import put as insert_plain

Words = tuple[str, str, str]
"""The words of a paper's title, abstract and authors, set apart by blanks."""

_COLLECTED = 16 * 2**20  # bytes; 4,000 papers have about 10 MB
_INSERT_POSTGRES = (
    "INSERT INTO paper_search(pk, document) SELECT pk, "
    "setweight(to_tsvector('simple', title), 'A') || "
    "setweight(to_tsvector('simple', body), 'B') || "
    "setweight(to_tsvector('simple', authors), 'C') "
    "FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS t(pk, title, body, authors)"
)


def store(connection: Connection, papers: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Index papers (key, doc) that are not in the index."""
    put(connection, [(key, words(doc)) for key, doc in papers])


def words(doc: Mapping[str, Any]) -> Words:
    """What of a paper's document is found by its words."""
    return _tokens(doc["title"]), _tokens(doc["abstract"]), _tokens(" ".join(doc["authors"]))


def put(connection: Connection, papers: Sequence[tuple[int, Words]]) -> None:
    """Index papers (key, words) that are not in the index."""
    rows = [(key, *said) for key, said in papers]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        insert_plain(connection, "paper_fts", ("rowid", "title", "body", "authors"), rows)
    else:
        columns = tuple([list(column) for column in zip(*rows, strict=True)])
        connection.exec_driver_sql(_INSERT_POSTGRES, columns)


def expect_many(connection: Connection) -> None:
    """Let SQLite collect the words of a whole transaction before it writes them: a megabyte, as it does
    by itself, is 500 papers, and each makes a tree that is merged with the others later. It stays so
    for this database."""
    asked = sa.text("SELECT v FROM paper_fts_config WHERE k = 'hashsize'")
    if connection.scalar(asked) != _COLLECTED:
        set_to = "INSERT INTO paper_fts(paper_fts, rank) VALUES ('hashsize', :n)"
        connection.execute(sa.text(set_to), {"n": _COLLECTED})


def remove(connection: Connection, keys: Sequence[int]) -> None:
    """Take papers out of the index."""
    sqlite = connection.dialect.name == "sqlite"
    table, column = ("paper_fts", "rowid") if sqlite else ("paper_search", "pk")
    if keys:
        gone = sa.text(f"DELETE FROM {table} WHERE {column} = :pk")
        connection.execute(gone, [{"pk": key} for key in keys])


def _tokens(text: str) -> str:
    return " ".join(search_tokens(text))
