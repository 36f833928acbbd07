"""Backup and restore: the same store on either database, whole or not at all."""

import json
import stat
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator.errors import UsageError
from aggregator.files import backup
from aggregator.store import copies, ledger, papers
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from tests.conftest import NOW, empty_tables, sqlite_store
from tests.drafts import preprint
from tests.filled import fill, put


def quiet(_what: str, _done: int, _total: int | None) -> None:
    """Nobody listens."""


@contextmanager
def empty(folder: Path) -> Iterator[Store]:
    """A store that nobody has opened yet."""
    folder.mkdir(exist_ok=True)
    with closing(Store(f"sqlite:///{folder / 'daypaper.sqlite3'}", folder)) as made:
        yield made


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    with store.read() as connection:
        return {t.name: list(copies.rows(connection, t)) for t in copies.tables(connection)}


def found(store: Store, words: str) -> list[str]:
    with store.read() as connection:
        return [doc["id"] for doc in papers.page(connection, PaperQuery(q=words), None).items]


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, 120, length=60)
    with store.write() as connection:
        ledger.save_checkpoints(connection, "arxiv", {"s": {"n": 1}, "zero": [0, None, "文"]})
    return store


def test_a_restored_store_equals_the_one_that_was_copied(filled: Store, tmp_path: Path) -> None:
    copied = backup.write(filled, tmp_path / "a.zip", NOW, quiet)
    with empty(tmp_path / "other") as other:
        restored = backup.restore(other, tmp_path / "a.zip", quiet)
        assert restored == copied
        assert restored.papers == 120
        assert everything(other) == everything(filled)
        assert found(other, "residual") == found(filled, "residual") != []
        assert other.is_current()


def test_from_sqlite_to_postgresql_and_on(postgres: Store, tmp_path: Path) -> None:
    with closing(sqlite_store(tmp_path)) as first:
        fill(first, 80, length=60)
        before = everything(first)
        backup.write(first, tmp_path / "a.zip", NOW, quiet)
    with postgres.write() as connection:
        empty_tables(connection)
    backup.restore(postgres, tmp_path / "a.zip", quiet)
    assert everything(postgres) == before
    # The database counts on from the highest keys.
    put(postgres, preprint("1801.00001", title="Something else"))
    assert len(everything(postgres)["paper"]) == 81


def test_it_is_one_moment_while_others_write(filled: Store, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        n = 0
        while not stop.is_set():
            n += 1
            with filled.write() as connection:  # both or neither
                ledger.save_checkpoints(connection, "one", {"s": n})
                ledger.save_checkpoints(connection, "two", {"s": n})

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for n in range(3):
            backup.write(filled, tmp_path / f"{n}.zip", NOW, quiet)
    finally:
        stop.set()
        thread.join()
    for n in range(3):
        with empty(tmp_path / str(n)) as other:
            backup.restore(other, tmp_path / f"{n}.zip", quiet)
            with other.read() as connection:
                one = ledger.checkpoints(connection, "one")
                assert one == ledger.checkpoints(connection, "two")


def test_the_key_and_the_models_come_along_and_are_private(filled: Store, tmp_path: Path) -> None:
    (filled.data_dir / "secret.key").write_text("s3cret")
    (filled.data_dir / "tagger.npz").write_bytes(b"model")
    path = tmp_path / "a.zip"
    backup.write(filled, path, NOW, quiet)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with empty(tmp_path / "other") as other:
        backup.restore(other, path, quiet)
        assert (other.data_dir / "secret.key").read_text() == "s3cret"
        assert stat.S_IMODE((other.data_dir / "secret.key").stat().st_mode) == 0o600
        assert (other.data_dir / "tagger.npz").read_bytes() == b"model"


def test_the_key_of_another_store_in_the_data_directory_is_left_alone(
    filled: Store, tmp_path: Path
) -> None:
    (filled.data_dir / "secret.key").write_text("s3cret")
    path = tmp_path / "a.zip"
    backup.write(filled, path, NOW, quiet)
    with empty(tmp_path / "other") as other:
        (other.data_dir / "secret.key").write_text("another")
        with pytest.raises(
            UsageError, match=r"secret\.key is there, and another than the backup's"
        ):
            backup.restore(other, path, quiet)
        assert (other.data_dir / "secret.key").read_text() == "another"
        (other.data_dir / "secret.key").write_text("s3cret")  # as a restore that was killed left it
        assert backup.restore(other, path, quiet).papers == 120


def test_of_two_backups_to_one_file_each_is_whole(filled: Store, tmp_path: Path) -> None:
    with filled.write() as connection:  # so many that it says how far it is
        ledger.save_checkpoints(connection, "arxiv", {f"s{n}": n for n in range(2_000)})
    path, second = tmp_path / "a.zip", threading.Event()
    failed: list[BaseException] = []

    def other() -> None:
        try:
            backup.write(filled, path, NOW, lambda *_: second.set())
        except BaseException as error:
            failed.append(error)
        second.set()

    thread = threading.Thread(target=other)

    def go_on(*_: object) -> None:
        if not thread.ident:
            thread.start()
            second.wait(1)

    backup.write(filled, path, NOW, go_on)
    thread.join()
    assert failed == []
    with empty(tmp_path / "other") as restored:
        assert backup.restore(restored, path, quiet).papers == 120


def test_a_store_with_something_in_it_is_left_alone(filled: Store, tmp_path: Path) -> None:
    backup.write(filled, tmp_path / "a.zip", NOW, quiet)
    before = everything(filled)
    with pytest.raises(UsageError, match="The store is not empty"):
        backup.restore(filled, tmp_path / "a.zip", quiet)
    assert everything(filled) == before


def changed(path: Path, out: Path, member: str, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            body = old.read(name)
            new.writestr(name, change(body) if name == member else body)
    return out


@pytest.mark.parametrize(
    ("member", "change", "said"),
    [
        ("tables/entry.jsonl", lambda body: body[:-200] + b"\n", "not a whole backup"),
        ("tables/entry.jsonl", lambda body: body.partition(b"\n")[2], "entry was changed or cut"),
        ("tables/paper.jsonl", lambda body: body.replace(b'"kind"', b'"kinds"', 1), "differs in"),
        ("manifest.json", lambda body: b"{}", "not a whole backup"),
        ("manifest.json", lambda body: body.replace(b'"0', b'"9', 1), "made by a newer Daypaper"),
    ],
)
def test_a_damaged_backup_restores_nothing(
    tmp_path: Path, member: str, change: Callable[[bytes], bytes], said: str
) -> None:
    with closing(sqlite_store(tmp_path)) as first:
        fill(first, 30)
        backup.write(first, tmp_path / "a.zip", NOW, quiet)
    broken = changed(tmp_path / "a.zip", tmp_path / "b.zip", member, change)
    with empty(tmp_path / "other") as other:
        with pytest.raises(UsageError, match=said):
            backup.restore(other, broken, quiet)
        backup.restore(other, tmp_path / "a.zip", quiet)  # the store is still empty
        assert len(everything(other)["paper"]) == 30


@pytest.mark.parametrize("member", ["tables/entry.jsonl", "manifest.json", "data/secret.key"])
def test_what_unpacks_without_end_is_refused_before_it_fills_the_memory(
    tmp_path: Path, member: str
) -> None:
    with closing(sqlite_store(tmp_path)) as first:
        (tmp_path / "secret.key").write_text("k")
        backup.write(first, tmp_path / "a.zip", NOW, quiet)
    bomb = tmp_path / "b.zip"
    with zipfile.ZipFile(tmp_path / "a.zip") as old, zipfile.ZipFile(bomb, "w", 8) as new:
        for name in {*old.namelist()} - {member}:
            new.writestr(name, old.read(name))
        with new.open(member, "w", force_zip64=True) as endless:
            for _ in range(600):
                endless.write(bytes(2**20))
    with empty(tmp_path / "other") as other:
        other.migrate()
        tracemalloc.start()
        try:
            with pytest.raises(UsageError, match="not a whole backup"):
                backup.restore(other, bomb, quiet)
            assert tracemalloc.get_traced_memory()[1] < 400 * 2**20
        finally:
            tracemalloc.stop()


def test_no_zip_and_no_file_are_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with empty(tmp_path / "other") as other:
        with pytest.raises(UsageError, match=r"x\.zip: not a whole backup"):
            backup.restore(other, tmp_path / "x.zip", quiet)
        with pytest.raises(UsageError, match="cannot be read: No such file"):
            backup.restore(other, tmp_path / "none.zip", quiet)


def test_an_older_backup_is_migrated(tmp_path: Path) -> None:
    with empty(tmp_path / "old") as old:
        old.migrate("0001")
        values = {"id": "p1", "kind": "paper", "title": "A", "at": NOW, "changed_at": NOW}
        flags = {"withdrawn": False, "starter": False, "provenance": {}, "tagged_by": None}
        doc = {"title": "Residual widgets", "abstract": "", "authors": []}
        with old.write() as connection:
            table = next(t for t in copies.tables(connection) if t.name == "paper")
            connection.execute(sa.insert(table).values(**values, **flags, doc=doc))
        backup.write(old, tmp_path / "a.zip", NOW, quiet)
    assert json.loads(zipfile.ZipFile(tmp_path / "a.zip").read("manifest.json"))["schema"] == "0001"
    with empty(tmp_path / "new") as new:
        backup.restore(new, tmp_path / "a.zip", quiet)
        assert new.is_current()
        assert len(everything(new)["paper"]) == 1
