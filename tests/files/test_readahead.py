"""A second process that makes pieces of a file: nothing differs, whoever made them, and nobody is left."""

import gzip
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from aggregator.files import bulk, readahead
from aggregator.files.readahead import PIECE, Item, Task
from tests.conftest import NOW
from tests.files.test_import import snapshot
from tests.learn.test_crew import children, lives, wait_until_gone
from tests.written import PROJECT

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="no /proc to look for processes"
)
SKIPPED = 300
SIZE = 8 * PIECE + SKIPPED - 200
PARENT = """
import os, sys, time
from pathlib import Path
from tests.files.test_readahead import helped, helpers, task
found = helped(task(Path(sys.argv[1])))
next(found)
print(*helpers(), flush=True)
time.sleep(60)
"""


def task(path: Path) -> Task:
    return Task(path, "arxiv-snapshot", SKIPPED, bulk.lines, "import", NOW, sqlite=True)


def helped(given: Task) -> Iterator[list[Item]]:
    """The pieces, the second of them when the helper is awake: it then has two threads."""
    found = readahead.pieces(given, helped=True)
    yield next(found)
    until = time.monotonic() + 60
    while any("Threads:\t1\n" in Path(f"/proc/{n}/status").read_text() for n in helpers()):
        assert time.monotonic() < until, "the helper does not wake up"
        time.sleep(0.05)
    yield from found


def helpers() -> list[int]:
    return [pid for pid in children(os.getpid()) if lives(pid) and not tracks(pid)]


def tracks(pid: int) -> bool:
    """Is it the process that Python starts beside the first one that is no fork?"""
    return b"resource_tracker" in Path(f"/proc/{pid}/cmdline").read_bytes()


@pytest.fixture(params=["fork", "spawn"])
def start(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers that start as on Linux, and as elsewhere."""
    monkeypatch.setattr(readahead, "_START", multiprocessing.get_context(request.param))


@pytest.fixture
def made_here(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lines each piece has that this process makes."""
    made: list[int] = []
    maker = readahead.maker

    def counted(given: Task) -> readahead.Make:
        make = maker(given)

        def told(lines: list[bytes]) -> list[Item]:
            made.append(len(lines))
            return make(lines)

        return told  # type: ignore[return-value]

    monkeypatch.setattr(readahead, "maker", counted)
    return made


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ahead") / "many.json"
    snapshot(path, SIZE)
    return path


@pytest.fixture(scope="module")
def alone(path: Path) -> list[list[Item]]:
    return list(readahead.pieces(task(path), helped=False))


@pytest.mark.usefixtures("start")
def test_a_helper_makes_the_same(path: Path, alone: list[list[Item]], made_here: list[int]) -> None:
    assert [len(piece) for piece in alone] == [PIECE] * 7 + [PIECE - 200]
    assert list(helped(task(path))) == alone
    assert sum(1 for lines in made_here if lines) < len(alone) - 1
    assert not helpers()


@pytest.mark.usefixtures("start")
@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_it_is_not_missed_when_it_dies(path: Path, alone: list[list[Item]], pieces: int) -> None:
    found = []
    for piece in helped(task(path)):
        found.append(piece)
        if len(found) == pieces:
            (helper,) = helpers()
            os.kill(helper, signal.SIGKILL)
    assert found == alone


@pytest.mark.usefixtures("start")
def test_nobody_is_left_when_the_reading_stops(path: Path) -> None:
    found = helped(task(path))
    next(found)
    next(found)
    (helper,) = helpers()
    found.close()  # type: ignore[attr-defined]
    assert not lives(helper)


@pytest.mark.parametrize("one", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_the_first_process(path: Path, one: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT, str(path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        helper = int(parent.stdout.readline())
        assert lives(helper)
        parent.send_signal(one)
        parent.wait(20)
    wait_until_gone([helper])


def test_the_end_of_a_broken_file_is_met_here(tmp_path: Path) -> None:
    whole = "\n".join('{"id": "x"}' for _ in range(6 * PIECE)).encode()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(whole, 0)[: -2 * PIECE])
    with pytest.raises(EOFError):
        list(helped(task(tmp_path / "cut.gz")))
