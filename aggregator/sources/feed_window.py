"""What becomes of a feed's answer: a page with its checkpoint, and a word on what the feed lost."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from aggregator.clock import iso, parse_moment
from aggregator.sources.base import Note, Page, Raw
from aggregator.sources.feed_pages import Reading

_MARKS = "marks"
_LENGTH = 12  # hexadecimal digits of a mark


def steps(
    raw: Raw,
    reading: Reading,
    state: Mapping[str, Any] | None,
    what: str,
    known: Callable[[Collection[str], datetime], set[str]],
    every: timedelta,
) -> Iterator[Page | Note]:
    """The page, then what people should know; `state` is the checkpoint of this stream,
    `known` tells which keys were stored by a moment, `every` is how often the feed is asked.

    A feed that is cut off, damaged or emptied is stored without validator and checkpoint, so that it is read
    again next time whatever it says. What it shows before it was read whole for the first time is history,
    as everything is in the first run of a source.
    """
    if not (reading.whole and reading.sound):
        yield Page((replace(raw, validator=None),), backfill=not state)
        if reading.whole:
            yield Note(
                "partial", f"{what} has titles that are damaged; it is asked again next time."
            )
        else:
            yield Note(
                "partial",
                f"{what} ends in the middle: its first {reading.items - 1} items are kept, "
                "what came after them is missing; it is asked again next time.",
            )
        return
    had = (state or {}).get("items", 0)
    if not reading.items:
        yield Page((replace(raw, validator=None),))
        if had:
            yield Note("stale", f"{what} shows no items any more; it had {had}.")
        else:
            yield Note("not_out_yet", f"{what} has no items yet.")
        return
    outage = bool(state) and _after_outage(reading, state, raw.fetched_at, known, every)
    mark = {"at": iso(raw.fetched_at), "items": reading.items}
    reached = {raw.stream: mark, **_noted(raw.stream, reading)}
    yield Page((raw,), checkpoint=reached, backfill=not state)
    if state and (oldest := _after_gap(reading, state)):
        yield Note(
            "partial",
            f"{what} shows its last {reading.items} items, back to {iso(oldest)}; what came between "
            f"{state['at']} and then is lost.",
        )
    elif state and outage:
        yield Note(
            "partial",
            f"{what} was read last at {state['at']}, and none of the {reading.items} items that it "
            "shows was there then; what came and went between is lost.",
        )


def unchanged(stream: str, state: Mapping[str, Any] | None, now: datetime) -> Page:
    """The page of a feed that says what it said before: only that it was asked."""
    return Page(checkpoint={stream: {**state, "at": iso(now)}} if state else {})


def known_marks(checkpoint: Mapping[str, Any], stream: str) -> frozenset[str]:
    """The marks of the items that the feed showed when it was read last."""
    noted = (checkpoint.get(f"{stream}:{_MARKS}") or {}).get("all", "")
    return frozenset(noted[at : at + _LENGTH] for at in range(0, len(noted), _LENGTH))


def _noted(stream: str, reading: Reading) -> dict[str, Any]:
    """The marks for the checkpoint; what was skipped has none, and is read again."""
    return {f"{stream}:{_MARKS}": {"all": "".join(sorted(reading.marks))}}


def _after_outage(
    reading: Reading,
    state: Mapping[str, Any],
    now: datetime,
    known: Callable[[Collection[str], datetime], set[str]],
    every: timedelta,
) -> bool:
    """Did a feed without dates show only what is new, after visits that it should have had failed?

    What an answer that was cut off brought meanwhile says nothing of what came before it.
    """
    keys = {draft.key for draft in reading.parsed.drafts}
    at = parse_moment(state["at"])
    late = now - at > 2 * every
    new = bool(keys) and not reading.parsed.known
    return late and not reading.dates and new and not known(keys, at)


def _after_gap(reading: Reading, state: Mapping[str, Any]) -> datetime | None:
    """The oldest item shown, if more than the feed can show came since it was last read.

    Only a feed that again shows as many items as before is known to show its last ones; one that
    gives them all the same date publishes them together and shows all of a day.
    """
    dates = reading.dates
    if len(dates) < reading.items or reading.items != state.get("items") or len(set(dates)) < 2:
        return None
    oldest = min(dates)
    return oldest if oldest > parse_moment(state["at"]) else None
