"""Runs the matrix, a process for each source at a time, and says how each cell went."""

import logging
import multiprocessing
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import stamina

from aggregator.parse.text import plain
from tests.reliability.judge import Verdict, judge
from tests.reliability.modes import MODES, Mode
from tests.reliability.places import PLACES, Place
from tests.reliability.week import HEALED, Bench, Week
from tests.sources.sample_walk import SHARED
from tests.sources.standin import stand_in

PROCESSES = 3


@dataclass(slots=True)
class Row:
    """One source: its quiet week beside what the upstream itself shows, and its cells."""

    place: str
    stored: int
    shown: int
    calm: list[str]
    cells: list[Verdict]
    seconds: float


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
        with stand_in("2017-11-13T12:00:00Z", data=data) as services:
            yield Bench(services, feeds, folder)


def row(kind: str, modes: Sequence[str]) -> Row:
    """All cells of one source."""
    logging.disable(logging.CRITICAL)  # a fault says the same thousands of times
    stamina.instrumentation.set_on_retry_hooks([])
    started = time.monotonic()
    place = next(p for p in PLACES if p.kind == kind)
    with bench() as made, _no_waiting():
        calm = made.live(place)
        chosen = [m for m in MODES if m.name in modes and m.fits(kind)]
        cells = [_cell(made, place, mode, calm) for mode in chosen]
    stored, shown, wrong = _calm(place, calm)
    return Row(kind, stored, shown, wrong, cells, round(time.monotonic() - started, 1))


def _cell(made: Bench, place: Place, mode: Mode, calm: Week) -> Verdict:
    if mode.waits:
        stamina.set_testing(False)
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


def run(kinds: Sequence[str], modes: Sequence[str], say: Callable[[Row], None]) -> list[Row]:
    """The matrix; `say` hears of each row when it is done."""
    context = multiprocessing.get_context("spawn")
    rows = []
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        for done in [pool.submit(row, kind, modes) for kind in kinds]:
            made = done.result()
            say(made)
            rows.append(made)
    return rows
