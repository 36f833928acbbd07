"""APIs and workers, each a process of its own, that all believe it is another day.

Their clock (`clock.c`) is the real time less some seconds, so that it goes on as fast as ever and jumps
when a day is over. Pauses and PostgreSQL keep the real time.
"""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

EXE = Path(sys.executable).parent / "daypaper"


class Clock:
    """The time that the fleet believes in: it goes on by itself, and jumps. Needs a C compiler, `cc`."""

    def __init__(self, folder: Path) -> None:
        self._library = folder / "clock.so"
        source = Path(__file__).with_name("clock.c")
        words = ["cc", "-shared", "-fPIC", "-O2", "-o", str(self._library), str(source)]
        subprocess.run(words, check=True)
        self._file = folder / "clock"
        self._file.write_bytes(bytes(8))
        self._behind = 0

    def jump(self, now: datetime) -> None:
        """From here on it is `now`, and a second a second later."""
        self._behind = round(time.time() - now.timestamp())
        with self._file.open("r+b") as file:  # in place: processes have it mapped
            file.write(self._behind.to_bytes(8, sys.byteorder, signed=True))

    def now(self) -> datetime:
        """What the fleet's processes read."""
        return datetime.fromtimestamp(time.time() - self._behind, UTC)

    def environment(self) -> dict[str, str]:
        """What makes a process believe it."""
        return {"LD_PRELOAD": str(self._library), "MONTH_CLOCK": str(self._file)}


class Fleet:
    """The processes, their logs below `folder`, and what was killed and asked."""

    def __init__(self, folder: Path, clock: Clock, settings: Mapping[str, str]) -> None:
        own = {k: v for k, v in os.environ.items() if not k.startswith("DAYPAPER_")}
        self._environment = own | clock.environment() | dict(settings)
        self._folder = folder
        self._workers: list[subprocess.Popen[bytes]] = []
        self._apis: dict[int, subprocess.Popen[bytes]] = {}
        self.kills = 0
        self.refused: list[str] = []
        self.answered = 0

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        for process in (*self._workers, *self._apis.values()):
            process.kill()
            process.wait()

    def command(self, *words: str) -> str:
        """Run `daypaper …` to its end; what it printed."""
        done = subprocess.run(
            [str(EXE), *words],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"daypaper {' '.join(words)}: {done.stderr.decode()[-500:]}")
        return done.stdout.decode()

    def hire(self, workers: int) -> None:
        """As many more workers."""
        self._workers += [self._start("worker") for _ in range(workers)]

    def dismiss(self) -> None:
        """Stop all workers in an orderly way."""
        for worker in self._workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self._workers:
            worker.wait(timeout=30)
        self._workers = []

    def serve(self, apis: int) -> None:
        """As many processes that answer, each at an address of its own."""
        for _ in range(apis):
            with closing(socket.create_server(("127.0.0.1", 0))) as found:
                port = found.getsockname()[1]
            self._apis[port] = self._start("api", "--port", str(port))
        for port in self._apis:
            while not self._answers(port):
                time.sleep(0.2)

    def kill_one(self, dice: random.Random) -> None:
        """`kill -9` of some worker, whose place another takes at once."""
        n = dice.randrange(len(self._workers))
        self._workers[n].kill()
        self._workers[n].wait()
        self._workers[n] = self._start("worker")
        self.kills += 1

    def kill_api(self, dice: random.Random) -> None:
        """`kill -9` of some API, which is started again at the same address."""
        port = dice.choice(list(self._apis))
        self._apis[port].kill()
        self._apis[port].wait()
        self.kills += 1
        self._apis[port] = self._start("api", "--port", str(port))
        while not self._answers(port):
            time.sleep(0.2)

    def ask(self, path: str, dice: random.Random) -> Any:
        """A document of the API, from one of the processes; a refusal is noted."""
        port = dice.choice(list(self._apis))
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
                self.answered += 1
                return json.load(answer)
        except urllib.error.URLError as error:
            self.refused.append(f"{path}: {error}")
            return None

    def _answers(self, port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                [str(EXE), *words],
                env=self._environment,
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
