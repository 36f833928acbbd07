"""Files of papers from elsewhere -> drafts (pure): one file per format, `FORMATS` names them all.

A reader takes the lines of a file and gives, for each item in turn, a draft, several drafts of one
paper, or in words why the item is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from aggregator.imports import bibtex, own, paperlists, snapshot
from aggregator.models import Draft

Item = tuple[Draft, ...] | str
"""The drafts of one item, or why there are none."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its name, how it is known by a file's name and first bytes, and its reader, which
    takes the file's name (some say there what year it is) and its lines. `by_line`: each line that is
    not blank is one item, whatever stands around it."""

    name: str
    fits: Callable[[str, bytes], bool]
    read: Callable[[str, Iterable[bytes]], Iterator[Item]]
    by_line: bool = False


FORMATS: tuple[Format, ...] = (
    Format("arxiv-snapshot", snapshot.fits, snapshot.read, by_line=True),
    Format("jsonl", own.fits, own.read, by_line=True),
    Format("paperlists", paperlists.fits, paperlists.read),
    Format("bibtex", bibtex.fits, bibtex.read),
)
"""In the order in which a file is asked whether it is one."""


def of_name(name: str) -> Format | None:
    """The format of that name."""
    return next((one for one in FORMATS if one.name == name), None)


def recognised(file: str, first: bytes) -> Format | None:
    """The format that a file seems to have, by its name and its first bytes."""
    return next((one for one in FORMATS if one.fits(file, first)), None)
