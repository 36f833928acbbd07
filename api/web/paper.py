"""What a paper's page shows of its entries: the steps of its life, and where it is talked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the timeline: an entry that made the paper public in some form."""

    at: str  # ISO moment
    role: str
    version: int | None
    venue: str
    url: str
    sources: tuple[str, ...]
    marks: tuple[str, ...]  # events that this entry made
    count: int = (
        0  # citing papers that became known together, posts of one day if there are several
    )


def steps(paper: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> list[Step]:
    """Entries other than posts with the events they made, oldest first.

    The event `new` names no entry: it belongs to the oldest one. Citations are folded, a line for
    each run that brought some, and discussions, a line for each day.
    """
    # A representative work is known by its year alone, which is no step where a real one is known.
    starter = all(entry["role"] in ("post", "work") for entry in paper["entries"])
    shown = {"preprint", "proceedings", "citing"} | ({"work"} if starter else set())
    entries = [entry for entry in paper["entries"] if entry["role"] in shown]
    first = next((entry["key"] for entry in entries if entry["role"] != "work"), "")
    made: dict[str, list[str]] = {}
    cited = [event for event in events if event["kind"] == "cited"]
    for event in events:
        made.setdefault(event["cause"] or first, []).append(event["kind"])
    found = [
        Step(
            entry["published"],
            entry["role"],
            entry["version"],
            entry.get("venue") or "",
            entry["url"],
            tuple(entry["sources"]),
            tuple(made.get(entry["key"], ())),
        )
        for entry in entries
    ]
    found += [Step(e["at"], "cited", None, "", "", (), (), e["count"]) for e in cited]
    found += _talks([event for event in events if event["kind"] == "discussed"])
    return sorted(found, key=lambda step: step.at)


def _talks(events: Sequence[Mapping[str, Any]]) -> list[Step]:
    """A step for each day (UTC) on which the paper was talked about."""
    found = []
    for _, some in groupby(events, key=lambda event: event["at"][:10]):
        first, *others = some
        if others:
            step = Step(first["at"], "discussed", None, "", "", (), (), 1 + len(others))
        else:
            step = Step(first["at"], "discussed", None, first["place"], first["url"], (), ())
        found.append(step)
    return found


def discussions(paper: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The posts about the paper, the most voted first."""
    posts = [entry for entry in paper["entries"] if entry["role"] == "post"]
    return sorted(posts, key=lambda post: -(post.get("score") or 0))
