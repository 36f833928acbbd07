"""Holds a week with a fault against the same week without: what is missing, garbled, twice, or untrue."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from aggregator.models import QUIET_STATUSES, Draft
from tests.reliability.modes import Mode
from tests.reliability.places import Place
from tests.reliability.week import FLAKY, HEALED, TOTAL, Look, Week

JITTER = 0.5
"""Of the pace: less than this between two requests is no matter of a busy machine any more."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(slots=True)
class Verdict:
    """One cell. `wanted` is what had to be there in the end and `had` what of it was; `lost` is what
    scrolled out of sight meanwhile. The lists say what is wrong, in words."""

    place: str
    mode: str
    wanted: int = 0
    had: int = 0
    lost: int = 0
    requests: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
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
    verdict = Verdict(place.kind, mode.name)
    _recall(place, calm, week, verdict)
    _content(calm, week, verdict)
    _truth(place, mode, calm, week, verdict)
    _manners(place, mode, week, verdict)
    papers, before = Counter(week.papers), Counter(calm.papers)
    verdict.twice = [t for t, n in papers.items() if n > max(1, before[t])]
    return verdict


def _recall(place: Place, calm: Week, week: Week, verdict: Verdict) -> None:
    wanted, had = calm.looks[-1].stored, week.looks[-1].stored
    gone = {key for key in wanted if key not in had}
    if place.windowed:
        served = {title for look in calm.looks[HEALED:] for title in look.shown}
        out_of_sight = {key for key in gone if wanted[key].title not in served}
        if out_of_sight and not any(
            look.status == "partial" and _DATE.search(look.message) for look in week.looks[HEALED:]
        ):
            verdict.untrue.append(f"{len(out_of_sight)} items scrolled by, and no run says so")
        verdict.lost = len(out_of_sight)
        gone -= out_of_sight
    verdict.wanted = len(wanted) - verdict.lost
    verdict.had = verdict.wanted - len(gone)
    verdict.missing = sorted(gone)
    verdict.garbled += sorted(f"{key}: invented" for key in had if key not in wanted)


def _content(calm: Week, week: Week, verdict: Verdict) -> None:
    wanted = calm.looks[-1].stored
    for key, draft in week.looks[-1].stored.items():
        if key in wanted and (wrong := _differences(wanted[key], draft)):
            verdict.garbled.append(f"{key}: {wrong}")


def _differences(wanted: Draft, had: Draft) -> str:
    """Which of the texts and dates of an entry are not as they should be; "" if all are."""
    names = ("title", "abstract", "authors", "identifiers", "about", "mentions")
    wrong = [name for name in names if getattr(had, name) != getattr(wanted, name)]
    # An undated item is dated by when it was first seen, which may be later.
    if had.published != wanted.published and (wanted.dated or had.published < wanted.published):
        wrong.append(f"published ({had.published} for {wanted.published})")
    return ", ".join(wrong)


def _truth(place: Place, mode: Mode, calm: Week, week: Week, verdict: Verdict) -> None:
    for step, (should, look) in enumerate(zip(calm.looks, week.looks, strict=True)):
        if look.status is None:
            continue
        when = f"{look.at:%d %b %H:%M}"
        under = step in TOTAL or step in FLAKY
        if under:
            verdict.statuses[look.status] += 1
        if look.status in QUIET_STATUSES:
            unsaid = list(_unsaid(place, should, look))
            known = look.met and mode.allows(place.kind, look.status)
            if unsaid and not known:
                verdict.untrue.append(f"{when} {look.status}, but {'; '.join(unsaid)}")
        elif step in TOTAL and look.met and not mode.allows(place.kind, look.status):
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
        wanted = {key: d for key, d in wanted.items() if d.title in should.shown}
    missing = [key for key in wanted if key not in look.stored]
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


def _manners(place: Place, mode: Mode, week: Week, verdict: Verdict) -> None:
    asked = [request for look in week.looks for request in look.asked]
    verdict.requests = len(asked)
    asked.sort(key=lambda request: request["time"])
    gaps = [b["time"] - a["time"] for a, b in zip(asked, asked[1:], strict=False)]
    if short := [gap for gap in gaps if gap < place.pace * JITTER]:
        verdict.impolite.append(f"{len(short)} requests too soon, the first after {short[0]:.3f} s")
    # The stand-in counts a request that hangs or drips as in flight after it was given up.
    if mode.patience is None and (most := max((r["in_flight"] for r in asked), default=0)) > 1:
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
        told = [look for look in week.looks if any(r["fault"] for r in look.asked)]
        for first, then in zip(told, told[1:], strict=False):
            if (then.at - first.at).total_seconds() < mode.away * 3600:
                verdict.impolite.append(f"asked again at {then.at:%d %b %H:%M}, before its time")
