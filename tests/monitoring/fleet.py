"""Processes of Daypaper over one store, and a Prometheus that asks all that answer."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.smtp_server import free_port

CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs: [{{job_name: daypaper, static_configs: [{{targets: {targets}}}]}}]
"""


@contextmanager
def running(folder: Path, settings: Mapping[str, str], commands: list[str]) -> Iterator[list[str]]:
    """These commands as processes; gives the addresses of those that answer."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("DAYPAPER_")}
    found: list[str] = []
    with ExitStack() as stack, (folder / "log").open("wb") as log:
        for command in commands:
            words = [sys.executable, "-m", "aggregator", command]
            if command != "worker":
                found.append(f"127.0.0.1:{free_port()}")
                words += ["--port", found[-1].rpartition(":")[2]]
            process = subprocess.Popen(words, env=own | dict(settings), stderr=log, stdout=log)
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield found


@contextmanager
def prometheus(folder: Path, targets: list[str]) -> Iterator[Callable[[str], list[Any]]]:
    """Gives a function that asks it an expression."""
    exe = shutil.which("prometheus")
    if exe is None:
        pytest.skip("no prometheus: install it for these tests")
    (folder / "prometheus.yml").write_text(CONFIG.format(targets=targets), encoding="utf-8")
    at = f"127.0.0.1:{free_port()}"
    words = [exe, f"--config.file={folder / 'prometheus.yml'}", f"--web.listen-address={at}"]
    words += [f"--storage.tsdb.path={folder / 'tsdb'}", "--log.level=error"]
    process = subprocess.Popen(words)

    def ask(expression: str) -> list[Any]:
        query = urllib.parse.urlencode({"query": expression})
        answer = json.loads(get(f"http://{at}/api/v1/query?{query}"))
        assert answer["status"] == "success", answer
        return answer["data"]["result"]

    try:
        yield ask
    finally:
        process.kill()
        process.wait()


def get(url: str) -> str:
    """What is there, as soon as somebody answers."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(url, timeout=20) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"{url} does not answer")


def legend(form: str, labels: Mapping[str, str]) -> str:
    """As Grafana fills it in; a label that is missing stays as it is written."""
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], m[0]), form)
