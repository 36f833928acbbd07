"""The search index: filled here on both databases; asked in papers.py.

Tokens are cut in Python (Chinese has no blanks), so both engines only have to match words.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.parse.text import search_tokens


def store(connection: Connection, papers: Sequence[tuple[int, Mapping[str, Any]]]) -> None:
    """Index papers (key, doc) anew."""
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
    if connection.dialect.name == "sqlite":
        # An update of a row deletes its old words one by one; deleting missing rows costs nothing.
        connection.execute(sa.text("DELETE FROM paper_fts WHERE rowid = :pk"), rows)
        connection.execute(
            sa.text(
                "INSERT INTO paper_fts(rowid, title, body, authors) "
                "VALUES (:pk, :title, :body, :authors)"
            ),
            rows,
        )
    else:
        connection.execute(
            sa.text(
                "INSERT INTO paper_search(pk, document) VALUES (:pk, "
                "setweight(to_tsvector('simple', :title), 'A') || "
                "setweight(to_tsvector('simple', :body), 'B') || "
                "setweight(to_tsvector('simple', :authors), 'C')) "
                "ON CONFLICT (pk) DO UPDATE SET document = excluded.document"
            ),
            rows,
        )


def remove(connection: Connection, keys: Sequence[int | None]) -> None:
    """Take papers out of the index."""
    sqlite = connection.dialect.name == "sqlite"
    table, column = ("paper_fts", "rowid") if sqlite else ("paper_search", "pk")
    for key in keys:
        connection.execute(sa.text(f"DELETE FROM {table} WHERE {column} = :pk"), {"pk": key})


def _tokens(text: str) -> str:
    return " ".join(search_tokens(text))
