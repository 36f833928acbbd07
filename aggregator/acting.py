"""Who is changing something, and what: said where a request or a command comes in; the store writes it
into the audit log in the same transaction as the change."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass
class Act:
    """One request or command that may change something. None of this may hold a secret."""

    who: str  # token PREFIX (NAME), person NUMBER, slack MEMBER, owner, visitor
    what: str  # a command or a route
    place: str  # a network address, "command line" or "slack"
    about: list[str] = field(default_factory=list)  # names of what was changed
    written: bool = False  # its line stands in the log


_current: ContextVar[Act | None] = ContextVar("act", default=None)


def current() -> Act | None:
    """The act that goes on here, if it is one that is logged."""
    return _current.get()


def begin(act: Act) -> None:
    """What follows here, and in threads that take this context over, is this act."""
    _current.set(act)


@contextmanager
def acting(act: Act) -> Iterator[None]:
    """What is done inside is this act."""
    before = _current.set(act)
    try:
        yield
    finally:
        _current.reset(before)


def about(name: str) -> None:
    """The act concerns this, too."""
    if act := _current.get():
        act.about.append(name)


def by(who: str) -> None:
    """Only now it is known who acts."""
    if act := _current.get():
        act.who = who
