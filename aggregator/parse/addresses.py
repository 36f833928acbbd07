"""What a web address says and which machine it may lead to, by looking at it alone; pure."""

import ipaddress
import re
from collections.abc import Iterable
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from aggregator.errors import RefusedError

_GIVEN_OUT = ipaddress.ip_network("2000::/3")
"""All IPv6 addresses of machines on the internet. What lies elsewhere may carry an IPv4 address (mapped,
NAT64, translated) or lead to the own network (site-local), whatever Python's version knows of it."""

_WORD = re.compile(r"[a-z]{1,12}(\.[a-z]{2,4})?")
_USER = re.compile(r"(?<=//)[^/?#]*@")


def shown(url: str) -> str:
    """The address as people may see it: without user and password, and without what follows its path, where
    a key may stand."""
    return re.split(r"[?#]", _USER.sub("", url), maxsplit=1)[0]


def masked(path: str) -> str:
    """The path of an address that a person gave, as everybody may see it: its first word, by which it is
    known again. A key may stand in all the rest, or in the first place: what is no plain word is left out,
    too."""
    first, more, _ = path[1:].partition("/")
    if not _WORD.fullmatch(first):
        return "/…" if path[1:] else path
    return f"/{first}/…" if more else path


def discreet(url: str) -> str:
    """`shown`, of an address that a person gave: with a masked path."""
    bare, own = shown(url), path(url)
    return bare.removesuffix(own) + masked(own)


def path(url: str) -> str:
    """Its path, also of what is no web address."""
    _, slash, found = shown(url).partition("://")[2].partition("/")
    return slash + found


def host(url: str) -> str:
    """The host with its port, as messages name it."""
    return urlsplit(_USER.sub("", url)).netloc


def harmless(url: str) -> str:
    """Where a link may lead in place of an address that a person gave: there, unless its path may hold a
    key, else to where its site begins."""
    open_to_all = discreet(url) == shown(url)
    return shown(url) if open_to_all else urljoin(shown(url), "/")


def parted(url: str) -> tuple[str, tuple[str, str] | None]:
    """The address without user and password, and these, if it has any."""
    found = _USER.search(url)
    if not found:
        return url, None
    user, _, password = found[0][:-1].partition(":")
    return _USER.sub("", url, count=1), (unquote(user), unquote(password))


def split(url: str) -> SplitResult:
    """The parts of an http(s) address with a host and a port that exists. Raises RefusedError."""
    try:
        parts = urlsplit(url)
        found = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError as error:
        raise RefusedError(f"{shown(url)} is no web address.", url=url) from error
    if not found:
        raise RefusedError(f"{shown(url)} is no web address.", url=url)
    return parts


def joined(url: str, location: str) -> str:
    """Where a redirect leads. Raises RefusedError."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise RefusedError(f"{shown(url)} redirects to no web address.", url=url) from error


def same_origin(one: str, other: str) -> bool:
    """Do both lead to the same server in the same way?"""
    return urlsplit(one)[:2] == urlsplit(other)[:2]


def refuse_private(url: str, found: Iterable[str]) -> None:
    """Raises RefusedError if one of the host's IP addresses is not public."""
    if not all(is_public(address) for address in found):
        raise RefusedError(
            f"{urlsplit(url).netloc.rpartition('@')[2]} is a private address, which is refused "
            "(DAYPAPER_ALLOW_PRIVATE_UPSTREAMS allows it).",
            url=url,
        )


def may_be_public(host: str) -> bool:
    """False for localhost and for an IP address that is not public; other names must be looked up."""
    try:
        return is_public(host)
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def is_public(text: str) -> bool:
    """Global, no multicast, and no IPv6 form that carries an IPv4 address (NAT64, 6to4, mapped).

    Raises ValueError if `text` is no IP address.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and (
        address not in _GIVEN_OUT or address.sixtofour
    ):
        return False
    return address.is_global and not address.is_multicast
