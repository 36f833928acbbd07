"""Runs the tests that pass a line in a copy of the project where that line is wrong."""

import importlib
import os
import resource
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import coverage
import pytest

from tests.mutants.faults import Fault

MERGING = "aggregator/merge/"
_OF_MERGING = ("tests/merge", "tests/store/test_ingest.py", "tests/store/test_renamed.py",
               "tests/store/test_printed_links.py", "tests/collect/",
               "tests/sending/test_announced.py")  # fmt: skip
_OF_THE_LEDGER = ("tests/sending/", "tests/deliver/test_mail_ledger.py",
                  "tests/people/test_subscribers.py", "tests/test_owners_word.py",
                  "tests/api/test_consent_model.py", "tests/api/test_signup.py",
                  "tests/api/test_mail_pages.py", "tests/store/test_ingest.py",
                  "tests/store/test_citations.py", "tests/store/test_discussions.py",
                  "tests/store/test_withdrawn_before.py")  # fmt: skip
_NOT_RUN = "tests/sending/test_kills.py"
"""It kills real processes, which takes a minute."""

_LIBRARIES = (
    "import sys, pytest, tests.sending, tests.deliver.box, tests.api.mailed, api.app;"
    "print(*(n for n in sys.modules if n.split('.')[0] not in ('aggregator', 'api', 'tests')))"
)
_ENVIRONMENT = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}
"""`CI` makes Hypothesis ask the same each time, however slow the machine is."""
_MEMORY = 8 << 30  # bytes

_forked = get_context("fork")


class Suite:
    """The tests in a copy of the project, and which of them pass which lines."""

    def __init__(self, copy: Path) -> None:
        self._copy = copy
        os.environ |= _ENVIRONMENT | {"PYTHONPATH": str(copy)}
        _load_libraries(copy)
        queue: Any = _forked.SimpleQueue()
        _forked.Process(target=_measure, args=(copy, queue)).start()
        code, self._passing, self.took = queue.get()
        if code:
            raise SystemExit("the tests fail without a fault; run them by themselves")

    def trial(self, fault: Fault) -> str:
        """What becomes of a fault: killed, survived, or too long."""
        path = self._copy / fault.path
        source = path.read_bytes()
        try:
            _write(path, fault.made_in(source))
            return self._run(self._tests(fault))
        finally:
            _write(path, source)

    def _tests(self, fault: Fault) -> list[str]:
        """Those that speak of the module and pass the statement, the quickest first; where importing
        passes it, those that pass any line of the module."""
        lines = self._passing[fault.path]
        last = fault.line + fault.before.count("\n")
        tests = {test for n in range(fault.begins, last + 1) for test in lines.get(n, ())}
        if "" in tests:
            tests = {test for some in lines.values() for test in some}
        speak = _OF_MERGING if fault.path.startswith(MERGING) else _OF_THE_LEDGER
        return sorted((t for t in tests if t.startswith(speak)), key=self.took.__getitem__)

    def _run(self, tests: Sequence[str]) -> str:
        if not tests:
            return "survived"
        process = _forked.Process(target=_test, args=(self._copy, tests))
        process.start()
        process.join(30 + 4 * sum(self.took[test] for test in tests))
        if process.exitcode is None:
            os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            return "too long"
        return "killed" if process.exitcode else "survived"


class _Watch:
    """A plugin that notes which lines each test passes, and how long it takes."""

    def __init__(self, measured: coverage.Coverage) -> None:
        self._measured = measured
        self.took: dict[str, float] = defaultdict(float)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._measured.switch_context(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.took[report.nodeid] += report.duration


def _load_libraries(copy: Path) -> None:
    """Import what the tests import of others, once for all trials: they are forked."""
    asked = [sys.executable, "-c", _LIBRARIES]
    for name in subprocess.check_output(asked, cwd=copy, text=True).split():
        with suppress(Exception):
            importlib.import_module(name)


def _pytest(copy: Path, tests: Sequence[str], *plugins: object) -> int:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    for n in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), n)
    os.chdir(copy)
    sys.path.insert(0, str(copy))
    for name in [n for n in sys.modules if n.split(".")[0] in ("aggregator", "api", "tests")]:
        del sys.modules[name]
    options = ["-xq", "-p", "pytest_timeout", "-p", "no:cacheprovider", "-k", "not postgres"]
    return pytest.main([*options, "--basetemp", str(copy / "tmp"), *tests], plugins=plugins)


def _test(copy: Path, tests: Sequence[str]) -> None:
    os._exit(_pytest(copy, tests))


def _measure(copy: Path, queue: Any) -> None:
    measured = coverage.Coverage(data_file=None, source=[str(copy / "aggregator")])
    watch = _Watch(measured)
    found = {f.relative_to(copy).as_posix() for f in (copy / "tests").rglob("test_*.py")}
    speak = (*_OF_MERGING, *_OF_THE_LEDGER)
    tests = sorted(name for name in found - {_NOT_RUN} if name.startswith(speak))
    measured.start()
    code = _pytest(copy, tests, watch)
    measured.stop()
    data = measured.get_data()
    passing = {
        Path(file).relative_to(copy).as_posix(): data.contexts_by_lineno(file)
        for file in data.measured_files()
    }
    queue.put((code, passing, dict(watch.took)))


def _write(path: Path, source: bytes) -> None:
    """What Python has compiled is known by its second and size, which a fault may leave as they were."""
    path.write_bytes(source)
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()
