"""How `daypaper api` starts and answers in front of a large store: a process of its own, one client that
keeps its connection.

`DAYPAPER_BENCH_STORE` names the folder of a store that `scale` made.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench.api import Client, answering, free_port, latencies, quantile

STARTS = 5
ROUNDS = 2_000
ADDRESSES = (
    "/api/v1/papers?limit=20",
    "/api/v1/papers?topic=gan&limit=20",
    "/api/v1/papers?topic=gan&sort=hot&limit=20",
    "/api/v1/papers?q=residual%20attention",
)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    kept = Path(os.environ.get("DAYPAPER_BENCH_STORE", ""))
    if not (kept / "made").exists():
        return [
            ("a server of a large store", "DAYPAPER_BENCH_STORE names no store of `scale`", "-")
        ]
    return list(_rows(kept))


def _rows(folder: Path) -> Iterator[tuple[str, str, str]]:
    papers = f"{int((folder / 'made').read_text()):,} papers"
    starts = []
    for _ in range(STARTS):
        started = time.perf_counter()
        with _served(folder) as client:
            client.get("/api/v1/papers?limit=20")
            starts.append(time.perf_counter() - started)
    said = f"{statistics.median(starts):.2f} s ({min(starts):.2f} to {max(starts):.2f})"
    yield f"`daypaper api` from its start to its first answer, {papers}", said, "2 s"
    with _served(folder) as client:
        for path in ADDRESSES:
            taken = latencies(client, path, ROUNDS)
            p50, p99 = statistics.median(taken), quantile(taken, 0.99)
            rate = 1000 / statistics.mean(taken)
            said = f"{rate:,.0f} requests/s, p50 {p50:.2f}, p99 {p99:.2f} ms"
            yield f"GET {path}", said, "1,000 requests/s, p99 10 ms"


@contextmanager
def _served(folder: Path) -> Iterator[Client]:
    port = free_port()
    command = [Path(sys.executable).parent / "daypaper", "api", "--port", str(port)]
    chosen = {"DAYPAPER_DATA_DIR": str(folder), "DAYPAPER_LOG_LEVEL": "WARNING"}
    server = subprocess.Popen(command, env=os.environ | chosen, stderr=subprocess.DEVNULL)
    with answering(server, port) as client:
        yield client
