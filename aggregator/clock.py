"""The two clocks: the wall, and the logical now that `--as-of` may set (DESIGN, decision 6)."""

from datetime import UTC, datetime
from functools import lru_cache


def wall() -> datetime:
    """The real time, aware, UTC. Rules pace and time-outs."""
    return datetime.now(UTC)  # noqa: TID251 - the one place that reads the clock


def parse_moment(text: str) -> datetime:
    """ISO 8601 date or time -> aware UTC moment; a bare date is its midnight UTC, a naive time is UTC.

    Raises ValueError if `text` is neither, or outside of 1990 to 2200.
    """
    moment = datetime.fromisoformat(text.strip())
    if not 1990 <= moment.year <= 2200:
        raise ValueError(f"{text} is not of our time")
    return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)


@lru_cache(maxsize=4096)  # papers of one day were announced at one moment
def iso(moment: datetime) -> str:
    """Aware moment -> "2017-11-13T12:00:00Z"."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
