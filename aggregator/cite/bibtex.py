"""BibTeX: one entry per paper, readable by BibTeX and Biber, accents as UTF-8."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, product
from string import ascii_lowercase
from typing import Any

from aggregator.cite.fields import Citation, citation
from aggregator.cite.names import Name
from aggregator.parse.text import name_keys
from aggregator.parse.tokens import search_tokens

# A brace counts for BibTeX even behind a backslash, so braces become commands that have none open.
# TeX in titles is shown and not run: a title may come from anybody.
_ESCAPED = str.maketrans(
    {
        "\\": r"\textbackslash{}", "{": r"\textbraceleft{}", "}": r"\textbraceright{}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
        "$": r"\$", "&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_",
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_AND = re.compile(r"\band\b", re.IGNORECASE)
_NOT_VERBATIM = re.compile(r"[\\{}\s]")
_IN_KEY = re.compile(r"[^a-z0-9]+")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TYPES = {"conference": "inproceedings"}
_SMALL_WORDS = frozenset(
    {
        "a", "an", "the", "on", "of", "for", "in", "to", "and", "or", "with", "by", "from",
        "at", "as", "is", "are", "via", "using", "towards", "toward", "how", "what", "why",
        "can", "do", "does", "it", "its",
    }
)  # fmt: skip


def write(papers: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The entries of a file, one piece each. Keys differ within the file: of equal ones the second
    gets an a, the third a b, and so on."""
    taken: set[str] = set()
    endings: dict[str, Iterator[str]] = defaultdict(_endings)
    for paper in papers:
        said = citation(paper)
        plain = key = _key(said)
        while key in taken:
            key = plain + next(endings[plain])
        taken.add(key)
        yield _entry(said, key)


def _entry(said: Citation, key: str) -> str:
    lines = "".join(f"  {name} = {value},\n" for name, value in _fields(said).items())
    return f"@{_TYPES.get(said.kind, 'misc')}{{{key},\n{lines}}}\n\n"


def _fields(said: Citation) -> dict[str, str]:
    """Name -> value in its braces, in the order of the entry."""
    arxiv = _verbatim(said.arxiv)
    fields = {
        "title": _protected(said.title),
        "author": " and ".join(_name(name) for name in said.names),
        "booktitle": escape(said.venue),
        "year": str(said.date.year),
        "month": "" if said.year_only else _MONTHS[said.date.month - 1],
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "primaryclass": _verbatim(said.arxiv_class) if arxiv else "",
        "doi": _verbatim(said.doi),
        "url": _verbatim(said.url),
        "keywords": escape(", ".join(said.keywords)),
        "note": escape(said.note),
        "abstract": escape(said.abstract),
    }
    # A month is a macro, which styles know: it has no braces.
    return {n: v if n == "month" else f"{{{v}}}" for n, v in fields.items() if v}


def escape(text: str) -> str:
    """Text that TeX sets as it stands; its braces are balanced."""
    return text.translate(_ESCAPED)


def _protected(title: str) -> str:
    """The title with the words in braces whose capitals a style must not make small: "{ImageNet}"."""

    def guarded(match: re.Match[str]) -> str:
        word = match[0]
        joined = title[match.end() : match.end() + 1] == "-"
        inner = any(sign.isupper() for sign in word[1:]) or (len(word) == 1 and joined)
        return f"{{{word}}}" if inner and word != word.lower() else word

    parts, end = [], 0
    for match in _WORD.finditer(title):
        parts += [escape(title[end : match.start()]), guarded(match)]
        end = match.end()
    return "".join([*parts, escape(title[end:])])


def _name(name: Name) -> str:
    if name.literal or name.eastern:  # BibTeX would set 何, 恺明 as 恺明 何
        return f"{{{escape(name.natural)}}}"
    last = " ".join(part for part in (name.particle, name.family) if part)
    parts = (last, name.suffix, name.given)
    return ", ".join(_AND.sub(r"{\g<0>}", escape(part)) for part in parts if part)


def _verbatim(value: str) -> str:
    """A value that is not set as text; "" if its signs would end the field."""
    return "" if _NOT_VERBATIM.search(value) else value


def _key(said: Citation) -> str:
    """ "he2016deep": the first author's family name, the year, the title's first telling word."""
    first = said.names[0] if said.names else Name()
    author = _ascii(name_keys(first.inverted)[0])
    words = (_ascii(word) for word in search_tokens(said.title))
    word = next((word for word in words if word and word not in _SMALL_WORDS), "")
    return f"{author or 'anon'}{said.date.year}{word}"


def _ascii(word: str) -> str:
    return _IN_KEY.sub("", word.lower())[:30]


def _endings() -> Iterator[str]:
    """a, b, … z, aa, ab, …"""
    for length in count(1):
        yield from ("".join(signs) for signs in product(ascii_lowercase, repeat=length))
