"""Where we are, for links that must be absolute; and whether who asks is there, too."""

import ipaddress
import re

from fastapi import Request

from api.deps import Services

_OURS = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)


def base_url(request: Request) -> str:
    """The public address, without a slash at its end; the one that was asked, if none is set."""
    services: Services = request.app.state.services
    return services.base_url or str(request.base_url).rstrip("/")


def is_https(request: Request) -> bool:
    """Does the browser speak https, to us or to what stands before us? The public address says it where a
    proxy is not believed; but who asks this very machine by its own name did not come by that."""
    if request.url.scheme == "https":
        return True
    return base_url(request).startswith("https://") and not is_local(request)


def disbelieved(request: Request) -> str:
    """The address of a proxy that names its client and is none of the trusted ones; "" for all others."""
    named = request.headers.get("x-forwarded-for", "")
    peer = request.client.host if request.client else ""
    # Of a trusted one we have the client's address, out of this very list.
    return peer if named and peer not in re.split(r"[\s,]+", named) else ""


def is_local(request: Request) -> bool:
    """Does a browser on this machine ask, by a name that only this machine has?

    The name is looked at too, since a foreign page can give its own name the address 127.0.0.1; and
    what came through a proxy is not from here.
    """
    if any(name in request.headers for name in ("x-forwarded-for", "forwarded", "x-real-ip")):
        return False
    # As the browser wrote it: in place of a name that none can be, such as "a{b.example", which browsers
    # and name servers take all the same, `request.url` has the address of our own socket.
    if not _OURS.fullmatch(request.headers.get("host", "")):
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
