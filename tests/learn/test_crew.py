"""Helpers that look at papers: they find what one process finds, and nobody is left when one dies."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aggregator.learn.crew import WORTH_IT, crew
from aggregator.settings import processors
from aggregator.tag.anew import Look, Plain, Stored
from aggregator.tag.model import load
from tests.tag.made_up import labelled

PROJECT = Path(__file__).parents[2]
PARENT = """
import os, signal, time
from aggregator.learn.crew import WORTH_IT, crew
from tests.learn.test_crew import children, look, stored
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have it ignored
with crew(look(), WORTH_IT) as (ask, most):
    for n in range(most):
        ask(stored(50), True)
    print(*children(os.getpid()), flush=True)
    time.sleep(60)
"""

pytestmark = pytest.mark.skipif(processors() < 2, reason="with one processor there are no helpers")


def look() -> Look:
    tagger = load()
    names = (*tagger.topics, "kernels")
    topics = tuple(Plain(name, "", ("kernel",), ()) for name in names)
    return Look(topics, dict.fromkeys(tagger.topics, tagger), frozenset())


def stored(count: int) -> list[Stored]:
    rest = {"topics": [], "entries": [], "starter": False}
    return [
        Stored(n, json.dumps({"title": row["title"], "abstract": row["abstract"], **rest}), {}, {})
        for n, row in enumerate(labelled(count))
    ]


def children(pid: int) -> list[int]:
    """Processes that this one started and that live, as /proc tells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            about = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if about[1] == str(pid) and about[0] != "Z":
            found.append(int(path.parent.name))
    return found


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until_gone(pids: list[int]) -> None:
    until = time.monotonic() + 20
    while any(map(lives, pids)):
        assert time.monotonic() < until, "helpers outlive their process"
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to look for processes")
@pytest.mark.parametrize("kill", [False, True])
def test_helpers_find_the_same_even_if_they_die(kill: bool) -> None:
    papers = [stored(40), stored(30), stored(20), stored(10)]
    expected = [look().changes(each, whole=True) for each in papers]
    assert any(change.made for each in expected for change in each)
    before = children(os.getpid())
    with crew(look(), WORTH_IT) as (ask, most):
        helpers = [pid for pid in children(os.getpid()) if pid not in before]
        assert len(helpers) == most // 2 >= 2
        if kill:
            os.kill(helpers[0], signal.SIGKILL)
        later = [ask(each, True) for each in papers]
        assert [one.result() for one in later] == expected
    wait_until_gone(helpers)


def test_for_few_papers_nobody_is_started() -> None:
    before = children(os.getpid())
    with crew(look(), WORTH_IT - 1) as (ask, most):
        assert most == 1
        assert children(os.getpid()) == before
        assert ask(stored(6), True).result() == look().changes(stored(6), whole=True)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="no /proc to look for processes")
@pytest.mark.parametrize("one", [signal.SIGKILL, signal.SIGINT])
def test_helpers_end_with_their_process(one: signal.Signals) -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(
        command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout
        assert parent.stderr
        helpers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(helpers) >= 2
        assert all(map(lives, helpers))
        parent.send_signal(one)
        parent.wait(20)
        said = parent.stderr.read()
    wait_until_gone(helpers)
    # Ctrl-C is told once, by the process that it was for.
    assert said.count("Traceback") == said.count("KeyboardInterrupt") == (one is signal.SIGINT)
