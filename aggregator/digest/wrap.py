"""Wraps text for terminals and plain mails, where a Chinese character takes two columns."""

import unicodedata
from functools import lru_cache

_WIDE = frozenset("WF")
_OPENING, _CLOSING = "（【《「『〈“‘([{", "，。！？；：、）】》」』〉”’…,.;:!?)]}%"


def width(text: str) -> int:
    """Columns that the text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in _WIDE)
        for sign in text
    )


@lru_cache(maxsize=4_096)  # half the cost of a letter, and the same gists go to many readers
def wrap(text: str, columns: int, first: str = "", rest: str | None = None) -> str:
    """The text in lines of at most `columns`, the first one led by `first`, others by `rest`.

    Lines break at blanks and between Chinese characters; a longer word is broken.
    """
    rest = " " * width(first) if rest is None else rest
    lines, line, used = [], first, width(first)
    start, gap = used, ""
    for unit, blank in _units(text, columns - max(width(first), width(rest))):
        size = width(unit)
        if used > start and used + len(gap) + size > columns:
            lines.append(line)
            line, used, gap = rest, width(rest), ""
            start = used
        line += gap + unit
        used += len(gap) + size
        gap = " " if blank else ""
    return "\n".join([*lines, line])


def _units(text: str, most: int) -> list[tuple[str, bool]]:
    """(what must not be broken, whether a blank follows)."""
    found: list[tuple[str, bool]] = []
    for word in text.split():
        if word.isascii() and len(word) <= most:
            found.append((word, True))
            continue
        parts: list[str] = []
        for sign in word:
            wide = unicodedata.east_asian_width(sign) in _WIDE
            joins = parts and not wide and not _is_wide(parts[-1]) and width(parts[-1]) < most
            if joins or (parts and _stick(parts[-1], sign, most)):
                parts[-1] += sign
            else:
                parts.append(sign)
        found += [(part, False) for part in parts[:-1]] + [(parts[-1], True)]
    return found


def _is_wide(part: str) -> bool:
    return unicodedata.east_asian_width(part[-1]) in _WIDE


def _stick(before: str, sign: str, most: int) -> bool:
    """A closing mark does not begin a line, and an opening one does not end it; a row of marks may."""
    together = sign in _CLOSING or before[-1] in _OPENING
    return together and width(before) + width(sign) <= most
