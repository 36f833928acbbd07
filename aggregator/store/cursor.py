"""Where a page of a list ends, as an opaque text that the next request gives back."""

import base64
import hashlib
import json
import math
from datetime import datetime
from typing import Any, NamedTuple

from aggregator.clock import parse_moment
from aggregator.errors import UsageError


class Place(NamedTuple):
    """The order of the list, the last key of its order (a moment or a number), and the paper's."""

    sort: str
    key: str | float
    pk: int


def write(place: Place, of: str) -> str:
    """The place as a word that needs no escaping in an address; `of` names the list, whatever the
    size of its pages."""
    text = json.dumps([*place, _mark(of)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, sort: str, of: str) -> Place:
    """The place that `write` wrote. Raises UsageError if it is broken, of another order, or of another
    list than `of`, where it would skip or repeat."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded.encode("ascii"), b"-_", validate=True)
        *given, mark = json.loads(text)
        place = Place(*given)
        wanted = str if sort == "new" else (int, float)
        right = isinstance(place.key, wanted) and type(place.pk) is int and abs(place.pk) < 2**62
        if place.sort != sort or not right:
            raise ValueError(place.sort)
        if sort == "new":
            moment(place.key)
        elif not math.isfinite(float(place.key)):
            raise ValueError(place.key)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise UsageError(
            f"cursor: expected the `next` of an answer to the same question with sort={sort}."
        ) from None
    if mark != _mark(of):
        raise UsageError(
            "cursor: it goes on with another list; expected the `next` of an answer to the same question, "
            "of which only the limit may differ."
        )
    return place


def _mark(of: str) -> str:
    return hashlib.blake2b(of.encode(), digest_size=6).hexdigest()


def moment(key: Any) -> datetime:
    """The key of a list by date, as the database writes it. Raises ValueError, OverflowError."""
    return parse_moment(key)
