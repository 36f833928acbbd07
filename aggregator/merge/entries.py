"""A draft meets the stored entry of the same key: what the entry then holds, and whether it changed."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from aggregator.models import Draft, Entry
from aggregator.parse.text import is_damaged


def combine(stored: Entry | None, draft: Draft, source: str, now: datetime) -> Entry:
    """The entry after `source` saw `draft`.

    The draft of higher fidelity wins and the other fills its blanks; of two equals the newer wins.
    A text that was damaged on its way never takes the place of one that was not.
    `published` does not change once it is dated: the first sight of a listing is the best evidence
    of its day, and later answers only tell when a record was last modified.
    """
    if stored is None:
        return Entry(draft, (source,), now)
    sources = stored.sources
    if source not in sources:
        sources = tuple(sorted({*sources, source}))
    old = stored.draft
    if draft == old:
        return stored if sources is stored.sources else replace(stored, sources=sources)
    better, worse = (draft, old) if draft.fidelity >= old.fidelity else (old, draft)
    combined = replace(
        better,
        title=_sounder(better.title, worse.title),
        abstract=_sounder(better.abstract, worse.abstract),
        authors=better.authors or worse.authors,
        url=better.url or worse.url,
        year=better.year or worse.year,
        published=old.published if old.dated or not draft.dated else draft.published,
        dated=old.dated or draft.dated,
        first_public=_earlier(old.first_public, draft.first_public),
        identifiers=_filled(better.identifiers, worse.identifiers),
        about=better.about or worse.about,
        mentions=better.mentions or worse.mentions,
        extra=_filled(better.extra, worse.extra) | _topics(draft),
    )
    return replace(stored, draft=combined, sources=sources)


def withdrawn(stored: Entry) -> Entry:
    """The entry after its place said that it is gone; nothing it held is lost."""
    draft = replace(stored.draft, extra={**stored.draft.extra, "withdrawn": True})
    return replace(stored, draft=draft)


def digest(entry: Entry) -> str:
    """A hash of everything the entry holds but its history: equal means nothing to store.

    Raises ValueError for half a character.
    """
    draft = entry.draft
    content = (
        draft.key,
        draft.role,
        draft.title,
        draft.url,
        draft.published.isoformat(),
        draft.abstract,
        draft.authors,
        draft.year,
        draft.first_public.isoformat() if draft.first_public else None,
        _in_order(draft.identifiers),
        draft.about,
        draft.mentions,
        draft.fidelity,
        draft.dated,
        _in_order(draft.extra),
        entry.sources,
    )
    return hashlib.blake2b(to_json(content), digest_size=16).hexdigest()


def _in_order(value: Any) -> Any:
    """The same with the keys of every object in their order."""
    if isinstance(value, Mapping):
        return {key: _in_order(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_in_order(one) for one in value]
    return value


def _sounder(better: str, worse: str) -> str:
    return worse if not better or (worse and is_damaged(better)) else better


def _earlier(a: datetime | None, b: datetime | None) -> datetime | None:
    return min(a, b) if a and b else a or b


def _topics(draft: Draft) -> dict[str, Any]:
    """What a representative work stands for: that none is left is a word, too, and no blank."""
    return {name: said for name, said in draft.extra.items() if name == "topics"}


def _filled(better: Mapping[str, Any], worse: Mapping[str, Any]) -> dict[str, Any]:
    return {**worse, **{k: v for k, v in better.items() if v not in (None, "", [], {})}}
