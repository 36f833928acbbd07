"""What a helper of `crew.py` does: it gets models, then papers again and again, and answers what tagging
them changes. It imports nothing but what that needs: its start is most of its cost."""

import gc
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from aggregator.tag.anew import Look


def main() -> None:
    """Talk over the file descriptor that the command line names, until its other end is closed."""
    with suppress(OSError, EOFError), Connection(int(sys.argv[1])) as pipe:
        look: Look = pipe.recv()
        gc.freeze()  # the models stay: no need to look through them again and again
        while True:
            papers, whole = pipe.recv()
            pipe.send(look.changes(papers, whole=whole))


if __name__ == "__main__":
    main()
