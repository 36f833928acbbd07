"""Search documents for PostgreSQL are those that it makes itself."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.store.db import Store
from aggregator.store.rows import put
from aggregator.store.tsvector import written

_ITSELF = (
    "SELECT setweight(to_tsvector('simple', :a), 'A') || setweight(to_tsvector('simple', :b), 'B')"
    " || setweight(to_tsvector('simple', :c), 'C')"
)
_WORDS = st.lists(
    st.text("ae0159xz", min_size=1, max_size=6) | st.sampled_from(["http", "www", "the", "nan"]),
    max_size=12,
).map(" ".join)


def same(store: Store, a: str, b: str, c: str) -> None:
    document = written(a, b, c)
    assert document is not None
    with store.undone() as connection:
        connection.exec_driver_sql("CREATE TEMP TABLE said (document tsvector)")
        put(connection, "said", ("document",), [(document,)], ("bytea",))
        made = sa.text(f"SELECT ({_ITSELF}) = document FROM said")
        assert connection.scalar(made, {"a": a, "b": b, "c": c})


@pytest.fixture
def postgres(store: Store) -> Store:
    if store.is_sqlite:
        pytest.skip("SQLite has no such documents")
    return store


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(a=_WORDS, b=_WORDS, c=_WORDS)
def test_it_is_what_postgresql_makes(postgres: Store, a: str, b: str, c: str) -> None:
    if written(a, b, c) is not None:
        same(postgres, a, b, c)


def test_long_texts(postgres: Store) -> None:
    same(postgres, "a " * 255, " ".join(f"w{n}" for n in range(16_000)), "x" * 2_046)


@pytest.mark.parametrize(
    "said", ["naïve", "2e5x", "a " * 256, "x" * 2_047, " ".join(f"w{n}" for n in range(16_384))]
)
def test_what_only_postgresql_can_tell(said: str) -> None:
    assert written("kites", said, "") is None


def test_words_have_their_places_and_weights() -> None:
    assert written("kites fly", "kites", "ada") == (
        b"\0\0\0\3kites\0\0\2\xc0\1\x80\3fly\0\0\1\xc0\2ada\0\0\1\x40\4"
    )
