"""Cuts a connection that takes too long in all, however steadily it drips, and sees how far it came."""

import contextlib
import threading
from collections.abc import Mapping
from typing import Any

_BOTH_WAYS = 2  # socket.SHUT_RDWR; sockets are made in reach.py alone


class Watch:
    """While it is entered, `seconds` long. `late`: the time is over and the connection cut;
    `handed_over`: the whole request had been sent."""

    def __init__(self, seconds: float) -> None:
        self.late = self.handed_over = False
        self._stream: Any = None
        self._timer = threading.Timer(seconds, self._cut)

    def __enter__(self) -> "Watch":
        self._timer.daemon = True
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def note(self, event: str, about: Mapping[str, Any]) -> None:
        """For httpx's extension "trace": httpcore tells what it does."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = about["return_value"]
        if event == "http11.send_request_body.complete":
            self.handed_over = True

    def _cut(self) -> None:
        self.late = True
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream.get_extra_info("socket").shutdown(_BOTH_WAYS)
