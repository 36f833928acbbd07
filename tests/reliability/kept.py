"""What was measured, kept in a folder: a file for each source, so that the matrix can be run in parts."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from tests.reliability.judge import Verdict

ROOT = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class Row:
    """One source: its quiet week beside what the upstream itself shows, and its cells; `on` is the last
    day on which one was measured."""

    place: str
    on: date
    stored: int = 0
    shown: int = 0
    calm: list[str] = field(default_factory=list)
    cells: list[Verdict] = field(default_factory=list)

    def cell(self, mode: str) -> Verdict | None:
        """The cell of a fault, if it was measured."""
        return next((cell for cell in self.cells if cell.mode == mode), None)


def code() -> str:
    """Tells one state of the program from another."""
    digest = hashlib.sha256()
    for folder in ("aggregator", "tests/reliability"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def load(folder: Path, place: str) -> Row | None:
    """What is kept of a source."""
    path = _path(folder, place)
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    cells = [Verdict(**cell) for cell in told["cells"]]
    return Row(**{**told, "on": date.fromisoformat(told["on"]), "cells": cells})


def save(folder: Path, row: Row) -> None:
    """Keep it, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = _path(folder, row.place)
    half = path.with_suffix(".half")
    half.write_text(json.dumps(asdict(row), default=str, ensure_ascii=False), encoding="utf-8")
    os.replace(half, path)


def _path(folder: Path, place: str) -> Path:
    return folder / f"{place.replace(' ', '-')}.json"
