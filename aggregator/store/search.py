"""The search index: filled here on both databases; asked in papers.py.

Tokens are cut in Python (Chinese has no blanks), so both engines only have to match words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.parse.text import search_tokens

_INSERT_SQLITE = (
    "INSERT INTO paper_fts(rowid, title, body, authors) VALUES (:pk, :title, :body, :authors)"
)
_INSERT_POSTGRES = (
    "INSERT INTO paper_search(pk, document) VALUES (:pk, "
    "setweight(to_tsvector('simple', :title), 'A') || "
    "setweight(to_tsvector('simple', :body), 'B') || "
    "setweight(to_tsvector('simple', :authors), 'C'))"
)


def store(connection: Connection, papers: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Index papers (key, doc) that are not in the index."""
    if not papers:
        return
    rows = [
        {
            "pk": key,
            "title": _tokens(doc["title"]),
            "body": _tokens(doc["abstract"]),
            "authors": _tokens(" ".join(doc["authors"])),
        }
        for key, doc in papers
    ]
    sqlite = connection.dialect.name == "sqlite"
    connection.execute(sa.text(_INSERT_SQLITE if sqlite else _INSERT_POSTGRES), rows)


def remove(connection: Connection, keys: Sequence[int]) -> None:
    """Take papers out of the index."""
    sqlite = connection.dialect.name == "sqlite"
    table, column = ("paper_fts", "rowid") if sqlite else ("paper_search", "pk")
    if keys:
        gone = sa.text(f"DELETE FROM {table} WHERE {column} = :pk")
        connection.execute(gone, [{"pk": key} for key in keys])


def _tokens(text: str) -> str:
    return " ".join(search_tokens(text))
