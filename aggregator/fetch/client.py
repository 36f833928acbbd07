"""The only HTTP client: pace, retries, conditional requests, limits of size and time, safe addresses."""

import contextlib
import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx
import stamina

from aggregator import clock
from aggregator.errors import BrokenError, RefusedError, SourceError, UnreachableError
from aggregator.fetch.answers import TransientError, discreet, judge
from aggregator.fetch.manners import Manners, Politeness
from aggregator.fetch.reach import Lookup, Reach, lookup, resolve
from aggregator.fetch.watchdog import Watch
from aggregator.parse import addresses
from aggregator.sources.base import Answer, Validator
from aggregator.store import ledger
from aggregator.store.db import Store

PROJECT_PAGE = "https://github.com/daypaper/daypaper"
MOST_BYTES = 64 * 2**20  # after decompression; arXiv's OAI pages are 2-10 MB
PATIENCE = 60.0  # seconds of silence; a slow line may need more, an impatient operator less
DRIP = 3  # times the patience: for one answer, however slowly it drips
CONNECT = 15.0  # seconds at most until a connection stands
MOST_REDIRECTS = 5
ATTEMPTS = 3
POST_BYTES = 64 * 2**10
POST_SECONDS = 30.0
"""From connecting to the answer; Standard Webhooks recommends 15 to 30."""


class Line:
    """Connections to hosts, one open at a time, that sources use one after the other. Close it when
    done."""

    def __init__(self, contact: str, patience: float = PATIENCE, ask: Lookup = lookup) -> None:
        """`patience` is as a `Fetcher` has it; `ask` looks names up, tests hand in another."""
        self._reach = Reach(ask)
        self._transport = _Transport(self._reach)
        self.client = httpx.Client(
            headers={"User-Agent": user_agent(contact), "Accept-Encoding": "gzip, deflate"},
            transport=self._transport,
            timeout=httpx.Timeout(patience, connect=min(CONNECT, patience)),
            follow_redirects=False,
            trust_env=False,
        )

    def taken(self) -> httpx.Client:
        """The client, for another source: what hosts had it remember of the one before is gone."""
        self.client.cookies.clear()
        return self.client

    def lead(self, url: str, *, private: bool) -> None:
        """What is asked for next, and whether it may be at a private address. If not, no connection to one
        that was allowed before is used, either."""
        self._reach.url, self._reach.private = url, private
        if self._reach.went_inside and not private:
            self._transport.close()
            self._reach.went_inside = False

    def close(self) -> None:
        """Close the connection."""
        self.client.close()


class _Transport(httpx.HTTPTransport):
    """That of httpx, but for who opens the connections, which it has no parameter for."""

    def __init__(self, reach: Reach) -> None:
        super().__init__(verify=_trusted(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trusted(),
            # One connection at a time is what arXiv asks for; nobody else minds.
            max_connections=1,
            keepalive_expiry=30,
            network_backend=reach,
        )


class Fetcher:
    """Paced requests for one source; `requests` counts those sent. Close it when done.

    The ledger is in `store`; `wall` and `sleep` are the real clock, tests hand in others. `patience` is how
    many seconds a host may be silent; an answer that keeps dripping may take thrice as long. Where one of
    the addresses `given` has user and password, all is asked for with them. A `line` of others is left open.
    """

    def __init__(
        self,
        manners: Manners,
        store: Store,
        *,
        contact: str,
        given: Iterable[str] = (),
        allow_private: bool = False,
        patience: float = PATIENCE,
        wall: Callable[[], datetime] = clock.wall,
        sleep: Callable[[float], None] = time.sleep,
        line: Line | None = None,
    ) -> None:
        self.requests = 0
        self._own_hosts = manners.own_hosts
        parted = [addresses.parted(url) for url in given]
        self._users = {urlsplit(url)[:2]: user for url, user in parted if user}
        self._given = [url for url, _ in parted]
        self._source = manners.source
        self._politeness = Politeness(manners, store.write, wall, sleep)
        self._store = store
        self._allow_private = allow_private
        self._most_seconds = DRIP * patience
        self._close = contextlib.ExitStack()
        if line is None:
            line = self._close.enter_context(contextlib.closing(Line(contact, patience)))
        self._line, self._client = line, line.taken()

    def close(self) -> None:
        """Close the connection, unless it is that of others."""
        self._close.close()

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        """GET, as `sources.base.Http` promises."""
        full = str(httpx.URL(url, params=params)) if params else url
        sent = dict(headers or {})
        known = None
        if conditional:
            with self._store.read() as connection:
                known = ledger.validator(connection, self._source, full)
            if known and known.etag:
                sent["If-None-Match"] = known.etag
            if known and known.last_modified:
                sent["If-Modified-Since"] = known.last_modified
        return self._persist(lambda: self._once("GET", full, known, secret, headers=sent))

    def post(
        self, url: str, *, data: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer:
        """POST a form, as `sources.base.Http` promises."""
        return self._persist(lambda: self._once("POST", url, None, data=dict(data), auth=auth))

    def post_json(
        self,
        url: str,
        document: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """POST a JSON document, as `sources.base.Http` promises."""
        sent = {"json": dict(document), "headers": dict(headers or {})}
        return self._persist(lambda: self._once("POST", url, None, **sent))

    def _persist(self, ask: Callable[[], Answer]) -> Answer:
        """Ask up to three times where trying again can help. A wish to be left alone for long is heard at
        once, and by the rest of the run, whatever the source makes of the refusal."""
        with self._politeness.hearing():
            return self._try(ask)

    def _try(self, ask: Callable[[], Answer]) -> Answer:
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
            raise discreet(error.error, self._given) from error
        except SourceError as error:
            raise discreet(error, self._given) from error.__cause__
        raise AssertionError("stamina gives at least one attempt")

    def _once(
        self,
        method: str,
        url: str,
        known: Validator | None,
        secret: Mapping[str, str] | None = None,
        **request: Any,
    ) -> Answer:
        url, user = addresses.parted(url)  # no message has them, and no link that is joined to it
        request["auth"] = request.get("auth") or user or self._users.get(urlsplit(url)[:2])
        for _ in range(MOST_REDIRECTS + 1):
            netloc = addresses.split(url).netloc
            # The source's own base URLs may be private.
            private = self._allow_private or netloc in self._own_hosts
            self._line.lead(url, private=private)
            with self._politeness.turn():
                response, body = self._send(method, url, secret, **request)
            if response.is_redirect and "location" in response.headers:
                target = addresses.joined(url, response.headers["location"])
                if secret:  # some servers send back what they were asked with
                    target = _without_parameters(target, secret)
                if not addresses.same_origin(target, url):
                    # What proves who we are is for the one it was meant for.
                    request.pop("auth", None)
                    request.pop("json", None)
                    request["headers"] = _without_secrets(request.get("headers", {}))
                    secret = None
                if response.status_code in (301, 302, 303):
                    method = "GET"
                    request.pop("data", None)
                    request.pop("json", None)
                url = target
                continue
            if response.headers.get("x-ratelimit-remaining") == "0":
                self._politeness.spend_all()
            return judge(url, response.status_code, response.headers, body, known)
        raise RefusedError(
            f"{addresses.shown(url)} redirects more than {MOST_REDIRECTS} times.", url=url
        )

    def _send(
        self, method: str, url: str, secret: Mapping[str, str] | None, **request: Any
    ) -> tuple[httpx.Response, bytes]:
        self.requests += 1
        host = urlsplit(url).netloc
        started = time.monotonic()
        body = bytearray()
        try:
            sent = httpx.URL(url).copy_merge_params(secret) if secret else url
            with self._client.stream(method, sent, **request) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > MOST_BYTES:
                        raise BrokenError(
                            f"{host} sent more than {MOST_BYTES >> 20} MB; given up.", url=url
                        )
                    if time.monotonic() - started > self._most_seconds:
                        raise UnreachableError(
                            f"{host} was still sending after {self._most_seconds:g} s; given up.",
                            url=url,
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
            raise RefusedError(
                f"{addresses.shown(url)} is no address that can be fetched.", url=url
            ) from error


@dataclass(frozen=True, slots=True)
class Posted:
    """The answer, header names in lower case; without one `status` is 0 and `problem` says what
    happened. `maybe`: everything had been sent, so it may have been taken all the same."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""
    maybe: bool = False
    body: bytes = b""


class Sender:
    """Asks addresses that people gave: once, the machine that was looked at, no redirects.

    Plain http goes to private addresses only, and those are refused unless `allow_private`, or unless
    the host (and port) is one of `own_hosts`, which whoever runs Daypaper named.
    """

    def __init__(
        self,
        contact: str,
        *,
        allow_private: bool = False,
        own_hosts: Iterable[str] = (),
        seconds: float = POST_SECONDS,
        ssl_context: ssl.SSLContext | None = None,
        ask: Lookup = lookup,
    ) -> None:
        self._ask = ask
        self._allow_private = allow_private
        self._own_hosts = frozenset(own_hosts)
        self._seconds = seconds
        self._client = httpx.Client(
            headers={"User-Agent": user_agent(contact)},
            verify=ssl_context or _trusted(),
            timeout=httpx.Timeout(seconds / 2),
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    def close(self) -> None:
        """Let go of everything."""
        self._client.close()

    def post_json(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """POST a JSON document; of the answer only status and headers are looked at.

        Raises RefusedError for an address that nothing may be sent to.
        """
        sent = {**headers, "Content-Type": "application/json"}
        return self.ask("POST", url, body, sent)

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Send a request; of the answer's body the first `POST_BYTES` are kept, as they came.

        Raises RefusedError for an address that nothing may be sent to.
        """
        parts = addresses.split(url)
        host = parts.hostname or ""
        try:
            found = resolve(url, self._ask)
        except UnreachableError as error:
            return Posted(problem=str(error))
        if not self._allow_private and parts.netloc not in self._own_hosts:
            addresses.refuse_private(url, found)
        if parts.scheme == "http" and any(map(addresses.is_public, found)):
            raise RefusedError(f"{host} is public; expected https://.", url=url)
        # The name is looked up once: asked again, it could lead elsewhere than what was looked at.
        pinned = httpx.URL(url).copy_with(host=found[0])
        sent = {"Accept-Encoding": "identity", **headers, "Host": parts.netloc}
        return self._send(method, pinned, host, content=body, headers=sent)

    def _send(self, method: str, url: httpx.URL, host: str, **request: Any) -> Posted:
        watch = Watch(self._seconds)
        extensions = {"trace": watch.note, "sni_hostname": host}
        try:
            stream = self._client.stream(method, url, extensions=extensions, **request)
            with watch, stream as response:
                # Taken off its hands as far as is fair, or the other side sees a broken connection.
                body = bytearray()
                with contextlib.suppress(httpx.HTTPError):
                    for piece in response.iter_raw(POST_BYTES):
                        body += piece
                        if len(body) >= POST_BYTES:
                            break
                kept = bytes(body[:POST_BYTES])
                return Posted(response.status_code, dict(response.headers), body=kept)
        except httpx.HTTPError as error:
            late = watch.late or isinstance(error, httpx.TimeoutException)
            why = "did not answer in time" if late else f"cannot be reached ({_plainly(error)})"
            return Posted(problem=f"{host} {why}.", maybe=watch.handed_over)


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes 20 ms, more than asking a feed does."""
    return httpx.create_ssl_context(trust_env=False)


def user_agent(contact: str) -> str:
    """Names Daypaper and whom to write to, as arXiv and Reddit ask for."""
    return f"Daypaper/0.1 (literature watcher; {contact or PROJECT_PAGE})"


_SECRET_HEADERS = ("authorization", "x-api-key")


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _SECRET_HEADERS}


def _without_parameters(url: str, names: Iterable[str]) -> str:
    bare = httpx.URL(url)
    for name in names:
        bare = bare.copy_remove_param(name)
    return str(bare)


def _wait_before_retry(error: Exception) -> bool | float:
    if not isinstance(error, TransientError):
        return False
    return error.wait if error.wait is not None else True


def _plainly(error: Exception) -> str:
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return re.sub(r"^\[Errno -?\d+\]\s*", "", text).rstrip(".")
