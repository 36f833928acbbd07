"""A sender that is killed at a chosen step, again and again, in processes of its own.

`python -m tests.sending.killed` reads orders, one JSON object a line, and forks a process for each, since a
Python that imports everything anew would take seconds. A step is the beginning of a transaction, the
moment before its commit, the moment after it, and the moments before and after a letter is handed
over. The tests speak to it through `Killer`.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, cast

from sqlalchemy import Connection

from aggregator.clock import parse_moment
from aggregator.deliver.base import Channel, Letter, Outcome, Session
from aggregator.deliver.mail import Email
from aggregator.deliver.slack import Slack
from aggregator.sending.compose import make_composer
from aggregator.sending.send import Sender
from aggregator.settings import Settings
from aggregator.store.db import Store
from tests.filled import CONFIG


class Steps:
    """Counts steps, and kills this process at the one it was told."""

    def __init__(self, kill: int | None) -> None:
        self._kill, self._count, self._lock = kill, 0, threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            self._count += 1
            if self._count == self._kill:
                os.kill(os.getpid(), signal.SIGKILL)


class SteppedStore(Store):
    """A store whose transactions are steps."""

    def __init__(self, url: str, data_dir: Path, step: Steps) -> None:
        super().__init__(url, data_dir)
        self._step = step

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._step()
        with super().write() as connection:
            yield connection
            self._step()
        self._step()


class SteppedChannel:
    """A channel over one connection, whose hand-overs are steps."""

    connections = 1

    def __init__(self, channel: Channel, step: Steps) -> None:
        self.name, self._channel, self._step = channel.name, channel, step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._channel, name)

    @contextmanager
    def session(self) -> Iterator[Session]:
        with self._channel.session() as session:
            yield _SteppedSession(session, self._step)


class _SteppedSession:
    def __init__(self, session: Session, step: Steps) -> None:
        self._session, self._step = session, step

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        self._step()
        outcome = self._session.send(letter, again=again)
        self._step()
        return outcome


class Killer:
    """The process that forks senders. `run` tells whether the sender came to its end."""

    def __init__(self, store: Store, folder: Path, **settings: str) -> None:
        self._args = (store, folder, settings)
        url = store.engine.url.render_as_string(hide_password=False)
        self._order = {"url": url, "folder": str(folder), "settings": settings}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.sending.killed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def twin(self) -> "Killer":
        """Another one, for the same store and settings."""
        store, folder, settings = self._args
        return Killer(store, folder, **settings)

    def __enter__(self) -> "Killer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()

    def run(self, now: str, kill: int | None = None, after: float | None = None) -> bool:
        """Send what is due at `now`; die at step `kill`, or after so many seconds."""
        assert self._process.stdin
        assert self._process.stdout
        order = self._order | {"now": now, "kill": kill, "after": after}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["killed"] or answer["code"] == 0, answer
        return not answer["killed"]


def _send(order: dict[str, Any]) -> None:
    step = Steps(order["kill"])
    settings = Settings(data_dir=Path(order["folder"]), **order["settings"])
    store = SteppedStore(order["url"], settings.data_dir, step)
    channels: dict[str, Channel] = {
        channel.name: cast(Channel, SteppedChannel(channel, step))
        for channel in (Email.of(settings), Slack.of(settings))
        if not channel.trouble()
    }
    if order["after"] is not None:
        threading.Timer(order["after"], os.kill, (os.getpid(), signal.SIGKILL)).start()
    done = Sender(
        store, settings, CONFIG, channels, parse_moment(order["now"]), impatient=True
    ).run()
    bad = [asdict(one) for one in done if one.status not in ("sent", "empty")]
    if bad:
        sys.stderr.write(f"{bad}\n")
    os._exit(len(bad))


def main() -> None:
    """Fork a sender for each order."""
    first = True
    for line in sys.stdin:
        order = json.loads(line)
        if first:  # what takes long is imported and read before the first fork
            settings = Settings(data_dir=Path(order["folder"]), **order["settings"])
            store = Store(order["url"], settings.data_dir)
            make_composer(store, settings, CONFIG, None, parse_moment(order["now"]))  # type: ignore[arg-type]
            store.close()
            first = False
        child = os.fork()
        if child == 0:
            _send(order)
        _, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status)
        code = -1 if killed else os.WEXITSTATUS(status)
        sys.stdout.write(json.dumps({"killed": killed, "code": code}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
