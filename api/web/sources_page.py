"""The page of the sources: how each is, how it was these days, and what a person has to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from aggregator.clock import parse_moment
from aggregator.collect import wanted
from aggregator.digest.show import MESSAGE, cut, web_url
from aggregator.errors import NotFoundError
from aggregator.models import QUIET_STATUSES, STATUSES
from aggregator.parse import addresses
from aggregator.sources.base import Source
from aggregator.status import source_states
from aggregator.store import health, wishes
from aggregator.store.wishes import Wish
from api.deps import ServicesDep
from api.web import front, reader
from api.web.language import Language, chosen
from api.web.reader import Owner
from api.web.today import RENEW_SECONDS
from api.web.view import page

router = APIRouter(include_in_schema=False, default_response_class=Response)

STRIP = 14
"""Days of a source that are shown."""

_LATE = timedelta(minutes=30)
_UNHEARD = timedelta(minutes=2)
"""A wish is taken within seconds, or behind another source of the same upstream."""
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
def show_sources(
    request: Request, services: ServicesDep, fetched: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """How each source is, and those that are switched off. `fetched` names the one whose button was
    pressed: without scripts the page comes back to it when it renews itself."""
    now = services.now()
    today = front.day_of(now)
    first = today - timedelta(days=STRIP - 1)
    with services.store.read() as connection:
        states = source_states(services.store, connection, services.sources, now)
        days = health.days(connection, first, now)
        wished = wishes.latest(connection)
        newest = health.newest_runs(connection, now)
        against = {
            source.name: wanted.hindrance(connection, source, now) for source in services.sources
        }
    t = chosen(request)
    busy = any(state["running"] for state in states)
    shown = [
        {
            "state": state,
            "strip": strip(days.get(source.name, ()), first),
            "advice": advice(t, state, source, now, busy=busy),
            "by_hand": by_hand(
                t,
                state,
                wished.get(source.name),
                newest.get(source.name),
                against[source.name],
                now,
                busy=busy,
            ),
        }
        for source, state in zip(services.sources, states, strict=True)
    ]
    values = {
        "sources": shown,
        "disabled": [one for one in services.config.sources if not one.enabled],
        "busy": busy or any(one["by_hand"].waits for one in shown),
        "renew_every": RENEW_SECONDS,
        "renew_at": _renewal(fetched, now) if fetched in against else "/sources",
        "owner": reader.of(request).local,
    }
    return page(request, "sources.html", values)


@router.post("/sources")
def fetch_source(
    services: ServicesDep, owner: Owner, fetch: Annotated[str, Form(max_length=100)]
) -> Response:
    """Have a source fetched now, by whoever fetches; the page says what comes of it."""
    source = next((one for one in services.sources if one.name == fetch), None)
    if source is None:
        raise NotFoundError(f'There is no source "{fetch}" here.')
    wanted.fetch_now(services.store, source, services.now())
    name = quote(source.name, safe="")
    return RedirectResponse(f"/sources?fetched={name}#{name}", 303)


def _renewal(name: str, now: datetime) -> str:
    """The address that leads to this source on the renewed page; another one each time, since browsers
    load nothing anew when only the part behind # is asked for."""
    name = quote(name, safe="")
    return f"/sources?fetched={name}&seen={int(now.timestamp())}#{name}"


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


@dataclass(frozen=True, slots=True)
class ByHand:
    """What the owner may do about a source: press the button or not, and what is said of it."""

    button: bool
    waits: bool
    said: str


def by_hand(
    t: Language,
    state: Mapping[str, Any],
    wish: Wish | None,
    run: health.RunRow | None,
    against: wanted.Hindrance | None,
    now: datetime,
    *,
    busy: bool,
) -> ByHand:
    """What stands beside the button of a source: `wish` is the latest asking for it, `run` its newest
    run, `against` what the politeness ledger says. `busy`: some source is being asked."""
    if state["running"]:
        return ByHand(False, False, "")
    if wish and wish.run_id is None:
        unheard = wish.asked_at < now - _UNHEARD and not busy
        key = "fetch_unheard" if unheard else "fetch_waits"
        return ByHand(False, True, t(key, time=t.time(wish.asked_at)))
    if against:
        until = t.time(against.until) if against.until else ""
        said = t(f"fetch_{against.kind}", time=until, name=state["name"])
        return ByHand(False, False, f"{said} {cut(against.reason, MESSAGE)}".strip())
    if wish and run and run.finished and run.id == wish.run_id:
        return ByHand(True, False, t("fetch_done", time=t.time(run.finished)))
    return ByHand(True, False, "")


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
    url = next((addresses.discreet(url) for url in map(web_url, source.base_urls) if url), "")
    return t(f"do_{key}", name=state["name"], url=url, time=t.time(due))


def _shortened(day: health.Day) -> health.Day:
    return health.Day(day.date, day.status, cut(day.message, MESSAGE), day.runs, day.bad)
