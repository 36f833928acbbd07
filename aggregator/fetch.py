"""The only HTTP client: pace, retries, conditional requests, limits of size and time, safe addresses."""

import ipaddress
import re
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
import stamina
from sqlalchemy import Connection

from aggregator import clock
from aggregator.answers import TransientError, judge
from aggregator.errors import (
    BrokenError,
    RefusedError,
    UnreachableError,
)
from aggregator.sources.base import Answer, Validator
from aggregator.store import ledger

PROJECT_PAGE = "https://github.com/daypaper/daypaper"
MOST_BYTES = 64 * 2**20  # after decompression; arXiv's OAI pages are 2-10 MB
MOST_SECONDS = 180  # for one answer, however slowly it drips
TIMEOUT = httpx.Timeout(60, connect=15)
MOST_REDIRECTS = 5
ATTEMPTS = 3


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Manners:
    """How one source asks: whom it must be polite to, how fast, and which addresses are its own."""

    upstream: str
    pace: timedelta
    own_hosts: frozenset[str]


class Fetcher:
    """Paced requests for one source; `requests` counts those sent. Close it when done.

    `transaction` opens a write transaction of the store (the ledger), `wall` and `sleep` are the
    real clock; tests hand in others.
    """

    def __init__(
        self,
        manners: Manners,
        transaction: Callable[[], AbstractContextManager[Connection]],
        *,
        contact: str,
        allow_private: bool = False,
        wall: Callable[[], datetime] = clock.wall,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.requests = 0
        self._manners = manners
        self._transaction = transaction
        self._allow_private = allow_private
        self._wall = wall
        self._sleep = sleep
        self._client = httpx.Client(
            headers={"User-Agent": user_agent(contact), "Accept-Encoding": "gzip, deflate"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            # One connection at a time is what arXiv asks for; nobody else minds.
            limits=httpx.Limits(max_connections=1, keepalive_expiry=30),
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        """GET, as `sources.base.Http` promises."""
        full = str(httpx.URL(url, params=params)) if params else url
        sent = dict(headers or {})
        known = None
        if conditional:
            with self._transaction() as connection:
                known = ledger.validator(connection, full)
            if known and known.etag:
                sent["If-None-Match"] = known.etag
            if known and known.last_modified:
                sent["If-Modified-Since"] = known.last_modified
        return self._persist(lambda: self._once("GET", full, known, headers=sent))

    def post(
        self, url: str, *, data: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer:
        """POST a form, as `sources.base.Http` promises."""
        return self._persist(lambda: self._once("POST", url, None, data=dict(data), auth=auth))

    def _persist(self, ask: Callable[[], Answer]) -> Answer:
        """Ask up to three times where trying again can help."""
        try:
            for attempt in stamina.retry_context(
                on=_wait_before_retry,
                attempts=ATTEMPTS,
                timeout=None,
                wait_initial=1.0,
                wait_max=20,
            ):
                with attempt:
                    return ask()
        except TransientError as error:
            raise error.error from error
        raise AssertionError("stamina gives at least one attempt")

    def _once(self, method: str, url: str, known: Validator | None, **request: Any) -> Answer:
        for _ in range(MOST_REDIRECTS + 1):
            self._refuse_private(url)
            self._wait_for_turn()
            response, body = self._send(method, url, **request)
            if response.is_redirect and "location" in response.headers:
                target = _joined(url, response.headers["location"])
                if _origin(target) != _origin(url):
                    # What proves who we are is for the one it was meant for.
                    request.pop("auth", None)
                    request["headers"] = _without_secrets(request.get("headers", {}))
                if response.status_code in (301, 302, 303):
                    method = "GET"
                    request.pop("data", None)
                url = target
                continue
            return judge(url, response.status_code, response.headers, body, known)
        raise RefusedError(f"{url} redirects more than {MOST_REDIRECTS} times.", url=url)

    def _wait_for_turn(self) -> None:
        if not self._manners.pace:
            return
        with self._transaction() as connection:
            now = self._wall()
            start = ledger.reserve(connection, self._manners.upstream, self._manners.pace, now)
        if start > now:
            self._sleep((start - now).total_seconds())

    def _send(self, method: str, url: str, **request: Any) -> tuple[httpx.Response, bytes]:
        self.requests += 1
        host = urlsplit(url).netloc
        started = time.monotonic()
        body = bytearray()
        try:
            with self._client.stream(method, url, **request) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise BrokenError(
                            f"{host} sent more than {MOST_BYTES >> 20} MB; given up.", url=url
                        )
                    if time.monotonic() - started > MOST_SECONDS:
                        raise UnreachableError(
                            f"{host} was still sending after {MOST_SECONDS} s; given up.", url=url
                        )
                return response, bytes(body)
        except httpx.ConnectError as error:
            raise UnreachableError(
                f"{host} cannot be reached ({_plainly(error)}).", url=url
            ) from error
        except httpx.TimeoutException as error:
            late = UnreachableError(f"{host} did not answer in time.", url=url)
            raise TransientError(late) from error
        except (httpx.RemoteProtocolError, httpx.NetworkError) as error:
            cut = UnreachableError(f"{host} cut the connection ({_plainly(error)}).", url=url)
            raise TransientError(cut) from error
        except httpx.DecodingError as error:
            raise BrokenError(f"{host} sent an answer that cannot be unpacked.", url=url) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise RefusedError(f"{url} is no address that can be fetched.", url=url) from error

    def _refuse_private(self, url: str) -> None:
        """Refuse loopback and private addresses, unless the source's own base URL is one."""
        try:
            parts = urlsplit(url)
            port = parts.port or 443
        except ValueError as error:
            raise RefusedError(f"{url} is no web address.", url=url) from error
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RefusedError(f"{url} is no web address.", url=url)
        if self._allow_private or parts.netloc in self._manners.own_hosts:
            return
        try:
            found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise RefusedError(f"{url} is no web address.", url=url) from error
        except OSError as error:
            raise UnreachableError(
                f"{parts.hostname} cannot be found ({error.strerror or error}).", url=url
            ) from error
        for *_, address in found:
            if not _is_public(ipaddress.ip_address(str(address[0]).partition("%")[0])):
                raise RefusedError(
                    f"{parts.netloc} is a private address, which is refused "
                    "(DAYPAPER_ALLOW_PRIVATE_UPSTREAMS allows it).",
                    url=url,
                )


def _is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Global, no multicast, and no IPv6 form that carries an IPv4 address (NAT64, 6to4, mapped)."""
    carries = isinstance(address, ipaddress.IPv6Address) and (
        address.ipv4_mapped or address.sixtofour or address in _NAT64
    )
    return address.is_global and not address.is_multicast and not carries


def user_agent(contact: str) -> str:
    """Names Daypaper and whom to write to, as arXiv and Reddit ask for."""
    return f"Daypaper/0.1 (literature watcher; {contact or PROJECT_PAGE})"


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise RefusedError(f"{url} redirects to no web address.", url=url) from error


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "authorization"}


def _wait_before_retry(error: Exception) -> bool | float:
    if not isinstance(error, TransientError):
        return False
    return error.wait if error.wait is not None else True


def _plainly(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return re.sub(r"^\[Errno -?\d+\]\s*", "", text).rstrip(".")
