"""What a person typed -> a match expression of the search engine; never passed on as its syntax."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from aggregator.parse.tokens import search_tokens

_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans("“”„‟＂", '"' * 5)
"""Phones and Chinese keyboards write these where somebody types a quotation mark."""
Where = Literal["anywhere", "authors", "text"]
"""Where words are looked for: `text` is title and abstract."""
MOST_WORDS = 32  # more than anyone types; bounds what one request may cost


@dataclass(frozen=True, slots=True)
class Phrase:
    """Tokens that stand next to each other; `prefix`: the last one may go on."""

    tokens: tuple[str, ...]
    prefix: bool = False


def phrases(text: str, *, prefix: bool = False) -> list[Phrase]:
    """'"residual learning" imagenet*' -> its phrases and single words, all of which must occur.

    Words in quotes are one phrase; a word that ends in * stands for its prefix, and with `prefix`
    so does the last word (search as you type).
    """
    text = text.translate(_QUOTES)
    parts = list(_PART.finditer(text))
    typing = prefix and not text.endswith(('"', " "))
    found: list[Phrase] = []
    for match in parts:
        quoted, word = match.groups()
        tokens = search_tokens(quoted if word is None else word)
        goes_on = (typing and match is parts[-1]) or (word is not None and word.endswith("*"))
        if tokens and goes_on:
            found += _beginning(tokens, apart=word is not None)
        elif tokens and word is None:
            found.append(Phrase(tuple(tokens)))
        else:
            found += [Phrase((token,)) for token in tokens]
    return list(dict.fromkeys(found))[:MOST_WORDS]


def _beginning(tokens: Sequence[str], *, apart: bool) -> list[Phrase]:
    """The phrases of tokens of which the last may go on; `apart`: they need not stand together.

    A hyphenated word goes on as a whole: of "self-superv" the index has "selfsupervised" first, and
    then its parts.
    """
    whole, rest = tokens, tokens[:0]
    for n in range(2, len(tokens)):
        if tokens[-n - 1] == "".join(tokens[-n:]):
            whole, rest = tokens[:-n], tokens[-n:-1]
    if not apart:
        return [Phrase(tuple(whole), prefix=True)]
    return [
        *(Phrase((token,)) for token in (*whole[:-1], *rest)),
        Phrase((whole[-1],), prefix=True),
    ]


def is_unfinished(text: str) -> bool:
    """May the last word go on while this is typed? Not after a quotation mark, nor where a star says so."""
    *_, part = _PART.findall(text.translate(_QUOTES)) or [("", "")]
    last = phrases(text, prefix=True)[-1:]
    return bool(last and last[0].prefix and search_tokens("".join(part))) and text[-1] != "*"


def lasting(text: str, found: Iterable[Mapping[str, Any]]) -> str:
    """What was typed, as a feed or a watch keeps it. Its last word goes on there ("resi*"), as it did for
    whoever typed it, if none of the papers `found` (documents) has it as it stands."""
    text = text.translate(_QUOTES)
    if not is_unfinished(text):
        return text
    word = phrases(text, prefix=True)[-1].tokens[-1]
    for doc in found:
        if word in search_tokens(" ".join((doc["title"], doc["abstract"], *doc["authors"]))):
            return text
    *_, end = _PART.finditer(text)
    if end[1] is None:
        return f"{text}*"
    # No quotes take a star: the last word stands beside them.
    *before, word = (one for one in end[1].split() if search_tokens(one))
    quoted = f'"{" ".join(before)}" ' if before else ""
    return f"{text[: end.start()]}{quoted}{word}*"


class Writer:
    """Writes match expressions in the language of one search engine; every token is quoted."""

    def __init__(self, every: str, some: str, phrase: Callable[[Phrase, Where], str]) -> None:
        """`every` and `some` join what must all, or in part, occur; `phrase` writes one."""
        self._every, self._some, self._phrase = every, some, phrase

    def all_of(self, found: Sequence[Phrase], where: Where = "anywhere") -> str:
        """Each phrase must occur; "" for none."""
        return self._every.join(self._phrase(one, where) for one in found)

    def any_of(self, options: Sequence[str]) -> str:
        """One of these expressions must hold; "" for none."""
        return self._some.join(f"({one})" for one in options if one)

    def both(self, *parts: str) -> str:
        """All these expressions must hold; empty ones hold always."""
        given = [part for part in parts if part]
        return self._every.join(f"({part})" for part in given) if given[1:] else "".join(given)


_COLUMNS: dict[Where, str] = {"anywhere": "", "authors": "authors : ", "text": "{title body} : "}
_WEIGHTS: dict[Where, str] = {"anywhere": "", "authors": "C", "text": "AB"}


def _fts5_phrase(phrase: Phrase, where: Where) -> str:
    words = " ".join(token.replace('"', "") for token in phrase.tokens)
    return _COLUMNS[where] + f'"{words}"' + ("*" if phrase.prefix else "")


def _tsquery_phrase(phrase: Phrase, where: Where) -> str:
    weight = _WEIGHTS[where]
    quoted = ["'" + t.replace("\\", "").replace("'", "") + "'" for t in phrase.tokens]
    marks = [weight] * (len(quoted) - 1) + [("*" if phrase.prefix else "") + weight]
    lexemes = [f"{q}:{mark}" if mark else q for q, mark in zip(quoted, marks, strict=True)]
    return "(" + " <-> ".join(lexemes) + ")" if lexemes[1:] else lexemes[0]


FTS5 = Writer(" AND ", " OR ", _fts5_phrase)
TSQUERY = Writer(" & ", " | ", _tsquery_phrase)
