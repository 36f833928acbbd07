"""200 feeds of 250 entries: a first fetch, some where nothing changed, and one where 1 % is new, beside the
`reader` library on the same feeds in the same run, one after the other in processes of their own."""

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import perf_counter, process_time

from tests.bench.feed_server import ENTRIES, FEEDS
from tests.conftest import sqlite_store

AGAIN = tuple(f"unchanged, {n} more" for n in range(1, 8))
ROUNDS = ("first", "unchanged", *AGAIN, "changed")
_ROOT = Path(__file__).resolve().parents[2]
Times = dict[str, tuple[float, float]]


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    theirs = _measured("reader")
    ours = _measured("daypaper")
    count = FEEDS * ENTRIES
    indexed = {name: (theirs[name][0] + theirs[f"{name}, index"][0],
                      theirs[name][1] + theirs[f"{name}, index"][1]) for name in ROUNDS}  # fmt: skip
    for times in (ours, theirs):  # the middle one: each differs by a fifth
        times["again"] = sorted((times[name] for name in AGAIN), key=lambda one: one[1])[3]
    rows = []
    for what, times in (("without its search index", theirs), ("with it", indexed)):
        rates = [count / one["first"][1] for one in (ours, times)]
        rows.append((
            f"{FEEDS} feeds × {ENTRIES} entries, first fetch; reader {what}",
            f"{rates[0]:,.0f} entries per CPU-second, reader {rates[1]:,.0f}: "
            f"{rates[0] / rates[1]:.2f} ×; {_seconds(ours, times, 'first')}",
            "≥ 1.5 × (3 × hoped for)",
        ))  # fmt: skip
    for name, what, target in (
        ("unchanged", "the same right after, every answer 304", "≤ 1 ×"),
        ("again", "… and again, the middle of seven", "≤ 1 ×"),
        ("changed", "1 % of the entries are new, every answer 200", "≤ 0.3 ×"),
    ):
        ratio = ours[name][1] / theirs[name][1]
        rows.append((what, f"{ratio:.2f} × reader's CPU; {_seconds(ours, theirs, name)}", target))
    return rows


def _seconds(ours: Times, theirs: Times, name: str) -> str:
    (wall, spent), (their_wall, their_spent) = ours[name], theirs[name]
    return f"{wall:.2f} s ({spent:.2f} CPU) against {their_wall:.2f} s ({their_spent:.2f} CPU)"


def _measured(who: str) -> Times:
    """Round -> (seconds, CPU seconds) of one reader, in a process of its own."""
    asked = [sys.executable, "-m", "tests.bench.feeds", who]
    done = subprocess.run(asked, cwd=_ROOT, check=True, stdout=subprocess.PIPE, env=_environment())
    return {name: (wall, spent) for name, (wall, spent) in json.loads(done.stdout).items()}


def _environment() -> dict[str, str]:
    kept = "DAYPAPER_BENCH_FEEDS"
    return {
        name: value
        for name, value in os.environ.items()
        if name == kept or not name.startswith("DAYPAPER_")
    }


@contextmanager
def _served() -> Iterator[tuple[str, Path]]:
    """(address, file that holds the number of the round) of a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder, "round")
        state.write_text("0")
        asked = [sys.executable, "-m", "tests.bench.feed_server", str(state)]
        with subprocess.Popen(asked, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                yield server.stdout.readline().strip(), state
            finally:
                server.terminate()


def _reader(url: str, state: Path, folder: Path) -> Times:
    # its copy of feedparser imports that name, which nobody installs
    sys.modules.setdefault("sgmllib", importlib.import_module("feedparser_sgmllib"))
    from reader import make_reader

    spent: Times = {}
    with closing(make_reader(str(folder / "reader.sqlite"))) as reader:
        for number in range(FEEDS):
            reader.add_feed(f"{url}/{number}.xml")
        reader.enable_search()
        for name in ROUNDS:
            state.write_text(str(int(name == "changed")))
            wall, cpu = perf_counter(), process_time()
            reader.update_feeds(scheduled=False)
            spent[name] = perf_counter() - wall, process_time() - cpu
            wall, cpu = perf_counter(), process_time()
            reader.update_search()
            spent[f"{name}, index"] = perf_counter() - wall, process_time() - cpu
        total, expected = reader.get_entry_counts().total, FEEDS * ENTRIES * 101 // 100
        assert total == expected, (total, expected)
    return spent


def _daypaper(url: str, state: Path, folder: Path) -> Times:
    from aggregator import pipeline, topics
    from aggregator.settings import Settings

    sources = "\n".join(
        f'[[sources]]\nname = "f{n}"\nkind = "feed"\nurl = "{url}/{n}.xml"\npace_seconds = 0'
        for n in range(FEEDS)
    )
    config = topics.parse(
        f'[[topics]]\nname = "x"\ntitle = "x"\nkeywords = ["x"]\n{sources}', "bench"
    )
    settings = Settings(data_dir=folder)
    spent: Times = {}
    with closing(sqlite_store(folder)) as store:
        names = [source.name for source in config.sources]
        for name in ROUNDS:
            state.write_text(str(int(name == "changed")))
            wall, cpu = perf_counter(), process_time()
            done = pipeline.collect(store, settings, config, names)
            spent[name] = perf_counter() - wall, process_time() - cpu
            assert done.all_well, [o.message for o in done.sources.values() if o.message][:3]
            news = sum(outcome.counts.new for outcome in done.sources.values())
            expected = {"first": FEEDS * ENTRIES, "changed": FEEDS * ENTRIES // 100}.get(name, 0)
            assert news == expected, (name, news)
    return spent


def main() -> None:
    """The times of the reader that is named, as JSON."""
    who = {"reader": _reader, "daypaper": _daypaper}[sys.argv[1]]
    with _served() as (url, state), tempfile.TemporaryDirectory() as folder:
        json.dump(who(url, state, Path(folder)), sys.stdout)


if __name__ == "__main__":
    main()
