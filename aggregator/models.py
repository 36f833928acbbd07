"""The values that flow through the stages; plain data, no I/O, no SQL.

Words are those of the design: a source gives drafts, stored as entries, merged into papers; what
happens to a paper is an event; what a classifier or a person says of it is a tag.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, get_args

Role = Literal["preprint", "proceedings", "post", "work", "citing"]
"""What an entry is to its paper; decides which field wins in a merge and which event it makes."""

EventKind = Literal["new", "new_version", "published", "withdrawn", "cited", "discussed"]

Status = Literal[
    "ok",
    "not_out_yet",
    "holiday",
    "stale",
    "throttled",
    "challenged",
    "partial",
    "mismatch",
    "failed",
]
STATUSES: tuple[Status, ...] = get_args(Status)
QUIET_STATUSES: frozenset[Status] = frozenset({"ok", "not_out_yet", "holiday"})
"""Statuses that leave the exit code at 0: nothing is wrong."""


@dataclass(frozen=True)
class Draft:
    """One item as a place published it, before it is stored as an entry.

    `identifiers` say what the entry *is* (an arXiv id, a DOI …: one string per kind); `about` names
    the paper a post is about and `mentions` the other papers it speaks of, each as "kind:value";
    `cites` names works that it cites, as far as this answer tells (kept apart from the entry, since
    every answer tells of one work).
    `published` is when the public could first see this item (an arXiv listing's announcement, the
    first day of a conference, the time of a post). `first_public` is that of the work's first
    version where the place tells it apart (arXiv v1); else None.
    Of two drafts of one entry the one of higher `fidelity` wins and the other fills its blanks: 0 is
    a notice (a feed item, a line of a list page), 1 the full record (OAI-PMH, a detail page).
    `dated` is False where `published` is only when a notice came by (an old paper cross-listed
    today): a draft that knows better corrects it.
    `extra` holds what only some places have, JSON values only: venue, categories, comments,
    journal_ref, pdf, versions [{"version", "date"}], withdrawn, flair, score, num_comments …
    """

    kind: str
    native_id: str
    role: Role
    title: str
    url: str
    published: datetime
    version: int | None = None
    abstract: str = ""
    authors: tuple[str, ...] = ()
    year: int | None = None
    first_public: datetime | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    about: str | None = None
    mentions: tuple[str, ...] = ()
    fidelity: int = 0
    dated: bool = True
    extra: Mapping[str, Any] = field(default_factory=dict)
    cites: tuple[str, ...] = ()

    @property
    def public_since(self) -> datetime:
        """When the public could first see the work, as far as this item tells."""
        return self.first_public or self.published

    @cached_property
    def key(self) -> str:
        """The entry's key: kind, native id and version, e.g. "arxiv:1711.03678v2"."""
        return f"{self.kind}:{self.native_id}" + (f"v{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one raw page held: drafts, and the items that could not be read, each with the reason.

    `declared` is how many items the page itself said or showed it has, None if it does not tell.
    `gone` are (kind, native id) of what the place says it has deleted. `known` is how many more
    items are on the page that say to the letter what the source read, and stored, before.
    """

    drafts: tuple[Draft, ...]
    skipped: tuple[str, ...] = ()
    declared: int | None = None
    gone: tuple[tuple[str, str], ...] = ()
    known: int = 0


@dataclass(frozen=True)
class Entry:
    """A draft that is stored (or about to be), with its history here.

    `sources` are the names of the sources that saw it, sorted; `seen_at` the logical time at which
    it was first stored; `paper_id` the paper it belongs to, None before it is matched.
    """

    draft: Draft
    sources: tuple[str, ...]
    seen_at: datetime
    paper_id: str | None = None

    @cached_property
    def key(self) -> str:
        """The draft's key."""
        return self.draft.key

    @property
    def public_since(self) -> datetime:
        """When the work could first be seen, as far as this entry tells."""
        return self.draft.public_since


@dataclass(frozen=True, slots=True)
class Happening:
    """An event before it is stored; unique for its paper by kind and cause (an entry key)."""

    kind: EventKind
    cause: str
    at: datetime


SUREST = 0.9999
"""The greatest probability that a model is said to give: it is never certain."""


@dataclass(frozen=True, slots=True)
class Tag:
    """What is thought of one paper and one topic; `by` is who says so: the model, keywords, a child
    topic, topics.toml itself for its representative works, or a person, who goes before all."""

    topic: str
    probability: float
    tagged: bool
    by: Literal["model", "keywords", "child", "works", "person"]

    @property
    def rounded(self) -> float:
        """The probability in four digits; only what topics.toml or a person says is certain."""
        certain = self.by in ("works", "person")
        return self.probability if certain else min(round(self.probability, 4), SUREST)
