"""Papers as readers ask for them: pages of a list, one by its name, all of them for an export."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.errors import NotFoundError
from aggregator.parse import ids
from aggregator.store.lists import MOST, Page, page
from aggregator.store.query import Kind, PaperQuery, Sort
from aggregator.store.sql import alias, entry, newest, paper, topic_size

__all__ = ["MOST", "Kind", "Named", "Page", "PaperQuery", "Sort", "by_name", "iterate", "page"]

BATCH = 500  # papers read at once by `iterate`
WORKS = "works"  # kind of the entries made from representative works


class Named(NamedTuple):
    """A paper found by a name; `is_alias` if the name is an id that was merged away."""

    doc: dict[str, Any]
    is_alias: bool


def by_name(connection: Connection, name: str) -> Named:
    """The paper of that name: its id, an id it had before a merge, or an external one such as
    "arxiv:1512.03385" or "doi:10.1109/…"; a bare arXiv id will do.

    Raises NotFoundError.
    """
    unknown = NotFoundError(
        f'There is no paper "{name}" here; expected its id, or an external one such as '
        "arxiv:1512.03385 or doi:10.1109/CVPR.2016.90."
    )
    if "\x00" in name:  # PostgreSQL knows no such text
        raise unknown
    doc = connection.scalar(sa.select(paper.c.doc).where(paper.c.id == name))
    if doc is not None:
        return Named(doc, False)
    external = ":" in name
    names = [name, _normal(name)] if external else [f"id:{name}", _normal(f"arxiv:{name}")]
    # A DOI may name two papers: the older one answers.
    asked = (
        sa.select(paper.c.doc)
        .join(alias, alias.c.paper_id == paper.c.id)
        .where(alias.c.name.in_(names))
        .order_by(paper.c.pk)
        .limit(1)
    )
    doc = connection.scalar(asked)
    if doc is None:
        raise unknown
    return Named(doc, not external)


def sources(connection: Connection) -> list[str]:
    """The sources that ever brought an entry, also those that are no longer configured."""
    return list(connection.scalars(sa.select(newest.c.source).order_by(newest.c.source)))


def provenance(connection: Connection, paper_id: str) -> dict[str, str]:
    """Field -> key of the entry that it was taken from."""
    return connection.scalar(sa.select(paper.c.provenance).where(paper.c.id == paper_id)) or {}


def iterate(connection: Connection) -> Iterator[dict[str, Any]]:
    """Every paper, in the order in which they were first stored; reads `BATCH` at a time."""
    after = 0
    while True:
        asked = sa.select(paper.c.pk, paper.c.doc).where(paper.c.pk > after)
        rows = connection.execute(asked.order_by(paper.c.pk).limit(BATCH)).all()
        if not rows:
            return
        yield from (row.doc for row in rows)
        after = rows[-1].pk


def topic_counts(connection: Connection) -> dict[str, int]:
    """How many papers carry each topic's tag; topics without any are missing."""
    asked = sa.select(topic_size.c.topic, topic_size.c.papers).where(topic_size.c.papers > 0)
    return {row[0]: row[1] for row in connection.execute(asked)}


def starters(connection: Connection) -> dict[str, list[dict[str, Any]]]:
    """The papers of each topic's representative works, oldest first."""
    asked = (
        sa.select(entry.c.extra, paper.c.doc, paper.c.at, paper.c.pk)
        .join(paper, paper.c.id == entry.c.paper_id)
        .where(entry.c.kind == WORKS)
    )
    found: dict[str, list[dict[str, Any]]] = {}
    # Sorted here: asked for in order, SQLite would walk all papers to find the few.
    for row in sorted(connection.execute(asked), key=lambda row: (row.at, row.pk)):
        for topic in row.extra.get("topics", ()):
            found.setdefault(topic, []).append(row.doc)
    return found


def _normal(name: str) -> str:
    """An external name as the store writes it: no arXiv version, DOIs and what stands before the colon
    in lower case ("arXiv:1512.03385", as arXiv itself writes it)."""
    kind, _, value = name.partition(":")
    kind = kind.lower()
    if kind == "arxiv" and (found := ids.arxiv_id(name)):
        return f"arxiv:{found[0]}"
    if kind == "doi":
        return f"doi:{value.lower()}"
    return f"{kind}:{value}"
