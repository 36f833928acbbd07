"""A few cells of the matrix, so that a change which breaks what it promises is seen at once."""

from collections.abc import Iterator

import pytest

from tests.reliability import matrix
from tests.reliability.judge import judge
from tests.reliability.modes import MODES
from tests.reliability.places import place_of
from tests.reliability.week import Bench, Week
from tests.sources.sample_walk import SHARED

pytestmark = [
    pytest.mark.upstream,
    pytest.mark.skipif(
        not (SHARED / "upstream").is_dir(),
        reason="the stand-in services do not lie beside this checkout",
    ),
]
CELLS = {
    "feed": ("wrong encoding", "cut off", "garbage dates"),
    "arxiv": ("403", "garbage dates"),
}


@pytest.fixture(scope="module")
def made() -> Iterator[Bench]:
    with matrix.bench() as running:
        yield running


@pytest.fixture(scope="module", params=CELLS)
def calm(request: pytest.FixtureRequest, made: Bench) -> tuple[str, Week]:
    place = place_of(request.param)
    return place.kind, made.live(place)


def test_a_week_with_a_fault_ends_as_one_without(made: Bench, calm: tuple[str, Week]) -> None:
    kind, week = calm
    place = place_of(kind)
    for mode in (m for m in MODES if m.name in CELLS[kind]):
        verdict = judge(place, mode, week, made.live(place, mode))
        # The pace is looked at by the command: test machines are too busy for so short a one.
        verdict.impolite = [line for line in verdict.impolite if "within" not in line]
        assert verdict.good, (mode.name, verdict)
