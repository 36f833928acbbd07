"""How often one address may ask for something; counted in this process, over a sliding window."""

import ipaddress
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

MOST_CLIENTS = 10_000
"""Clients that are remembered; beyond, whoever came first is forgotten first."""
_HOME = 64  # an IPv6 customer has a network of this size to choose addresses from (RFC 6177)


class Limiter:
    """At most `most` times in `window`, for each client."""

    def __init__(self, most: int, window: timedelta) -> None:
        self.window = window
        self._most = most
        self._times: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def admits(self, client: str, now: datetime) -> bool:
        """Count this request, unless there were too many already."""
        with self._lock:
            times = self._times.setdefault(_home(client), deque())
            while times and times[0] <= now - self.window:
                times.popleft()
            if len(times) >= self._most:
                return False
            times.append(now)
            while len(self._times) > MOST_CLIENTS:
                self._times.popitem(last=False)
            return True


def _home(client: str) -> str:
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(ipaddress.ip_network((int(address), _HOME), strict=False))
