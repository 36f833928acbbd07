"""Are these the same people? Names as lists write them: initials, accents, hyphens, turned round."""

import hashlib
import re
from functools import lru_cache

from aggregator.models import Draft
from aggregator.parse import text

NOBODY = frozenset({"anonymous", "anonymous author", "anonymous authors", "withdrawn"})
"""What submissions have for names while they are reviewed, or after they were withdrawn."""

_BETWEEN = re.compile(r"[\s.,*†-]+")
_USUAL = re.compile(r"(?:[A-Za-z.]+[ -]+)*([A-Za-z]+)")
_SUFFIXES = frozenset({"jr", "sr", "ii", "iii", "iv", "phd", "md"})
"""What `text.name_keys` does not take for a last name."""
_UMLAUT = re.compile(r"(?<=[aou])e")


def shared(ours: tuple[str, ...], theirs: tuple[str, ...]) -> float | None:
    """The share of the shorter list of authors that is on the other, too; None if one names nobody."""
    some, others = _people(ours), _people(theirs)
    if not some or not others:
        return None
    return min(_found(some, others), _found(others, some)) / min(len(some), len(others))


def people_key(draft: Draft) -> str | None:
    """The same for entries by the same people in any order, known by their last names; None for posts
    and for fewer than two people. It is stored, so that a change needs a migration."""
    return None if draft.role == "post" else _key(draft.authors)


@lru_cache(maxsize=4096)  # asked for by the store, before and after, and by match
def _key(authors: tuple[str, ...]) -> str | None:
    names = set(map(_last, authors)) - {""}
    if len(names) < 2:
        return None
    return hashlib.blake2b(" ".join(sorted(names)).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=4096)
def _people(authors: tuple[str, ...]) -> tuple[frozenset[str], ...]:
    return tuple(forms for name in authors if (forms := _forms(name)))


@lru_cache(maxsize=16384)
def _forms(name: str) -> frozenset[str]:
    """By what a list may know somebody: the last word of the last name, and all words in the order of
    the alphabet, since some lists turn names round."""
    if _is_nobody(name):
        return frozenset()
    words = (_spelt(word) for word in _BETWEEN.split(text.plain(name)))
    return frozenset({_last(name), " ".join(sorted(w for w in words if len(w) > 1))} - {""})


@lru_cache(maxsize=16384)
def _last(name: str) -> str:
    """The last word of the last name, "" for nobody; of "Gomez-Rodriguez" as of "Gomez Rodriguez"."""
    if _is_nobody(name):
        return ""
    usual = _USUAL.fullmatch(name)  # most names: the same in a fifth of the time
    if usual and (last := usual[1].lower()) not in _SUFFIXES:
        return _UMLAUT.sub("", last) if "e" in last else last
    return _spelt(text.name_keys(name.replace("-", " "))[0])


def _spelt(word: str) -> str:
    """Folded, with the "oe" of "Schoelkopf" as the "ö" of "Schölkopf"."""
    return _UMLAUT.sub("", text.title_key(word))


def _is_nobody(name: str) -> bool:
    return name.lower().strip(" .*") in NOBODY


def _found(some: tuple[frozenset[str], ...], others: tuple[frozenset[str], ...]) -> int:
    known = frozenset().union(*others)
    return sum(not known.isdisjoint(forms) for forms in some)
