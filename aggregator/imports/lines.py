"""What readers of JSON share: one object a line, texts and lists as they are believed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from aggregator.models import Draft
from aggregator.parse.jsonline import load_line
from aggregator.parse.text import plain

MOST_BYTES = 4 * 2**20
"""Of one line; the longest record of arXiv, with three thousand authors, has 0.1 MB."""


def _objects(lines: Iterable[bytes]) -> Iterator[dict[str, Any] | str]:
    """Each line's object, or why it has none; blank lines are passed over."""
    for line in lines:
        if not line.strip():
            continue
        if len(line) > MOST_BYTES:
            yield f"a line of more than {MOST_BYTES >> 20} MB"
            continue
        try:
            found = load_line(line)
        except ValueError as error:
            yield f"no JSON ({error})"
            continue
        yield found if isinstance(found, dict) else "no JSON object"


def records(
    lines: Iterable[bytes], read: Callable[[dict[str, Any]], tuple[Draft, ...]]
) -> Iterator[tuple[Draft, ...] | str]:
    """What `read` makes of each line's object, or why it makes nothing of it.

    `read` may raise ValueError, TypeError, KeyError or AttributeError for an object of another form.
    """
    for row in _objects(lines):
        if isinstance(row, str):
            yield row
            continue
        try:
            yield read(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            yield f"{str(row.get('id') or row.get('title'))[:60]}: {error}"


def text(row: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that has any text, on one line."""
    for name in names:
        value = row.get(name)
        if isinstance(value, str) and value.strip():
            return plain(value)
    return ""


def names(value: Any) -> tuple[str, ...]:
    """A list of names, or of objects with a "name"."""
    found = (one.get("name") if isinstance(one, Mapping) else one for one in _list(value))
    return tuple(name for one in found if isinstance(one, str) and (name := plain(one)))


def year(value: Any) -> int | None:
    """A year between 1900 and 2100, as a number or as text."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        value = int(value.strip()[:5])
    return value if type(value) is int and 1900 <= value <= 2100 else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
