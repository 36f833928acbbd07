"""Items of a file with their rows made ready to be stored, by a second process, too, while the first
one stores those before.

Whoever has time makes the next piece of the file: the helper always, the first process while it would
have to wait. The first one decides who makes which, and tells the helper numbers only: both read the
whole file. What the helper has made waits in its memory until it is asked for, and it knows a bounded
number of pieces that it is to make. Only finished pieces are handed over, in the order of the file, so
what is stored does not depend on whether there was a helper; if it dies, the first process makes its
pieces, too. It ends with the first process, however that ends: its pipe breaks.
"""

import gc
import multiprocessing
import os
import pickle
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count, islice
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from aggregator import imports
from aggregator.settings import processors
from aggregator.store.lone import Maker, Ready

PIECE = 500  # lines
UNDER_WAY = 16
"""Pieces that the helper is to make or holds: what it can make during the longest transaction of the
first process. They have some 50 MB."""
AHEAD = 24
"""Pieces from the one that is due on that are made by anybody: bounds what the first process holds."""
_START = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
"""A fork starts at once; a new process imports everything anew, which takes as long as the rows of 4,000
papers. macOS has libraries that no fork outlives. The fork never touches the database: it makes rows
until it is killed."""
WORTH_IT = (4 if sys.platform == "linux" else 32) * 2**20
"""Bytes of a file from which on a helper is started, some 2,000 papers, or 16,000."""

Item = tuple[Ready, ...] | str
"""The drafts of one item, ready to be stored, or why there are none."""
Open = Callable[[Path], Iterator[bytes]]
Make = Callable[[Iterable[bytes]], list[Item]]


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
    make = maker(task)
    if not _worth_it(task, helped):
        yield from map(make, _cut(task))
        return
    with _helper(task) as helper:
        yield from _shared(Pieces(task), make, helper)


def _worth_it(task: Task, helped: bool | None) -> bool:
    if helped is None:
        return processors() > 1 and task.path.stat().st_size > WORTH_IT
    return helped


def _cut(task: Task) -> Iterator[list[bytes]]:
    lines = islice((line for line in task.lines(task.path) if not line.isspace()), task.skip, None)
    while piece := list(islice(lines, PIECE)):
        yield piece


def maker(task: Task) -> Make:
    """What makes items of lines of the task's file."""
    form = imports.of_name(task.form)
    assert form is not None
    assert form.by_line
    make = Maker(task.source, task.now, backfill=True, sqlite=task.sqlite)
    return lambda lines: [
        found if isinstance(found, str) else tuple(map(make.ahead, found))
        for found in form.read(task.path.name, lines)
    ]


class Pieces:
    """The lines of pieces by their numbers, which may be asked for a little out of their order."""

    def __init__(self, task: Task) -> None:
        self._cut = enumerate(_cut(task))
        self._passed: dict[int, list[bytes]] = {}

    def lines(self, number: int, due: int) -> list[bytes]:
        """The lines of a piece, none behind the end; pieces before `due` are not asked for any more."""
        while number not in self._passed:
            n, piece = next(self._cut, (number, []))
            self._passed[n] = piece
        self._passed = {n: piece for n, piece in self._passed.items() if n >= due}
        return self._passed[number]


class _Helper:
    """The other end of the pipe to the second process."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._owes = deque[int]()
        self._awake = False

    def has_room(self) -> bool:
        """Does it run, and know of fewer pieces than it might?"""
        if not self._awake and self.is_ready():
            self._awake = self._received() is not None
        return self._awake and len(self._owes) < UNDER_WAY

    def owes(self, number: int) -> bool:
        """Is it to make this piece?"""
        return number in self._owes

    def ask(self, number: int) -> None:
        """Let it make a piece after the others that it is to make."""
        self._owes.append(number)
        with suppress(OSError):
            self._pipe.send(number)

    def is_ready(self) -> bool:
        """Is there anything that need not be waited for?"""
        try:
            return self._pipe.poll()
        except OSError:
            return True

    def receive(self) -> tuple[int, list[Item]] | None:
        """Waits for the next piece; None if there is no helper any more, which then owes nothing."""
        found = self._received()
        if found is None:
            self._owes.clear()
            self._awake = False
            return None
        return self._owes.popleft(), pickle.loads(found)

    def _received(self) -> bytes | None:
        try:
            return self._pipe.recv_bytes()
        except (EOFError, OSError):
            return None


def _shared(given: Pieces, make: Make, helper: _Helper) -> Iterator[list[Item]]:
    made: dict[int, list[Item]] = {}
    free = 0  # the first piece that nobody makes or made
    for due in count():
        free = max(free, due)
        while due not in made:
            while free < due + AHEAD and helper.has_room():
                helper.ask(free)
                free += 1
            if not helper.owes(due):
                made[due] = make(given.lines(due, due))
                free = max(free, due + 1)
            elif not helper.is_ready() and free < due + AHEAD:
                made[free] = make(given.lines(free, due))
                free += 1
            elif found := helper.receive():
                made[found[0]] = found[1]
        piece = made.pop(due)
        if not piece:
            return
        yield piece


@contextmanager
def _helper(task: Task) -> Iterator[_Helper]:
    mine, theirs = Pipe()
    process = _START.Process(target=_serve, args=(theirs, mine, task), daemon=True)
    process.start()
    theirs.close()
    try:
        yield _Helper(mine)
    finally:
        process.kill()  # it may still have this process's way of being told to end
        process.join()
        process.close()
        mine.close()


def _serve(pipe: Connection, other: Connection, task: Task) -> None:
    """What the helper does: it gets the numbers of pieces and sends what it made of them, in that order,
    until the other end is closed. What cannot be read the first process meets, too, and tells of."""
    os.setpgid(0, 0)  # Ctrl-C is for the first process, which ends it
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    other.close()  # else it would never be closed
    with suppress(Exception):
        make, given = maker(task), Pieces(task)
        gc.freeze()  # what was there stays, and rows hold no cycles:
        gc.disable()  # no need to look through all of it again and again
        pipe.send_bytes(b"")  # awake
        finished = SimpleQueue[bytes]()
        Thread(target=_send, args=(pipe, finished), daemon=True).start()
        while True:
            number: int = pipe.recv()
            finished.put(pickle.dumps(make(given.lines(number, number)), -1))
            gc.collect()


def _send(pipe: Connection, finished: SimpleQueue[bytes]) -> None:
    """While the first process stores, it does not listen: only this thread waits for it."""
    with suppress(OSError):
        while True:
            pipe.send_bytes(finished.get())
    os._exit(0)  # nobody listens any more: what else was asked for need not be made
