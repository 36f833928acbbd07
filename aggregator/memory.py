"""Python's own look for garbage, kept away from work that makes many objects and no cycles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unsearched() -> Iterator[None]:
    """Nothing is looked through while a page of papers is stored: it would be again and again, for a
    tenth of the time, and everything else that the program holds with it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
