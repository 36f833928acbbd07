"""Keys are given once: what remembers one never finds something else behind it."""

from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from aggregator.files import backup
from aggregator.sending.claim import Documents
from aggregator.settings import Settings
from aggregator.sources.base import Validator
from aggregator.store import copies, ledger, model, people
from aggregator.store.db import Store
from aggregator.store.keys import NextKey
from aggregator.store.sql import event, letter, paper, subscription, validated
from tests.conftest import NOW, empty_tables, sqlite_store
from tests.deliver.box import Box
from tests.drafts import page, post, preprint
from tests.filled import give_tags, put
from tests.older import downgrade
from tests.sending import DAY, HOUR, arrive, send, settings, subscribe

__all__ = ["settings"]
ONE, OTHER, NEW = "Widgets for the First Time", "Something Else Altogether", "Very new"


def two_works(store: Store) -> None:
    """Two papers that nobody can tell to be one; that of the page is stored last."""
    put(store, preprint("1711.00001", title=ONE, published=NOW), now=NOW + HOUR)
    put(store, page("X/Y", title=OTHER, authors=("Grace Hopper",), published=NOW), now=NOW + HOUR)
    give_tags(store, {ONE: [("gan", 0.9)], OTHER: [("gan", 0.9)]})


def become_one(store: Store, now: datetime = NOW + DAY + HOUR) -> None:
    """The page names the preprint."""
    again = page("X/Y", title=OTHER, authors=("Ada Lovelace",), arxiv="1711.00001", published=NOW)
    put(store, again, now=now)
    give_tags(store, {OTHER: [("gan", 0.9)]})


def newest_event_goes(store: Store, settings: Settings, box: Box) -> None:
    """Ada was told all there is; the newest event of it goes when two papers become one."""
    subscribe(store)
    arrive(store, "First")
    send(store, settings, box, NOW)
    two_works(store)
    thread = post("t3_x", title="thread", mentions=("arxiv:1711.00001", "cvf:X/Y"))
    put(store, thread, source="reddit", now=NOW + 2 * HOUR)
    give_tags(store, {ONE: [("gan", 0.9)], OTHER: [("gan", 0.9)]})
    send(store, settings, box, NOW + DAY)
    become_one(store)
    with store.read() as connection:
        newest = connection.execute(sa.select(sa.func.max(event.c.id))).scalar_one()
        assert newest < connection.execute(sa.select(subscription.c.covered)).scalar_one()


def is_told(store: Store, settings: Settings, box: Box) -> bool:
    arrive(store, NEW, now=NOW + DAY + 2 * HOUR)
    send(store, settings, box, NOW + 2 * DAY)
    return NEW in box.titles()


def test_what_comes_after_the_newest_event_went_is_told(store: Store, settings: Settings) -> None:
    box = Box()
    newest_event_goes(store, settings, box)
    assert is_told(store, settings, box)


def test_what_comes_after_a_restore_is_told(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    box, file = Box(), tmp_path / "a.zip"
    newest_event_goes(store, settings, box)
    backup.write(store, file, NOW, lambda *_: None)
    with closing(sqlite_store(tmp_path / "other")) as other:
        backup.restore(other, file, lambda *_: None)
        assert is_told(other, settings, box)
    if not store.is_sqlite:
        with store.write() as connection:
            empty_tables(connection)
        backup.restore(store, file, lambda *_: None)
        box.letters.clear()
        assert is_told(store, settings, box)


def test_from_sqlite_to_postgresql_keys_go_on(
    postgres: Store, settings: Settings, tmp_path: Path
) -> None:
    box, file = Box(), tmp_path / "a.zip"
    with closing(sqlite_store(tmp_path / "first")) as first:
        newest_event_goes(first, settings, box)
        backup.write(first, file, NOW, lambda *_: None)
    with postgres.write() as connection:
        empty_tables(connection)
    backup.restore(postgres, file, lambda *_: None)
    assert is_told(postgres, settings, box)


@pytest.mark.parametrize("restored", [False, True])
def test_an_older_store_goes_on_above_what_was_told(
    store: Store, settings: Settings, tmp_path: Path, restored: bool
) -> None:
    box, file = Box(), tmp_path / "a.zip"
    newest_event_goes(store, settings, box)
    downgrade(store, "0021")
    if restored:
        backup.write(store, file, NOW, lambda *_: None)
        with store.write() as connection:
            if store.is_sqlite:
                for table in reversed(copies.tables(connection)):
                    connection.execute(sa.delete(table))
                connection.exec_driver_sql("DELETE FROM paper_fts")
            else:
                older = ", ".join(table.name for table in copies.tables(connection))
                connection.exec_driver_sql(
                    f"TRUNCATE {older}, paper_search, topic_size RESTART IDENTITY CASCADE"
                )
        backup.restore(store, file, lambda *_: None)
    store.migrate()
    assert is_told(store, settings, box)


def test_a_pass_shows_the_papers_that_it_tells(store: Store) -> None:
    """While it lasts, the newest paper is merged away, and another one comes."""
    two_works(store)
    documents, keys = Documents(), sa.select(paper.c.title, paper.c.pk)
    with store.read() as connection:
        before = {row.title: row.pk for row in connection.execute(keys)}
        documents.get(connection, [*before.values()])
    become_one(store)
    arrive(store, NEW)
    with store.read() as connection:
        after = {row.title: row.pk for row in connection.execute(keys)}
        assert len(after) == len(before) == 2
        assert documents.get(connection, [after[NEW]])[after[NEW]]["title"] == NEW


def test_whoever_comes_after_an_erasure_has_other_keys(store: Store, settings: Settings) -> None:
    arrive(store, "First")
    ours = subscribe(store)
    send(store, settings, Box(), NOW)
    with store.write() as connection:
        people.erase(connection, ours.person_pk, "digest")
    theirs = subscribe(store, "bob@example.org")
    assert (theirs.pk, theirs.person_pk) > (ours.pk, ours.person_pk)
    send(store, settings, Box(), NOW)
    with store.read() as connection:
        letters = connection.execute(sa.select(letter.c.pk, letter.c.target)).all()
    assert letters == [(2, "bob@example.org")]


def test_a_model_never_has_the_key_of_one_that_was_taken_back(store: Store) -> None:
    def swap_in() -> int:
        with store.write() as connection:
            model.swap_in(
                connection, "own", "gan", basis="", version="1", now=NOW, figures={}, content=b"m"
            )
            return model.in_use(connection)["own", "gan"].pk

    first = swap_in()
    with store.write() as connection:
        assert model.take_back(connection, "own", "gan")
    assert swap_in() > first


def test_what_is_deleted_is_noted_in_every_table(store: Store) -> None:
    counted = {
        table.name
        for table in SQLModel.metadata.sorted_tables
        if isinstance(getattr(table.primary_key.columns[0].default, "arg", None), NextKey)
    }
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if not store.is_sqlite:
        asked = "SELECT tgname FROM pg_trigger"
    with store.read() as connection:
        triggers = set(connection.exec_driver_sql(asked).scalars())
    assert {"paper", "event", "letter", "subscription", "person", "run"} < counted
    assert {f"{name}_key_gone" for name in counted} <= triggers


def test_answers_that_were_kept_by_their_address_alone_go(store: Store) -> None:
    url = "https://example.org/feed?a=50%"
    with store.write() as connection:
        ledger.save_validators(connection, "feed", [Validator(url, "new", None, "")])
        ledger.save_validators(connection, "other", [Validator(url, None, "of another", "")])
    downgrade(store, "0021")
    with store.write() as connection:
        old = sa.text("INSERT INTO validated (url, etag, digest) VALUES (:url, 'old', '')")
        connection.execute(old, {"url": url})
    store.migrate()
    with store.read() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(validated)) == 2
        assert ledger.validator(connection, "feed", url) == Validator(url, "new", None, "")
        assert ledger.validator(connection, "other", url) == Validator(url, None, "of another", "")
