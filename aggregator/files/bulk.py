"""Takes whole files of papers into the store, a batch in a transaction, and goes on where a killed
import ended."""

import gc
import gzip
import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, cast

from aggregator.collect.ingest import store_drafts
from aggregator.errors import UsageError
from aggregator.files import readahead
from aggregator.files.readahead import Item, Task
from aggregator.imports import FORMATS, Format, of_name, recognised
from aggregator.memory import unsearched
from aggregator.store import ledger, lone, search
from aggregator.store.db import Store
from aggregator.store.lone import Ready
from aggregator.store.meanwhile import tidied

SOURCE = "import"
BATCH = 4_000  # items in a transaction: about a second of the write lock
_FIRST = 64 * 2**10  # bytes by which a format is known
_LINE = 256 * 2**20  # the longest line that is read at once: a whole array may stand on one
_SHOWN = 5  # reasons for what was left out

Tell = Callable[[int], None]
"""Hears how many items were read so far."""


@dataclass(slots=True)
class Loaded:
    """What became of a file: entries by what they changed, items left out with the first reasons;
    `resumed` items had been read by an import that did not end."""

    form: str
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    left_out: int = 0
    resumed: int = 0
    reasons: tuple[str, ...] = ()


def load(
    store: Store, path: Path, form: str, now: datetime, tell: Tell, *, helped: bool | None = None
) -> Loaded:
    """Store every paper of a file as back-fill: shown, never told as news. `form` names a format, or
    is "auto". Doing it again changes nothing. `helped`: as of `readahead.pieces`.

    Raises UsageError if the file cannot be read or is of no known form.
    """
    try:
        with _opened(path) as (file, stream):
            chosen = _format(path, stream.peek(_FIRST), form)  # type: ignore[attr-defined]
            mark = f"{chosen.name}:{_fingerprint(file)}"
            done = Loaded(chosen.name, resumed=_resumed(store, mark))
            if chosen.by_line:
                task = Task(path, chosen.name, done.resumed, lines, SOURCE, now, store.is_sqlite)
                pieces = readahead.pieces(task, helped=helped)
            else:
                pieces = _pieces(chosen, path, _lines(stream), done.resumed)
            read = done.resumed
            with tidied(store) as tidy, _expecting_many(store):
                for batch in _batches(pieces):
                    read += len(batch)
                    _store(store, batch, {mark: read}, done, now)
                    tidy()
                    batch.clear()  # not looked through once more
                    gc.collect()
                    tell(done.new + done.updated + done.unchanged + done.left_out + done.resumed)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"{path}: cannot be read: {reason}.") from None
    with store.write() as connection:
        ledger.save_checkpoints(connection, SOURCE, {mark: None})
    return done


@contextmanager
def _expecting_many(store: Store) -> Iterator[None]:
    """The index is told, and Python's collector: what was there before is never looked through, what a
    batch leaves after each of them."""
    with store.write() as connection:
        search.expect_many(connection)
    gc.freeze()
    try:
        with unsearched():
            yield
    finally:
        gc.unfreeze()
        with store.write() as connection:
            search.expect_few(connection)


def lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked if it is packed. Raises OSError, EOFError or zlib.error."""
    with _opened(path) as (_, stream):
        yield from _lines(stream)


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: stream.readline(_LINE), b"")


def _batches(pieces: Iterable[list[Item]]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for piece in pieces:
        batch += piece
        if len(batch) >= BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _pieces(chosen: Format, path: Path, given: Iterator[bytes], skip: int) -> Iterator[list[Item]]:
    """The items of a file that has to be read as a whole."""
    try:
        for found in islice(chosen.read(path.name, given), skip, None):
            yield [found if isinstance(found, str) else tuple(map(lone.ready, found))]
    except (ValueError, RecursionError) as error:  # the whole is not what it should be
        raise UsageError(f"{path}: not in the form {chosen.name}: {error}.") from None


def _store(
    store: Store, batch: list[Item], place: dict[str, int], done: Loaded, now: datetime
) -> None:
    drafts: list[Ready] = []
    for item in batch:
        if isinstance(item, str):
            done.left_out += 1
            done.reasons = (*done.reasons, item)[:_SHOWN]
        else:
            drafts += item
    with store.write() as connection:
        search.collect(connection)
        counts, _, _ = store_drafts(connection, [], SOURCE, now, backfill=True, ahead=drafts)
        # How far this process is: another one may be taking in the same file.
        ledger.save_checkpoints(connection, SOURCE, place)
    done.new += counts.new
    done.updated += counts.updated
    done.unchanged += counts.unchanged


def _resumed(store: Store, mark: str) -> int:
    with store.read() as connection:
        return int(ledger.checkpoints(connection, SOURCE).get(mark) or 0)


def _format(path: Path, first: bytes, form: str) -> Format:
    known = ", ".join(one.name for one in FORMATS)
    if form != "auto":
        found = of_name(form)
        if found is None:
            raise UsageError(f"--format: {form!r} is not known; expected auto or one of: {known}.")
        return found
    found = recognised(path.name, first)
    if found is None:
        raise UsageError(f"{path}: not recognised; name its --format, one of: {known}.")
    return found


def _fingerprint(file: BinaryIO) -> str:
    """Tells a file by its length and its first megabyte, wherever it lies."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    begun = file.read(2**20)
    file.seek(0)
    return hashlib.sha256(begun + str(size).encode()).hexdigest()[:24]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """(the file as it is, what it says, unpacked)."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        if not packed:
            with path.open("rb") as stream:
                yield file, stream
            return
        with gzip.open(path) as stream:
            yield file, cast(BinaryIO, stream)


def reasons(done: Sequence[Loaded]) -> str:
    """Why items were left out, in one sentence; "" if none was."""
    count = sum(one.left_out for one in done)
    first = next((reason for one in done for reason in one.reasons), "")
    return f"{count} items were left out (first: {first})." if count else ""
