"""How often one client may ask for something, counted in this process by the library `limits`."""

import ipaddress
import time
from collections.abc import Mapping
from math import ceil

from fastapi import HTTPException, Request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from aggregator.settings import LIMITS, Settings
from api.address import is_local

_HOME = 64  # an IPv6 customer has a network of this size to choose addresses from (RFC 6177)


class Limiter:
    """The limits of an app, by the kind of what is asked; a kind without a rule is not limited."""

    def __init__(self, rules: Mapping[str, str]) -> None:
        """`rules` are in the notation of `limits`: "10/hour", "5/second;100/minute"."""
        self._rules: dict[str, list[RateLimitItem]] = {
            kind: parse_many(rule) for kind, rule in rules.items() if rule
        }
        self._counts = FixedWindowRateLimiter(MemoryStorage())

    @classmethod
    def of(cls, settings: Settings) -> "Limiter":
        """As the settings say."""
        return cls({kind: getattr(settings, f"limit_{kind}") for kind in LIMITS})

    def take(self, kind: str, client: str) -> None:
        """Count one. Raises HTTPException 429 if there were too many before."""
        for rule in self._rules.get(kind, ()):
            if not self._counts.hit(rule, kind, client):
                self._refuse(rule, kind, client)

    def check(self, kind: str, client: str) -> None:
        """Raises HTTPException 429 if there were too many already; counts nothing."""
        for rule in self._rules.get(kind, ()):
            if not self._counts.test(rule, kind, client):
                self._refuse(rule, kind, client)

    def _refuse(self, rule: RateLimitItem, kind: str, client: str) -> None:
        ends = self._counts.get_window_stats(rule, kind, client).reset_time
        seconds = max(1, ceil(ends - time.time()))
        raise HTTPException(
            429,
            f"Too many requests from here: {kind} are limited to {rule.amount} per "
            f"{rule.multiples if rule.multiples > 1 else ''}{rule.GRANULARITY.name}; "
            f"try again in {seconds} seconds.",
            {"Retry-After": str(seconds)},
        )


def client_of(request: Request) -> str:
    """Who asks, as limits count: the network address, of IPv6 the network of one customer."""
    given = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return given
    if isinstance(address, ipaddress.IPv4Address):
        return given
    if address.ipv4_mapped:  # a proxy that listens for both at once names clients of IPv4 so
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), _HOME), strict=False))


def admit(request: Request, limiter: Limiter, token: int | None) -> None:
    """Count a request against its token, else its address. Raises HTTPException 429.

    Who sits at this machine is not counted: nobody else waits for an answer of it.
    """
    if token is not None or not is_local(request):
        client = client_of(request) if token is None else f"token {token}"
        limiter.take(_kind(request), client)


_BY_LINK = ("/confirm/", "/unsubscribe/", "/preferences/", "/feedback/")
"""Mail providers post here for all their customers (one-click unsubscribing)."""
_SEARCHED = ("q", "author")


def _kind(request: Request) -> str:
    path = request.url.path
    if request.method not in ("GET", "HEAD") and not path.startswith(_BY_LINK):
        return "writes"
    return "searches" if any(map(request.query_params.get, _SEARCHED)) else "reads"
