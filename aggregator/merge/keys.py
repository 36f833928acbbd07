"""By what entries can be compared: the names they claim, their title, their year."""

import re
import unicodedata
from functools import lru_cache

from aggregator.models import Draft
from aggregator.parse import text

SPECIFIC_LENGTH = 24
"""A title key this long stands for itself (about four English words); a Han character counts 3."""


def claims(draft: Draft) -> tuple[str, ...]:
    """The identifiers by which this entry belongs to a paper, as "kind:value".

    A work with two DOIs has the others in extra["dois"]. A post claims what its link names.
    """
    names = [f"{kind}:{value}" for kind, value in draft.identifiers.items()]
    names += [f"doi:{value}" for value in draft.extra.get("dois", ())]
    if draft.about:
        names.append(draft.about)
    return tuple(dict.fromkeys(names))


def title_key(draft: Draft) -> str | None:
    """The normal form of the title; None where the title must not match: posts name their own."""
    if draft.role == "post" or not draft.title:
        return None
    return _key(draft.title) or None


_key = lru_cache(maxsize=4096)(text.title_key)  # asked for by match, plan and store


_FRONT_MATTER = re.compile(
    r"(?!.*\ban? (?:\w+ )?introduction$)"  # "Gadgets: A Gentle Introduction" is a paper
    r"(?:.*\W)?(?:preface|foreword|editorial|introduction|front ?matter|table of contents|author index)",
    re.IGNORECASE,
)


def front_matter(title: str) -> bool:
    """Is this what every volume has: a preface, an editorial?"""
    return _FRONT_MATTER.fullmatch(title.strip(" .")) is not None


def specific(title: str) -> bool:
    """Is the title long enough to stand for itself without authors?"""
    key = _key(title)
    return sum(3 if _is_han(c) else 1 for c in key) >= SPECIFIC_LENGTH


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK UNIFIED")


def years_apart(a: Draft, b: Draft, *, signed: bool = False) -> int:
    """How many years lie between two entries; `signed`: below 0 where the first is older."""
    years = _year(a) - _year(b)
    return years if signed else abs(years)


def _year(draft: Draft) -> int:
    return draft.year or draft.public_since.year
