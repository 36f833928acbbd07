"""By what entries can be compared: the names they claim, their title's normal form, their authors."""

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


NOBODY = frozenset({"anonymous", "anonymousauthor", "anonymousauthors", "withdrawn"})
"""What submissions have for names while they are reviewed, or after they were withdrawn."""


@lru_cache(maxsize=4096)
def name_set(authors: tuple[str, ...]) -> frozenset[str]:
    """The authors' last names, folded; empty where nobody is named."""
    named = [name for name in authors if text.title_key(name) not in NOBODY]
    return frozenset(key for key, _ in map(text.name_keys, named) if key)


def specific(title: str) -> bool:
    """Is the title long enough to stand for itself without authors?"""
    key = _key(title)
    return sum(3 if _is_han(c) else 1 for c in key) >= SPECIFIC_LENGTH


def _is_han(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK UNIFIED")
