"""The stand-in services beside the checkout, started for one test module; skips where they are not."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.sources.sample_walk import SHARED


class StandIn:
    """A running stand-in at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, **order: Any) -> None:
        """Turn the clock, order faults, throw switches."""
        self._json("/_control", json.dumps(order).encode())

    def truth(self, path: str) -> Any:
        """What a complete client must know."""
        return self._json(f"/_truth/{path}")

    def asked(self, service: str) -> list[dict[str, Any]]:
        """The requests so far."""
        return self._json(f"/_log?service={service}")["requests"]

    def _json(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(self.url + path, body, timeout=60) as answer:
            return json.load(answer)


@contextmanager
def stand_in(now: str, data: Path | str = "data") -> Iterator[StandIn]:
    """Start it with its clock at `now`; `data` is where its records and feeds are."""
    folder = SHARED / "upstream"
    if not folder.is_dir():
        pytest.skip("the stand-in services do not lie beside this checkout")
    words = [sys.executable, "-m", "upstream", "--port", "0", "--data", str(data), "--now", now]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            ready = process.stdout.readline()
            yield StandIn(next(word for word in ready.split() if word.startswith("http://")))
        finally:
            process.terminate()
