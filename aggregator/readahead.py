"""Items of a file with their rows made ready to be stored, most of them in a second process, while
the first one stores those before.

Both processes read the whole file and agree by counting which piece of it is whose. Only finished
pieces are handed over, in the order of the file, so what is stored does not depend on whether there
was a helper; if it dies, the first process makes its pieces, too. It ends with the first process,
however that ends: its pipe breaks.
"""

import multiprocessing
import signal
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from aggregator import imports
from aggregator.settings import processors
from aggregator.store.lone import Maker, Ready

PIECE = 500  # lines
OWN = 5
"""Every so manieth piece is made by the first process: making a paper's rows takes it about twice as
long as storing them, so both are then about equally busy."""

WORTH_IT = 32 * 2**20
"""Bytes of a file from which on a helper is started, some 16,000 papers: its start takes as long as
making the rows of 4,000 to 5,000."""

Item = tuple[Ready, ...] | str
"""The drafts of one item, ready to be stored, or why there are none."""
Open = Callable[[Path], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class Task:
    """A file in a format that goes by the line, from which item on it is to be read, how it is opened,
    and as what its papers are stored."""

    path: Path
    form: str
    skip: int
    lines: Open
    source: str
    now: datetime
    sqlite: bool


def pieces(task: Task, *, helped: bool | None = None) -> Iterator[list[Item]]:
    """The items of a file, a piece at a time; `helped` None: where there are two processors and the
    file is large enough."""
    make = _maker(task)
    with _helper(task) if _worth_it(task, helped) else _nobody() as other:
        for n, lines in enumerate(_cut(task)):
            found = other() if n % OWN < OWN - 1 else None
            yield make(lines) if found is None else found


def _worth_it(task: Task, helped: bool | None) -> bool:
    if helped is None:
        return processors() > 1 and task.path.stat().st_size > WORTH_IT
    return helped


def _cut(task: Task) -> Iterator[list[bytes]]:
    lines = islice((line for line in task.lines(task.path) if not line.isspace()), task.skip, None)
    while piece := list(islice(lines, PIECE)):
        yield piece


def _maker(task: Task) -> Callable[[Iterable[bytes]], list[Item]]:
    form = imports.of_name(task.form)
    assert form is not None
    assert form.by_line
    make = Maker(task.source, task.now, backfill=True, sqlite=task.sqlite)
    return lambda lines: [
        found if isinstance(found, str) else tuple(make.ahead(draft) for draft in found)
        for found in form.read(task.path.name, lines)
    ]


@contextmanager
def _nobody() -> Iterator[Callable[[], list[Item] | None]]:
    yield lambda: None


@contextmanager
def _helper(task: Task) -> Iterator[Callable[[], list[Item] | None]]:
    """Gives a function that waits for the helper's next piece; None if there is no helper any more."""
    # A new interpreter: a copy of this one would hold its connections and locks.
    fresh = multiprocessing.get_context("spawn")
    mine, theirs = fresh.Pipe(duplex=False)
    process: BaseProcess = fresh.Process(target=_help, args=(task, mine, theirs), daemon=True)
    process.start()
    theirs.close()

    def receive() -> list[Item] | None:
        try:
            return mine.recv()
        except (EOFError, OSError):
            return None

    try:
        yield receive
    finally:
        mine.close()
        process.terminate()
        process.join()


def _help(task: Task, mine: Connection, theirs: Connection) -> None:
    """What the helper does. What it cannot read, the first process meets and tells of."""
    mine.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends it
    make = _maker(task)
    with suppress(OSError, EOFError, zlib.error):
        for n, lines in enumerate(_cut(task)):
            if n % OWN < OWN - 1:
                theirs.send(make(lines))
