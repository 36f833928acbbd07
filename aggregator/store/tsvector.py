"""PostgreSQL's search documents, written as it would cut them itself, in the form in which it sends and
takes them (`tsvectorrecv` in its source): to read one takes it a small part of the time of making it, and
it is what an import waits for."""

import string

_DIGITS = bytes(ord("0") if chr(n) in string.digits else n for n in range(256))
"""By which "1e5" is "0e0": PostgreSQL takes "1e5x" for a number and a word."""
_MOST_PLACES = 255  # of a word
_MOST_WORDS = 16_383
_LONGEST = 2_046  # bytes of a word
_SHORT = [chr(n >> 8) + chr(n & 255) for n in range(2**16)]
"""A place of a word is a number of sixteen bits, and so is how many there are. Bytes are written as the
characters of their numbers, since texts are put together in half the time."""
_WEIGHTS = {"A": 3 << 14, "B": 2 << 14, "C": 1 << 14, "D": 0}
"""The upper two bits of a place."""


def written(*texts: str) -> bytes | None:
    """Of up to four texts of words set apart by blanks, weighted A, B, C and D, what PostgreSQL sends as
    `setweight(to_tsvector('simple', first), 'A') || …`, in another order; None where only it can
    tell."""
    whole = " ".join(texts)
    if not whole.isascii() or b"0e0" in whole.encode().translate(_DIGITS):
        return None
    places: dict[str, str] = {}
    known = places.get
    at = 1
    for weight, text in zip(_WEIGHTS.values(), texts, strict=False):
        words = text.split()
        upto = at + len(words)
        if upto > _MOST_WORDS + 1:
            return None
        for word, place in zip(words, _SHORT[weight + at : weight + upto], strict=True):
            places[word] = known(word, "") + place
        at = upto
    if not _is_usual(places, len(whole), at - 1):
        return None
    each = [f"{word}\0{_SHORT[len(found) // 2]}{found}" for word, found in places.items()]
    return len(each).to_bytes(4, "big") + "".join(each).encode("latin-1")


def _is_usual(places: dict[str, str], length: int, words: int) -> bool:
    """Is nothing as long or as often there that it would be cut off?"""
    if length > _LONGEST and max(map(len, places), default=0) > _LONGEST:
        return False
    return words <= _MOST_PLACES or max(map(len, places.values())) <= 2 * _MOST_PLACES
