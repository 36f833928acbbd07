"""What a person typed -> a match expression of the search engine; never passed on as its syntax."""

import re
from dataclasses import dataclass

from aggregator.parse.text import search_tokens

_PART = re.compile(r'"([^"]*)"?|([^\s"]+)')
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
    found: list[Phrase] = []
    for match in _PART.finditer(text):
        quoted, word = match.groups()
        tokens = search_tokens(quoted if word is None else word)
        if word is None:
            found += [Phrase(tuple(tokens))] if tokens else []
        else:
            found += [Phrase((token,)) for token in tokens]
            if tokens and word.endswith("*"):
                found[-1] = Phrase((tokens[-1],), prefix=True)
    found = list(dict.fromkeys(found))[:MOST_WORDS]
    if prefix and found and not text.endswith(('"', " ")):
        found[-1] = Phrase(found[-1].tokens, prefix=True)
    return found


def fts5(everywhere: list[Phrase], authors: list[Phrase]) -> str:
    """The expression for SQLite's FTS5; every token is a quoted string."""
    parts = [_fts5_phrase(phrase) for phrase in everywhere]
    parts += [f"authors : {_fts5_phrase(phrase)}" for phrase in authors]
    return " AND ".join(parts)


def tsquery(everywhere: list[Phrase], authors: list[Phrase]) -> str:
    """The expression for PostgreSQL's to_tsquery; every token is a quoted lexeme."""
    parts = [_tsquery_phrase(phrase, "") for phrase in everywhere]
    parts += [_tsquery_phrase(phrase, "C") for phrase in authors]
    return " & ".join(parts)


def _fts5_phrase(phrase: Phrase) -> str:
    words = " ".join(token.replace('"', "") for token in phrase.tokens)
    return f'"{words}"' + ("*" if phrase.prefix else "")


def _tsquery_phrase(phrase: Phrase, weight: str) -> str:
    quoted = ["'" + t.replace("\\", "").replace("'", "") + "'" for t in phrase.tokens]
    marks = [weight] * (len(quoted) - 1) + [("*" if phrase.prefix else "") + weight]
    lexemes = [f"{q}:{mark}" if mark else q for q, mark in zip(quoted, marks, strict=True)]
    return "(" + " <-> ".join(lexemes) + ")" if lexemes[1:] else lexemes[0]
