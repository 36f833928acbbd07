"""A store in one file, and back: `daypaper backup` and `daypaper restore`.

The file is a zip: `manifest.json`, one `tables/NAME.jsonl` per table, and `data/…`, the files of the
data directory that cannot be made again. It is the same for SQLite and PostgreSQL.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Table

from aggregator.clock import iso
from aggregator.errors import UsageError
from aggregator.store import copies, schema
from aggregator.store.db import Store

FORM = 1  # raised when the file changes so that older programs cannot read it
MANIFEST = "manifest.json"
KEPT_FILES = ("secret.key", "tagger*.npz")
"""What else in the data directory cannot be made again: the key of links, models trained here."""

_ROWS = 2_000
_BYTES = 64 * 2**20
"""The longest row and the largest file that are believed; rows have up to 200 KB, models some MB. What a
backup says of its sizes may be wrong, and some bytes can be made to unpack to any number."""

Tell = Callable[[str, int, int | None], None]
"""Hears how far it is: what, how many, of how many."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a backup holds, or what was restored."""

    papers: int
    rows: int
    taken: str  # ISO 8601
    schema: str


def write(store: Store, path: Path, now: datetime, tell: Tell) -> Copied:
    """Copy the store as it is at one moment, while others go on writing. The file appears when it is
    whole, readable by its owner only. Raises UsageError if it cannot be written."""
    try:
        with (
            store.backup_lock(),
            _made_whole(path) as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made,
        ):
            with store.read() as connection:
                manifest = _write_tables(connection, made, now, tell)
            manifest["files"] = _write_files(store.data_dir, made)
            made.writestr(MANIFEST, json.dumps(manifest, indent=1))
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}.") from None
    return _summary(manifest)


def restore(store: Store, path: Path, tell: Tell) -> Copied:
    """Fill an empty store from a backup, all of it or nothing, and bring it to the newest schema.

    Raises UsageError if the store is not empty, the data directory has another key or another model, or
    the file is not a whole backup.
    """
    try:
        with zipfile.ZipFile(path) as opened:
            manifest = _manifest(opened, path)
            _check_files(opened, manifest, store.data_dir)
            store.migrate(manifest["schema"])
            with store.write() as connection:
                _load(connection, opened, manifest, path, tell)
                for done in copies.index_papers(connection):
                    tell("search index", done, _summary(manifest).papers)
                # Before the commit: a restore that is killed can be done again.
                _restore_files(opened, manifest, store.data_dir)
            store.migrate()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}.") from None
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, TypeError) as error:
        raise UsageError(
            f"{path}: not a whole backup of Daypaper ({error}); nothing was restored."
        ) from None
    return _summary(manifest)


@contextmanager
def _made_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file beside the path that takes its place at the end, and else goes: under the lock, or it might be
    the next one's that goes."""
    part = path.parent / f"{path.name}.part"
    try:
        with _private(part) as file:
            yield file
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    """A new file that nobody else may read: it holds addresses and the secret key."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        yield file


def _write_tables(
    connection: Connection, made: zipfile.ZipFile, now: datetime, tell: Tell
) -> dict[str, Any]:
    noted: dict[str, Any] = {}
    for table in copies.tables(connection):
        total = copies.count(connection, table)
        digest, done = hashlib.sha256(), 0
        with made.open(_member(table.name), "w", force_zip64=True) as member:
            for row in copies.rows(connection, table):
                line = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
                member.write(line)
                digest.update(line)
                done += 1
                if done % _ROWS == 0:
                    tell(table.name, done, total)
        noted[table.name] = {"rows": done, "sha256": digest.hexdigest()}
    return {
        "daypaper_backup": FORM,
        "taken": iso(now),
        "schema": schema.found(connection),
        "tables": noted,
    }


def _write_files(folder: Path, made: zipfile.ZipFile) -> list[str]:
    found = sorted(path for pattern in KEPT_FILES for path in folder.glob(pattern))
    for path in found:
        made.write(path, f"data/{path.name}")
    return [path.name for path in found]


def _manifest(opened: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    manifest = json.loads(_read(opened, MANIFEST))
    if manifest["daypaper_backup"] != FORM or not Store.knows(manifest["schema"]):
        raise UsageError(
            f"{path}: made by a newer Daypaper (schema {manifest['schema']}); expected one of this "
            "version or older."
        )
    return manifest


def _load(
    connection: Connection,
    opened: zipfile.ZipFile,
    manifest: dict[str, Any],
    path: Path,
    tell: Tell,
) -> None:
    found = {table.name: table for table in copies.tables(connection)}
    used = [name for name, table in found.items() if copies.count(connection, table)]
    if used or schema.found(connection) != manifest["schema"]:
        state = f"{used[0]} has rows" if used else "its schema is newer than the backup's"
        raise UsageError(
            f"The store is not empty ({state}); expected an empty one to restore {path} into: name "
            "another DAYPAPER_DATABASE_URL or DAYPAPER_DATA_DIR."
        )
    if set(found) != set(manifest["tables"]):
        raise ValueError("its tables are not those of its schema")
    for name, table in found.items():
        noted = manifest["tables"][name]
        _load_table(connection, opened, table, noted, tell)
    copies.finish(connection, list(found.values()))


def _load_table(
    connection: Connection,
    opened: zipfile.ZipFile,
    table: Table,
    noted: dict[str, Any],
    tell: Tell,
) -> None:
    digest, done = hashlib.sha256(), 0
    with opened.open(_member(table.name)) as member:
        for lines in _batches(member, table.name):
            for line in lines:
                digest.update(line)
            copies.load(connection, table, [json.loads(line) for line in lines])
            done += len(lines)
            tell(table.name, done, noted["rows"])
    if (done, digest.hexdigest()) != (noted["rows"], noted["sha256"]):
        raise ValueError(f"{table.name} was changed or cut")


def _batches(member: IO[bytes], table: str) -> Iterator[list[bytes]]:
    """Its lines, so many at a time as fit into the memory."""
    lines: list[bytes] = []
    held = 0
    while line := member.readline(_BYTES):
        if len(line) == _BYTES:
            raise ValueError(f"a row of {table} is too long")
        lines.append(line)
        held += len(line)
        if len(lines) == _ROWS or held > _BYTES:
            yield lines
            lines, held = [], 0
    if lines:
        yield lines


def _read(opened: zipfile.ZipFile, name: str) -> bytes:
    with opened.open(name) as member:
        found = member.read(_BYTES + 1)
    if len(found) > _BYTES:
        raise ValueError(f"{name} is too long")
    return found


def _check_files(opened: zipfile.ZipFile, manifest: dict[str, Any], folder: Path) -> None:
    for name in manifest["files"]:
        target = folder / Path(name).name
        if target.exists() and target.read_bytes() != _read(opened, f"data/{name}"):
            raise UsageError(
                f"{target} is there, and another than the backup's: name another DAYPAPER_DATA_DIR, or "
                "move it away; links in letters that were signed with a key that is gone open nothing."
            )


def _restore_files(opened: zipfile.ZipFile, manifest: dict[str, Any], folder: Path) -> None:
    for name in manifest["files"]:
        target = folder / Path(name).name  # never outside the folder, whatever the file says
        with _made_whole(target) as file:
            file.write(_read(opened, f"data/{name}"))


def _member(table: str) -> str:
    return f"tables/{table}.jsonl"


def _summary(manifest: dict[str, Any]) -> Copied:
    tables = manifest["tables"]
    total = sum(one["rows"] for one in tables.values())
    return Copied(tables["paper"]["rows"], total, manifest["taken"], manifest["schema"])
