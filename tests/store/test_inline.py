"""Where PostgreSQL keeps the documents of its search index: in the rows, so that a walk which looks for
words reads each page of the table once."""

import pytest
import sqlalchemy as sa

from aggregator.store import papers
from aggregator.store.db import Store
from aggregator.store.query import PaperQuery
from tests.drafts import preprint
from tests.filled import put
from tests.older import downgrade

LONG = " ".join(f"word{n * 7919 % 1009}" for n in range(450))
BESIDE = sa.text(
    "SELECT pg_relation_size(reltoastrelid) FROM pg_class WHERE oid = 'paper_search'::regclass"
)
PACKED = sa.text("SELECT count(*) FROM paper_search WHERE pg_column_compression(document) <> ''")
DOCUMENTS = sa.text("SELECT pk, document::text FROM paper_search ORDER BY pk")


@pytest.fixture
def long(store: Store) -> Store:
    """Papers with long abstracts on PostgreSQL."""
    if store.is_sqlite:
        pytest.skip("SQLite's search index has no documents")
    put(store, *(preprint(f"1712.{n:05d}", title=f"Kites {n}", abstract=LONG) for n in range(20)))
    return store


def beside(store: Store) -> tuple[int, int]:
    """(bytes beside the rows, packed documents)"""
    with store.read() as connection:
        return connection.scalar(BESIDE) or 0, connection.scalar(PACKED) or 0


def test_long_documents_lie_in_the_rows(long: Store) -> None:
    assert beside(long) == (0, 0)


def test_those_of_an_older_store_are_written_anew(long: Store) -> None:
    with long.read() as connection:
        documents = connection.execute(DOCUMENTS).all()
    downgrade(long, "0019")
    with long.write() as connection:  # as it would have stored them
        connection.exec_driver_sql("CREATE TABLE mine AS SELECT * FROM paper_search")
        connection.exec_driver_sql("TRUNCATE paper_search")
        connection.exec_driver_sql("INSERT INTO paper_search SELECT * FROM mine")
        connection.exec_driver_sql("DROP TABLE mine")
    assert beside(long) != (0, 0)
    long.migrate()
    assert beside(long) == (0, 0)
    with long.read() as connection:
        assert connection.execute(DOCUMENTS).all() == documents
        found = papers.page(connection, PaperQuery(q="word10 kites", limit=100)).items
    assert len(found) == len(documents) == 20
