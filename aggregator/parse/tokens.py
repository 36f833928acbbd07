"""Texts cut into the words by which they are searched."""

import re
import string
from collections.abc import Iterator

from aggregator.parse.text import HAN, folded

_FIRST_HAN = "\u3005"
_HAN_START = re.compile(f"[{HAN}]")
_WORD = re.compile(rf"[{HAN}]+|[^\W_{HAN}]+(?:-[^\W_{HAN}]+)*")
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_IN_WORDS = string.ascii_letters + string.digits + "-"
_APART = bytes(ord(chr(n).lower()) if chr(n) in _IN_WORDS else ord(" ") for n in range(256))
"""ASCII in lower case, with a blank for every sign that is in no word."""


def search_tokens(text: str) -> list[str]:
    """Words for the search index: folded; hyphenated words whole ("selfsupervised") and in parts.

    Chinese is segmented in the engine's search mode, which gives words and the words within them.
    The order is that of the text, so that phrases can be found.
    """
    return search_line(text).split()


def search_line(text: str) -> str:
    """The same on a line, set apart by blanks, one or more: to take out the others costs as much as all
    the rest."""
    if text.isascii():
        return _ascii_line(text)
    lines = [_ascii_line(part) if part.isascii() else _any_line(part) for part in _runs(text)]
    return " ".join(filter(None, lines))


def _runs(text: str) -> Iterator[str]:
    """A text cut at blanks into what is ASCII, most of it, and what is not, by turns."""
    rest = 0
    for odd in _NOT_ASCII.finditer(text):
        if odd.start() < rest:
            continue
        begin = max(text.rfind(" ", rest, odd.start()) + 1, rest)
        end = text.find(" ", odd.end())
        yield text[rest:begin]
        rest = end if end >= 0 else len(text)
        yield text[begin:rest]
    yield text[rest:]


def _any_line(text: str) -> str:
    return " ".join(_with_parts(_WORD.findall(folded(text))))


def _ascii_line(text: str) -> str:
    line = text.encode().translate(_APART).decode()
    return _parted(line) if "-" in line else line


def _parted(line: str) -> str:
    """Each hyphenated word of a line whole and in parts; a hyphen that joins nothing is a blank."""
    before, *pieces = line.split("-")
    done, within = [before], False
    for n, piece in enumerate(pieces):
        left = before.rpartition(" ")[2]
        joins = bool(left and piece) and piece[0] != " "
        if joins and not (within and left == before):
            done.append(f"{_rest(pieces, n)} {left} ")
        else:
            done.append(" ")
        done.append(piece)
        before, within = piece, joins
    return "".join(done)


def _rest(pieces: list[str], n: int) -> str:
    """What is joined to the word before a piece, hyphens left out."""
    word, blank, _ = pieces[n].partition(" ")
    while not blank and n + 1 < len(pieces) and pieces[n + 1]:
        n += 1
        more, blank, _ = pieces[n].partition(" ")
        word += more
    return word


def _with_parts(words: list[str]) -> list[str]:
    tokens: list[str] = []
    for word in words:
        if "-" in word:
            tokens.append(word.replace("-", ""))
            tokens += word.split("-")
        elif word >= _FIRST_HAN and _HAN_START.match(word):
            tokens += segment(word)
        else:
            tokens.append(word)
    return tokens


def segment(text: str) -> list[str]:
    """Chinese text -> words, long ones with the words inside them."""
    import rjieba  # its dictionary takes a tenth of the start of a command

    return [word for word in rjieba.cut_for_search(text) if word[0].isalnum()]
