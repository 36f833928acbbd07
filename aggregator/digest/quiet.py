"""What is said where there is nothing: how many sources may have had something, or why not."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.digest.language import Language
from aggregator.models import QUIET_STATUSES


def unasked(source: Mapping[str, Any]) -> bool:
    """Was all well with a source when it was asked last, and that too long ago?"""
    return bool(source.get("overdue")) and (source["status"] or "ok") in QUIET_STATUSES


def troubled(sources: Sequence[Mapping[str, Any]]) -> int:
    """How many sources (of `status.source_states`) are in trouble or were not asked as they should:
    nobody can say that there is nothing."""
    return sum(unasked(one) or (one["status"] or "ok") not in QUIET_STATUSES for one in sources)


def in_subject(sources: Sequence[Mapping[str, Any]], t: Language) -> str:
    """ "nothing new", or "nothing found, 2 sources could not be read in full" """
    n = troubled(sources)
    return t.count("nothing_found", n) if n else t("nothing")


def in_full(note: str, sources: Sequence[Mapping[str, Any]], t: Language) -> str:
    """The same as a sentence; `note` is why a digest is empty though all is well."""
    n = troubled(sources)
    return t.count("not_found", n) if n else t.note(note)
