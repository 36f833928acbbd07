"""How fast the API answers: a real server on loopback, 10,000 made-up papers, one client."""

import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import sqlite_store
from tests.filled import fill

PAPERS = 10_000
ROUNDS = 2_000
LISTS = ("/api/v1/papers", "/api/v1/papers?topic=gan")
SEARCHES = (
    "/api/v1/papers?q=widgets",
    "/api/v1/papers?q=attention+sparse&topic=gan",
    "/api/v1/papers?q=residual+graph&sort=relevance",
    "/api/v1/papers?q=4711",
)
SERVE = """
import sys, uvicorn
from pathlib import Path
from aggregator.settings import Settings
from aggregator.store.db import Store
from api.app import create_app
from tests.filled import CONFIG
folder = Path(sys.argv[1])
store = Store(f"sqlite:///{folder / 'daypaper.sqlite3'}", folder)
app = create_app(store, Settings(data_dir=folder), CONFIG)
uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)
"""


def bench() -> list[tuple[str, str, str]]:
    """(name, figure, target) of each measure; latencies as one client sees them."""
    with tempfile.TemporaryDirectory() as folder, _served(Path(folder)) as client:
        lists = [(path, latencies(client, path, ROUNDS)) for path in LISTS]
        searches = [ms for path in SEARCHES for ms in latencies(client, path, ROUNDS // 10)]
    rows = []
    for path, taken in lists:
        rate = 1000 / statistics.mean(taken)
        p50, p99 = statistics.median(taken), quantile(taken, 0.99)
        rows.append((f"GET {path}, one client", f"{rate:,.0f} requests/s", ">= 1,000"))
        rows.append((f"GET {path}, p50 and p99", f"{p50:.2f} and {p99:.2f} ms", "p99 <= 10 ms"))
    rows.append(
        (f"search {PAPERS:,} papers, p95", f"{quantile(searches, 0.95):.1f} ms", "<= 20 ms")
    )
    return rows


def quantile(values: list[float], share: float) -> float:
    """The value below which this share of them lies."""
    return sorted(values)[int(len(values) * share)]


class Client:
    """One keep-alive connection that reads no more of HTTP than it must: `http.client` parses
    headers for longer than the server takes to send them, and would be what is measured."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 30)

    def get(self, path: str) -> tuple[int, bytes]:
        """(status, body)."""
        self._socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        received = b""
        while (end := received.find(b"\r\n\r\n")) < 0:
            received += self._more()
        head = received[:end].lower()
        length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0])
        while len(received) < end + 4 + length:
            received += self._more()
        return int(head[9:12]), received[end + 4 :]

    def _more(self) -> bytes:
        part = self._socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        return part

    def close(self) -> None:
        self._socket.close()


def latencies(client: Client, path: str, rounds: int) -> list[float]:
    """Milliseconds of each request, after some to warm up."""
    taken = []
    for n in range(rounds + 20):
        start = time.perf_counter()
        status, body = client.get(path)
        if n >= 20:
            taken.append((time.perf_counter() - start) * 1000)
        if status != 200 or len(body) < 10:
            raise RuntimeError(f"{path}: status {status}, {len(body)} bytes")
    return taken


@contextmanager
def _served(folder: Path) -> Iterator[Client]:
    store = sqlite_store(folder)
    fill(store, PAPERS)
    store.close()
    port = free_port()
    command = [sys.executable, "-c", SERVE, str(folder), str(port)]
    with answering(subprocess.Popen(command), port) as client:
        yield client


@contextmanager
def answering(server: subprocess.Popen[bytes], port: int) -> Iterator[Client]:
    """A client of a server that was just started, and is stopped in the end."""
    try:
        client = connected(port)
        yield client
        client.close()
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def connected(port: int) -> Client:
    """A client, as soon as the server answers; at most half a minute."""
    for _ in range(1_500):
        try:
            return Client(port)
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("the server did not start")
