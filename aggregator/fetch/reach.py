"""Where connections lead. A name is looked up once, right before, and one of the very addresses that were
judged is connected to: a name that changes its address meanwhile (DNS rebinding) leads nowhere else."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from functools import cache
from typing import Any

import httpcore

from aggregator.errors import RefusedError, UnreachableError
from aggregator.parse import addresses

Lookup = Callable[[str, int], list[str]]
"""Host and port -> its IP addresses, at least one. Raises OSError, UnicodeError."""


def lookup(host: str, port: int) -> list[str]:
    """What the machine's resolver says."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def resolve(url: str, ask: Lookup = lookup) -> list[str]:
    """The IP addresses of the host, at least one. Raises RefusedError, UnreachableError."""
    parts = addresses.split(url)
    try:
        return ask(parts.hostname or "", parts.port or 443)
    except UnicodeError as error:
        raise RefusedError(f"{addresses.shown(url)} is no web address.", url=url) from error
    except OSError as error:
        raise UnreachableError(
            f"{parts.hostname} cannot be found ({error.strerror or error}).", url=url
        ) from error


class Reach(httpcore.NetworkBackend):
    """Opens the connections of a client that asks for one thing at a time.

    `url` is what is asked for next, and `private` says whether that may be a private address;
    `went_inside`, whether a connection to one was opened.
    """

    def __init__(self, ask: Lookup = lookup) -> None:
        self.url = ""
        self.private = self.went_inside = False
        self._ask = ask
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connects to the first of the host's addresses that answers. Raises RefusedError if one of them
        is private and must not be, or for a name that cannot be one."""
        try:
            found = self._ask(host, port)
        except UnicodeError as error:
            raise RefusedError(
                f"{addresses.shown(self.url)} is no web address.", url=self.url
            ) from error
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        if not self.private:
            addresses.refuse_private(self.url, found)
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in found:
            try:
                stream = self._plain.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
                continue
            self.went_inside |= not addresses.is_public(address)
            return stream
        raise failed


class Guard:
    """`refused` is the private address that a library tried to connect to, "" if it did not."""

    refused = ""


_guard: ContextVar[Guard | None] = ContextVar("guard", default=None)


@contextlib.contextmanager
def guarded() -> Iterator[Guard]:
    """For a library that looks names up and connects by itself: as long as this lasts, this thread cannot
    connect to an address that is not public."""
    _watch_connections()
    guard = Guard()
    token = _guard.set(guard)
    try:
        yield guard
    finally:
        _guard.reset(token)


@cache
def _watch_connections() -> None:
    """Have Python ask `_connecting` from now on: nothing else sees the address that a library's own socket is
    given. Once for all, and only where a library is used at all: it costs a little each time."""
    sys.addaudithook(_connecting)


def _connecting(event: str, about: tuple[Any, ...]) -> None:
    if event != "socket.connect" or not (guard := _guard.get()):
        return
    address = about[1]
    host = str(address[0]) if isinstance(address, tuple) else str(address)
    try:
        fine = addresses.is_public(host)
    except ValueError:  # a name, to be looked up once more, or a socket of this machine
        fine = False
    if not fine:
        guard.refused = host
        raise PermissionError(f"{host} is a private address")
