"""Where a page of a list ends, as an opaque text that the next request gives back."""

import base64
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


def write(place: Place) -> str:
    """The place as a word that needs no escaping in an address."""
    text = json.dumps(place, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read(cursor: str, sort: str) -> Place:
    """The place that `write` wrote. Raises UsageError if it is broken or of another order."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded.encode("ascii"), b"-_", validate=True)
        place = Place(*json.loads(text))
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
    return place


def moment(key: Any) -> datetime:
    """The key of a list by date, as the database writes it. Raises ValueError, OverflowError."""
    return parse_moment(key)
