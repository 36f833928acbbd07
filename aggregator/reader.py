"""What the helper of `readahead.py` does: it gets a task, then numbers of pieces again and again, and
sends what it made of them, in that order."""

import gc
import pickle
import sys
import zlib
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread

from aggregator.readahead import Pieces, Task, maker


def main() -> None:
    """Talk over the file descriptor that the command line names, until its other end is closed. What
    cannot be read the first process meets, too, and tells of."""
    with suppress(OSError, EOFError, zlib.error), Connection(int(sys.argv[1])) as pipe:
        task: Task = pipe.recv()
        make, given = maker(task), Pieces(task)
        gc.freeze()  # what was imported stays, and rows hold no cycles:
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


if __name__ == "__main__":
    main()
