"""Runs the matrix, a process for each source at a time; each cell is kept as soon as it is measured."""

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import stamina
from rich.console import Console

from aggregator import clock
from aggregator.parse.text import plain
from tests.reliability import kept, report
from tests.reliability.feeds import write_edges
from tests.reliability.judge import Verdict, judge
from tests.reliability.kept import Row
from tests.reliability.modes import MODES, Mode
from tests.reliability.places import Place, place_of
from tests.reliability.week import HEALED, Bench, Week
from tests.sources.sample_walk import SHARED
from tests.sources.standin import stand_in


@contextmanager
def bench() -> Iterator[Bench]:
    """A stand-in of one's own, with feeds that can be written."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "data"
        feeds = data / "feeds"
        feeds.mkdir(parents=True)
        for path in (SHARED / "upstream" / "data").iterdir():
            if path.is_file():
                (data / path.name).symlink_to(path)
        write_edges(data)
        with stand_in("2017-11-13T12:00:00Z", data=data) as services:
            yield Bench(services, feeds, folder)


def row(name: str, modes: Sequence[str], folder: Path, *, again: bool = False) -> Row:
    """All cells of one source. What is kept is not measured again, unless `again`."""
    logging.disable(logging.CRITICAL)  # a fault says the same thousands of times
    stamina.instrumentation.set_on_retry_hooks([])
    console = Console(width=160, highlight=False, markup=False)
    place, code = place_of(name), kept.code()
    found = kept.load(folder, name) or Row(name, clock.wall().date())
    chosen = [m for m in MODES if m.name in modes and m.fits(place)]
    chosen = [m for m in chosen if again or not found.cell(m.name)]
    if not chosen:
        return found
    with bench() as made, _no_waiting():
        calm = made.live(place)
        found = replace(found, on=clock.wall().date())
        found.stored, found.shown, found.calm = _calm(place, calm)
        console.print(report.calm_line(found))
        for done, mode in enumerate(chosen, 1):
            started = time.monotonic()
            cell = replace(_cell(made, place, mode, calm), code=code)
            found.cells = [c for c in found.cells if c.mode != mode.name] + [cell]
            kept.save(folder, found)
            seconds = time.monotonic() - started
            console.print(report.cell_line(cell, f"{done}/{len(chosen)}, {seconds:.0f} s"))
    return found


def _cell(made: Bench, place: Place, mode: Mode, calm: Week) -> Verdict:
    if mode.waits:
        stamina.set_testing(False)
    time.sleep(place.rest)
    try:
        return judge(place, mode, calm, made.live(place, mode))
    finally:
        stamina.set_testing(True, attempts=3)


def _calm(place: Place, calm: Week) -> tuple[int, int, list[str]]:
    """The week without a fault against what the upstream showed: nothing is compared with itself."""
    stored = calm.looks[-1].stored
    shown = {title for look in calm.looks for title in look.shown}
    if place.kind == "arxiv":
        had = {draft.native_id for draft in stored.values()}
    else:
        had = {mark for draft in stored.values() for mark in (plain(draft.title), draft.url)}
        shown = {plain(title) for title in shown}
    wrong = [f"not stored: {title}" for title in sorted(shown - had)]
    wrong += [
        f"{look.at:%d %b %H:%M} {look.status}: {look.message}"
        for look in calm.looks[HEALED:]
        if look.status not in (None, "ok", "not_out_yet", "holiday")
    ]
    return len(shown & had), len(shown), wrong


@contextmanager
def _no_waiting() -> Iterator[None]:
    """Retries follow at once, where waiting is not what is looked at."""
    stamina.set_testing(True, attempts=3)
    try:
        yield
    finally:
        stamina.set_testing(False)


def run(
    names: Sequence[str],
    modes: Sequence[str],
    folder: Path,
    *,
    again: bool,
    processes: int,
    say: Callable[[Row], None],
) -> list[Row]:
    """These rows of the matrix; `say` hears of each when it is done. What is measured is kept in the
    folder, cell by cell."""
    context = multiprocessing.get_context("spawn")
    rows = []
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        tasks = [pool.submit(row, name, modes, folder, again=again) for name in names]
        for done in as_completed(tasks):
            rows.append(done.result())
            say(rows[-1])
    return rows
