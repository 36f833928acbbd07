"""The faults, and which statuses speak the truth while one is on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.reliability.places import Place

TROUBLE = frozenset({"failed", "partial", "mismatch", "stale"})
FAILED = frozenset({"failed"})
THROTTLED = frozenset({"throttled"})
CHALLENGED = frozenset({"challenged"})

SILENT = 0.4
"""Seconds of patience where an upstream keeps silent or drips."""


@dataclass(frozen=True, slots=True)
class Mode:
    """A fault as the stand-in takes it. `truthful` are the statuses that a run may have which met it;
    `elsewhere` those of some kinds. A quiet status is judged by what is stored, whatever stands here.

    `only` are the places on which it has an effect (none: all), `skip` kinds on which it cannot be judged.
    `patience` is in seconds; `waits` says that pauses between tries are slept. `away`: how many hours
    the upstream wants to be left alone.
    """

    name: str
    fault: Mapping[str, Any]
    truthful: frozenset[str]
    elsewhere: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    patience: float | None = None
    waits: bool = False
    away: int = 0

    def fits(self, place: Place) -> bool:
        """Has it an effect there that can be judged?"""
        return (not self.only or place.name in self.only) and place.kind not in self.skip

    def allows(self, place: Place, status: str) -> bool:
        """Does a run there tell the truth that met the fault and ends so?"""
        return status in self.elsewhere.get(place.kind, self.truthful) | place.truthful


def _status(code: int, wait: str | None, truthful: frozenset[str], **more: Any) -> Mode:
    headers = {} if wait is None else {"Retry-After": wait}
    name = f"{code}" + ("" if wait is None else f", Retry-After {wait}")
    return Mode(name, {"mode": "status", "status": code, "headers": headers}, truthful, **more)


DAY = 86_400
REFUSED = {"arxiv": CHALLENGED, "reddit": THROTTLED | FAILED, "citations": THROTTLED | FAILED}
"""What a 403 means: with a key Reddit means what it says; OpenAlex means "too fast"."""
MODES = (
    _status(500, None, FAILED),
    _status(500, "0", THROTTLED),
    _status(500, str(DAY), THROTTLED, away=24),
    _status(503, None, FAILED),
    _status(503, "0", THROTTLED),
    _status(503, "2", THROTTLED, waits=True),
    _status(503, str(DAY), THROTTLED, away=24),
    _status(429, None, THROTTLED),
    _status(429, "0", THROTTLED),
    _status(429, "2", THROTTLED, waits=True),
    _status(429, str(DAY), THROTTLED, away=24),
    _status(403, None, FAILED, elsewhere=REFUSED),
    _status(403, "0", FAILED, elsewhere=REFUSED),
    _status(403, str(DAY), FAILED, elsewhere=REFUSED, away=24),
    Mode("bot wall, 200", {"mode": "html_challenge"}, CHALLENGED),
    Mode("bot wall, 403", {"mode": "html_challenge", "status": 403}, CHALLENGED,
         elsewhere={"reddit": CHALLENGED | THROTTLED}),
    Mode("empty page", {"mode": "empty_page"}, TROUBLE, elsewhere={"arxiv": TROUBLE | {"not_out_yet"}}),
    Mode("empty page, total 0", {"mode": "empty_page", "total": "zero"}, TROUBLE,
         elsewhere={"arxiv": TROUBLE | {"not_out_yet"}}),
    Mode("stale batch", {"mode": "stale_batch"}, frozenset({"stale"}), only=("arxiv", "arxiv rss")),
    Mode("cut off", {"mode": "truncate"}, TROUBLE),
    Mode("cut off, length wrong", {"mode": "truncate", "http": "short"}, TROUBLE),
    Mode("malformed", {"mode": "malformed"}, TROUBLE),
    Mode("wrong encoding", {"mode": "bad_encoding"}, TROUBLE),
    # The stand-in has one page for every day of Hugging Face's, so its days tell nothing.
    Mode("garbage dates", {"mode": "garbage_dates"}, TROUBLE, skip=("hf_daily",)),
    Mode("huge", {"mode": "huge", "mb": 70}, FAILED | {"partial"}),
    Mode("gzip bomb", {"mode": "huge", "mb": 200, "gzip": True}, FAILED | {"partial"}),
    Mode("slow", {"mode": "slow", "delay": 0.15}, frozenset()),
    Mode("drips for ever", {"mode": "slow", "drip": True, "delay": 6 * SILENT}, FAILED | {"partial"},
         patience=SILENT),
    Mode("hangs", {"mode": "hang", "seconds": 20}, FAILED | {"partial"}, patience=SILENT),
    Mode("reset", {"mode": "reset"}, FAILED | {"partial"}),
)  # fmt: skip
