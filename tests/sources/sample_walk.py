"""Recorded answers and what must be read from them: NAME next to NAME.expected.json."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator.clock import iso
from aggregator.errors import SourceError
from aggregator.models import Parsed
from aggregator.sources.base import Raw, Source

DATA = Path(__file__).resolve().parents[1] / "data"
SHARED = Path(__file__).resolve().parents[2].parent / "shared"
FETCHED = datetime(2026, 7, 1, 12, tzinfo=UTC)


def samples(kind: str) -> list[Path]:
    """Every recorded answer of a kind of source, expectation or not."""
    return sorted(p for p in (DATA / kind).iterdir() if not p.name.endswith(".expected.json"))


def expectation(sample: Path) -> dict[str, Any]:
    """What the sample must give; fails where nobody wrote it down."""
    path = sample.with_name(f"{sample.name}.expected.json")
    assert path.exists(), f"{sample.name} has no expectation ({path.name})"
    return json.loads(path.read_text(encoding="utf-8"))


def outcome(
    source: Source, sample: Path, raw: dict[str, str], meta: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What the source reads from a sample, in the form of the expectations."""
    body = sample.read_bytes()
    page = Raw(raw["stream"], raw["url"], body, raw["content_type"], FETCHED, meta or {})
    try:
        return {"raw": raw, "parsed": as_json(source.to_drafts(page))}
    except SourceError as error:
        return {"raw": raw, "error": type(error).__name__}


def as_json(parsed: Parsed) -> dict[str, Any]:
    """Drafts without what is empty, dates as text."""
    drafts = []
    for draft in parsed.drafts:
        fields = asdict(draft) | {"published": iso(draft.published)}
        drafts.append({key: _plain(value) for key, value in fields.items() if value not in _EMPTY})
    return {"drafts": drafts, "skipped": list(parsed.skipped), "declared": parsed.declared}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


_EMPTY: tuple[Any, ...] = (None, "", (), {})
