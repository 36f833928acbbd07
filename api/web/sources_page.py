"""The page of the sources: how each is, how it was these days, and what a person has to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request, Response

from aggregator.clock import parse_moment
from aggregator.digest.show import MESSAGE, cut, web_url
from aggregator.models import QUIET_STATUSES, STATUSES
from aggregator.sources.base import Source
from aggregator.status import source_states
from aggregator.store import health
from api.deps import ServicesDep
from api.web import front
from api.web.language import Language, chosen
from api.web.today import RENEW_SECONDS
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

STRIP = 14
"""Days of a source that are shown."""

_LATE = timedelta(minutes=30)
_WAITING = frozenset(STATUSES) - {"challenged", "failed"}
"""With these nobody has to do anything but see that Daypaper runs: it should have asked `_LATE` ago."""

_SHAPES = {
    None: "none",
    "ok": "fine",
    "not_out_yet": "quiet",
    "holiday": "quiet",
    "failed": "bad",
    "challenged": "bad",
}
"""Every other status is trouble that gives something all the same."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A day of a source's strip; `shape` tells it without colour: fine, quiet, mended, warn, bad or
    none."""

    at: datetime
    shape: str
    day: health.Day


@router.get("/sources")
def show_sources(request: Request, services: ServicesDep) -> Response:
    """How each source is, and those that are switched off."""
    now = services.now()
    today = front.day_of(now)
    first = today - timedelta(days=STRIP - 1)
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, now)
        days = health.days(connection, first, now)
    t = chosen(request)
    busy = any(state["running"] for state in states)
    shown = [
        {
            "state": state,
            "strip": strip(days.get(source.name, ()), first),
            "advice": advice(t, state, source, now, busy=busy),
        }
        for source, state in zip(services.sources, states, strict=True)
    ]
    values = {
        "sources": shown,
        "disabled": [one for one in services.config.sources if not one.enabled],
        "renew": RENEW_SECONDS if busy else None,
    }
    return page(request, "sources.html", values)


def strip(days: Sequence[health.Day], first: datetime) -> list[Mark]:
    """A mark for each of the `STRIP` days from `first` on."""
    known = {day.date: day for day in days}
    marks = []
    for n in range(STRIP):
        at = first + timedelta(days=n)
        day = known.get(at.date(), health.Day(at.date()))
        shape = _SHAPES.get(day.status, "warn")
        if day.bad and day.status in QUIET_STATUSES:
            shape = "mended"
        marks.append(Mark(at.astimezone(UTC), shape, _shortened(day)))
    return marks


def advice(
    t: Language, state: Mapping[str, Any], source: Source, now: datetime, *, busy: bool
) -> str:
    """What a person has to do about a source in this state (of `source_states`), in one or two
    sentences; what stands in `backticks` is a command. `busy`: some source is being asked."""
    due = parse_moment(state["next_due"])
    key = state["status"] or "none"
    if state["running"]:
        key = "running"
    elif due < now - _LATE and key in _WAITING:
        key = "turn" if busy else "overdue"
    url = next((url for url in map(web_url, source.base_urls) if url), "")
    return t(f"do_{key}", name=state["name"], url=url, time=t.time(due))


def _shortened(day: health.Day) -> health.Day:
    return health.Day(day.date, day.status, cut(day.message, MESSAGE), day.runs, day.bad)
