"""PostgreSQL's search documents, written as it would cut them itself: to read one takes it a third of the
time of making it, and it is what an import waits for."""

import re
from collections import Counter
from itertools import count

_NUMBER = re.compile("[0-9]e[0-9]")
"""It takes "1e5x" for a number and a word."""
_MOST_PLACES = 255  # of a word
_MOST_WORDS = 16_383
_LONGEST = 2_046  # bytes of a word


def written(*texts: str) -> str | None:
    """Of up to four texts of words set apart by blanks, weighted A, B, C and D, what PostgreSQL writes as
    `setweight(to_tsvector('simple', first), 'A') || …`, in another order; None where only it can
    tell."""
    whole = " ".join(texts)
    if not whole.isascii() or _NUMBER.search(whole) or not _is_usual(whole):
        return None
    places: dict[str, str] = {}
    number = count(1)
    for weight, text in zip("ABCD", texts, strict=False):
        for word, n in zip(text.split(), number, strict=False):
            places[word] = f"{places[word]},{n}{weight}" if word in places else f"{n}{weight}"
    return " ".join([f"{word}:{at}" for word, at in places.items()])


def _is_usual(whole: str) -> bool:
    """Is nothing as long or as often there that it would be cut off?"""
    words = whole.split()
    if len(words) > _MOST_PLACES and max(Counter(words).values()) > _MOST_PLACES:
        return False
    return len(words) <= _MOST_WORDS and (
        len(whole) <= _LONGEST or max(map(len, words)) <= _LONGEST
    )
