"""Holds a week with a fault against the same week without: what is missing, garbled, twice, or untrue."""

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from aggregator.models import QUIET_STATUSES, Draft
from aggregator.parse.text import is_damaged
from tests.reliability.modes import Mode
from tests.reliability.places import Place
from tests.reliability.week import FLAKY, HEALED, TOTAL, Look, Week

JITTER = 0.06
"""Seconds by which a busy machine delays a request. The paces here are shorter than in life, so runs of
requests are looked at: they must take as long as their pace says."""
SPAN = 0.25
"""Seconds that such a run of requests should take."""
DAY = timedelta(days=1)
READABLE = datetime(2026, 6, 30, tzinfo=UTC)
"""One of the garbage dates, 2026-6-30, is one that people write and read; in a feed it is believed."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(slots=True)
class Verdict:
    """One cell. `wanted` is what had to be there in the end and `had` what of it was; `lost` is what
    scrolled out of sight meanwhile. The lists say what is wrong, in words. `code` tells the program
    apart that it was measured with."""

    place: str
    mode: str
    code: str = ""
    wanted: int = 0
    had: int = 0
    lost: int = 0
    requests: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    garbled: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    impolite: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.missing or self.garbled or self.twice or self.untrue or self.impolite)


def judge(place: Place, mode: Mode, calm: Week, week: Week) -> Verdict:
    """Everything that is wrong with a week."""
    verdict = Verdict(place.name, mode.name)
    _recall(place, calm, week, verdict)
    _content(place, calm, week, verdict)
    _truth(place, mode, calm, week, verdict)
    _manners(place, mode, week, verdict)
    shown = Counter(title for look in calm.looks[-1:] for title in look.shown)
    papers, before = Counter(week.papers), Counter(calm.papers)
    verdict.twice = [t for t, n in papers.items() if n > max(1, before[t], shown[t])]
    return verdict


def _recall(place: Place, calm: Week, week: Week, verdict: Verdict) -> None:
    wanted, had = calm.looks[-1].stored, week.looks[-1].stored
    gone = {key for key in wanted if key not in had} - _superseded(place, wanted, had)
    if place.windowed:
        served = {title for look in calm.looks[HEALED:] for title in look.shown}
        out_of_sight = {key for key in gone if served.isdisjoint(_marks(wanted[key]))}
        if out_of_sight and not any(
            look.status == "partial" and _DATE.search(look.message)
            for look in week.looks[TOTAL.stop :]
        ):
            verdict.untrue.append(f"{len(out_of_sight)} items scrolled by, and no run says so")
        verdict.lost = len(out_of_sight)
        gone -= out_of_sight
    verdict.wanted = len(wanted) - verdict.lost
    verdict.had = verdict.wanted - len(gone)
    verdict.missing = sorted(gone)
    ever = {mark for look in calm.looks for mark in look.shown} if place.windowed else set()
    verdict.garbled += sorted(
        f"{key}: invented"
        for key, draft in had.items()
        if key not in wanted and ever.isdisjoint(_marks(draft)) and draft.published > place.start
    )


def _content(place: Place, calm: Week, week: Week, verdict: Verdict) -> None:
    wanted = calm.looks[-1].stored
    served = {title for look in calm.looks[HEALED:] for title in look.shown}
    for key, draft in week.looks[-1].stored.items():
        if key in wanted and (wrong := _differences(wanted[key], draft, place.kind)):
            if (
                place.windowed
                and is_damaged(draft.title)
                and served.isdisjoint(_marks(wanted[key]))
            ):
                verdict.lost += 1  # it scrolled by before it could be had whole, as was said then
            else:
                verdict.garbled.append(f"{key}: {wrong}")


def _superseded(place: Place, wanted: Mapping[str, Draft], had: Mapping[str, Draft]) -> set[str]:
    """Versions that a newer one took the place of before they could be had: arXiv gives the latest."""
    if place.kind != "arxiv":
        return set()
    latest = {
        d.native_id: d.version or 1 for d in sorted(had.values(), key=lambda d: d.version or 1)
    }
    return {key for key, d in wanted.items() if (d.version or 1) <= latest.get(d.native_id, 0)}


def _marks(draft: Draft) -> set[str]:
    """By what the upstream itself shows an item."""
    return {draft.title, draft.url}


def _differences(wanted: Draft, had: Draft, kind: str) -> str:
    """Which of the texts and dates of an entry are not as they should be; "" if all are."""
    names = ("title", "abstract", "authors", "identifiers", "about", "mentions")
    wrong = [name for name in names if getattr(had, name) != getattr(wanted, name)]
    # An undated item is dated by when it was first seen, which may be later. The stand-in shows
    # proceedings and notes some hours before their time.
    late = not wanted.dated and had.published > wanted.published
    near = kind != "arxiv" and abs(had.published - wanted.published) < DAY
    said = kind == "feed" and had.published == READABLE
    if had.published != wanted.published and not (late or near or said):
        wrong.append(f"published ({had.published} for {wanted.published})")
    return ", ".join(wrong)


def _truth(place: Place, mode: Mode, calm: Week, week: Week, verdict: Verdict) -> None:
    for step, (should, look) in enumerate(zip(calm.looks, week.looks, strict=True)):
        if look.status is None:
            continue
        when = f"{look.at:%d %b %H:%M}"
        under = step in TOTAL or step in FLAKY
        if under:
            verdict.statuses[look.status] = verdict.statuses.get(look.status, 0) + 1
        if look.status in QUIET_STATUSES:
            unsaid = list(_unsaid(place, should, look))
            known = look.met and mode.allows(place, look.status)
            if unsaid and not known:
                verdict.untrue.append(f"{when} {look.status}, but {'; '.join(unsaid)}")
        elif (
            step in TOTAL
            and look.met
            and not mode.allows(place, look.status)
            and look.status != should.status  # the place says so by itself at that time
        ):
            verdict.untrue.append(f"{when} {look.status}: {look.message}")
        elif "error of Daypaper's own" in look.message:
            verdict.untrue.append(f"{when}: {look.message}")
    last, expected = week.looks[-1], calm.looks[-1]
    if (last.status or "none") not in QUIET_STATUSES | {expected.status or "none"}:
        verdict.untrue.append(f"in the end still {last.status}: {last.message}")


def _unsaid(place: Place, should: Look, look: Look) -> Iterator[str]:
    """What is wrong in the store although the status is a quiet one."""
    wanted: Mapping[str, Draft] = should.stored
    if place.windowed:
        wanted = {key: d for key, d in wanted.items() if not _marks(d).isdisjoint(should.shown)}
    gone = {key for key in wanted if key not in look.stored}
    missing = sorted(gone - _superseded(place, wanted, look.stored))
    if missing:
        yield f"{len(missing)} of {len(wanted)} are missing ({missing[0]})"
    names = ("title", "abstract", "authors")
    garbled = [
        key
        for key in wanted
        if key in look.stored
        and any(getattr(wanted[key], n) != getattr(look.stored[key], n) for n in names)
    ]
    if garbled:
        yield f"{len(garbled)} differ from what was served ({garbled[0]})"


def _hit(place: Place, request: Mapping[str, Any]) -> bool:
    """Did it meet the fault, and not one beside it?"""
    return bool(request["fault"]) and request["path"].startswith(place.prefix)


def _manners(place: Place, mode: Mode, week: Week, verdict: Verdict) -> None:
    asked = [request for look in week.looks for request in look.asked]
    verdict.requests = len(asked)
    times = sorted(request["time"] for request in asked)
    many = math.ceil(SPAN / place.pace)
    spans = [b - a for a, b in zip(times, times[many:], strict=False)]
    if short := [span for span in spans if span < many * place.pace - JITTER]:
        verdict.impolite.append(f"{many + 1} requests within {min(short):.3f} s")
    # The stand-in counts a request as in flight after it was given up, while it hangs, drips or sends on.
    given_up = mode.patience is not None or mode.fault["mode"] == "huge"
    if not given_up and (most := max((r["in_flight"] for r in asked), default=0)) > 1:
        verdict.impolite.append(f"{most} requests at once")
    refused = None
    for step, look in enumerate(week.looks):
        if place.kind == "arxiv" and refused is not None and look.asked and step < HEALED:
            verdict.impolite.append(f"{len(look.asked)} requests after a 403")
        for n, request in enumerate(look.asked):
            if request["status"] == 403 and refused is None and step < HEALED:
                refused = step
                if place.kind == "arxiv" and n + 1 < len(look.asked):
                    verdict.impolite.append(f"{len(look.asked) - n - 1} requests after a 403")
    if mode.away:
        told = [look for look in week.looks if any(_hit(place, r) for r in look.asked)]
        for first, then in itertools.pairwise(told):
            if (then.at - first.at).total_seconds() < mode.away * 3600:
                verdict.impolite.append(f"asked again at {then.at:%d %b %H:%M}, before its time")
