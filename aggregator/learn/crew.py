"""Papers looked at by processes beside this one, one for each processor, where many are to be tagged.

This process reads and writes. A helper that dies loses nothing: its papers are looked at here. The
helpers end with this process, however that ends: their pipes break.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, Pipe
from queue import SimpleQueue
from threading import Event

from aggregator.settings import processors
from aggregator.tag.anew import Change, Look, Stored

WORTH_IT = 8_000
"""Papers from which on helpers are started: their start takes as long as tagging some 5,000."""

Ask = Callable[[Sequence[Stored], bool], Future[list[Change]]]
"""Papers, and whether every topic is looked at (`Look.changes`) -> what tagging them changes, later."""


@contextmanager
def crew(look: Look, papers: int) -> Iterator[tuple[Ask, int]]:
    """Gives a function to have papers looked at, and how many batches are to be under way so that
    nobody waits. `papers`: about how many there are. Without helpers it looks at once."""
    count = processors()
    # An embedder uses all processors by itself.
    if papers < WORTH_IT or count < 2 or any(one.meaning for one in look.taggers.values()):
        yield partial(_at_once, look), 1
        return
    ending, free = Event(), SimpleQueue[Connection]()

    def work(given: Sequence[Stored], whole: bool) -> list[Change]:
        helper = free.get()
        try:
            helper.send((given, whole))
            return helper.recv()
        except (EOFError, OSError):
            if ending.is_set():
                raise
            return look.changes(given, whole=whole)
        finally:
            free.put(helper)

    helpers = [_start(look) for _ in range(count)]
    for mine, _ in helpers:
        free.put(mine)
    threads = ThreadPoolExecutor(count)
    try:
        yield partial(threads.submit, work), 2 * count
    finally:
        ending.set()
        for _, process in helpers:
            process.terminate()
        threads.shutdown(cancel_futures=True)
        for mine, process in helpers:
            process.wait()
            mine.close()


def _at_once(look: Look, given: Sequence[Stored], whole: bool) -> Future[list[Change]]:
    done = Future[list[Change]]()
    done.set_result(look.changes(given, whole=whole))
    return done


def _start(look: Look) -> tuple[Connection, subprocess.Popen[bytes]]:
    mine, theirs = Pipe()
    with theirs:
        # Not by multiprocessing, which would import all of the command line first; in a group of its
        # own, so that Ctrl-C is for this process, which ends it.
        command = [sys.executable, "-m", "aggregator.learn.helper", str(theirs.fileno())]
        process = subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            process_group=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    with suppress(OSError):
        mine.send(look)
    return mine, process
