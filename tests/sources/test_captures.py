"""Every captured answer gives what a person who reads it expects; the tables in `captured` hold facts
alone. A capture that no table names fails."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.captures import CAPTURES, captures, facts

TABLES = Path(__file__).parent / "captured"
UNUSED = TABLES / "unused.json"
EXPECTED: dict[str, dict[str, Any]] = {
    name: expected
    for table in sorted(TABLES.glob("*.json"))
    if table != UNUSED
    for name, expected in json.loads(table.read_text(encoding="utf-8")).items()
}

pytestmark = pytest.mark.skipif(
    not CAPTURES.exists(), reason="the captured answers do not lie beside this checkout"
)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_capture_is_read_as_a_person_reads_it(name: str) -> None:
    expected = dict(EXPECTED[name])
    way = expected.pop("read as")
    others = [int(place) for place in expected if place.isdigit() and place != "0"]
    assert facts(name, way, others) == expected


def test_every_capture_is_expected_or_has_a_reason_why_not() -> None:
    reasons: dict[str, list[str]] = json.loads(UNUSED.read_text(encoding="utf-8"))
    assert all(reason.endswith(".") for reason in reasons)
    unused = [name for names in reasons.values() for name in names]
    assert len(unused) == len(set(unused))
    assert not set(unused) & set(EXPECTED)
    assert sorted([*EXPECTED, *unused]) == captures()
