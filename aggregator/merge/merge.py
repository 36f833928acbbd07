"""What a paper says: merged from its entries field by field, with provenance; and what happened to it.

Independent of the order of the entries: they are ranked first. Title, abstract and authors come from
the proceedings, else the latest arXiv version, else a representative work's line, else a post.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aggregator.clock import iso
from aggregator.merge.doubts import RELATED
from aggregator.merge.keys import claims
from aggregator.models import Entry, Happening

_RANK = {"proceedings": 0, "preprint": 1, "work": 2, "citing": 3, "post": 4}
PUBLIC = ("proceedings", "preprint")
"""Roles of the entries by which a paper is public."""
_CODE = re.compile(r"https?://(?:www\.)?(?:github|gitlab|bitbucket)\.(?:com|org)/[\w.-]+/[\w.-]+")
_LABEL = re.compile(r"^\s*(?:\[(?:\w{1,12}|\d{4}\.\d{4,5}(?:v\d{1,3})?)\]\s*)+")
"""What people write before a title: [R], or the number that arXiv's own pages put there."""
_SHOWN_EXTRA = ("venue", "score", "num_comments", "flair", "subreddit", "topics")


@dataclass(frozen=True, slots=True)
class Merged:
    """A paper, ready to be stored: `doc` is what the API gives, less the tags."""

    kind: str  # paper or post
    title: str
    at: datetime
    withdrawn: bool
    starter: bool
    names: tuple[str, ...]
    provenance: dict[str, str]
    doc: dict[str, Any]
    happenings: tuple[Happening, ...]


def merge(paper_id: str, entries: Sequence[Entry], mentions: Sequence[Entry] = ()) -> Merged:
    """Merge the entries of one paper; `mentions` are entries that speak of it on the side."""
    ranked = sorted(entries, key=_rank)
    provenance: dict[str, str] = {}
    title = _first(ranked, "title", provenance)
    if ranked[0].draft.role == "post":
        title = _LABEL.sub("", title) or title
    abstract = _first(ranked, "abstract", provenance)
    names = tuple(dict.fromkeys([name for e in ranked for name in claims(e.draft)]))
    posts = [e for e in entries if e.draft.role == "post"]
    withdrawn = _withdrawn(entries)
    at = _at(entries)
    kind = (
        "post" if len(posts) == len(entries) and not any(e.draft.about for e in posts) else "paper"
    )
    starter = all(e.draft.role == "work" for e in entries)
    identifiers = _identifiers(names)
    doc = {
        "id": paper_id,
        "kind": kind,
        "title": title,
        "abstract": abstract,
        "authors": list(_first(ranked, "authors", provenance) or ()),
        "published": iso(min(e.public_since for e in _dating(entries))),
        "updated": iso(max(e.draft.published for e in _dating(entries))),
        "at": iso(at),
        "venue": _extra([e for e in ranked if _stands(e)], "venue", provenance),
        "categories": _extra(ranked, "categories", provenance) or [],
        "comments": _extra(ranked, "comments", provenance),
        "journal_ref": _extra(ranked, "journal_ref", provenance),
        "topics": [],
        "identifiers": {kind: values[0] for kind, values in identifiers.items()},
        "identifiers_all": identifiers,
        "links": _links(ranked, identifiers, abstract),
        "entries": [_shown(e) for e in sorted(entries, key=_when)],
        "buzz": _buzz([*posts, *mentions]),
        "withdrawn": withdrawn,
        "starter": starter,
    }
    happenings = (
        *_happenings(entries, kind, at, withdrawn=withdrawn),
        *_discussions([*posts, *mentions], kind),
    )
    return Merged(kind, title, at, withdrawn, starter, names, provenance, doc, happenings)


def _rank(entry: Entry) -> tuple[int, int, int, str]:
    draft = entry.draft
    return (_RANK[draft.role], -(draft.version or 0), -draft.fidelity, entry.key)


def _when(entry: Entry) -> tuple[datetime, str]:
    return (entry.draft.published, entry.key)


def _first(ranked: Sequence[Entry], field: str, provenance: dict[str, str]) -> Any:
    for entry in ranked:
        value = getattr(entry.draft, field)
        if value:
            # A post is a stranger's words about the paper: neither its abstract nor its authors.
            if field != "title" and entry.draft.role == "post" and entry.draft.about:
                continue
            provenance[field] = entry.key
            return value
    return "" if field != "authors" else ()


def _extra(ranked: Sequence[Entry], field: str, provenance: dict[str, str]) -> Any:
    for entry in ranked:
        value = entry.draft.extra.get(field)
        if value:
            provenance[field] = entry.key
            return value
    return None


def _at(entries: Sequence[Entry]) -> datetime:
    """When the public could first see the work: papers before posts before our own starter list."""
    for roles in (PUBLIC, ("citing",), ("post",), ("work",)):
        moments = [e.public_since for e in entries if e.draft.role in roles]
        if moments:
            return min(moments)
    raise ValueError("a paper has at least one entry")


def _dating(entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries whose days count: those of citation services are used where there is no other."""
    return [e for e in entries if e.draft.role != "citing"] or entries


def _identifiers(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        kind, _, value = name.partition(":")
        found[kind].append(value)
    return dict(found)


def _links(
    ranked: Sequence[Entry], identifiers: dict[str, list[str]], abstract: str
) -> dict[str, str]:
    links = {}
    arxiv = identifiers.get("arxiv", [""])[0]
    page = next((e.draft.url for e in ranked if e.draft.role in PUBLIC and e.draft.url), "")
    pdf = next((e.draft.extra["pdf"] for e in ranked if e.draft.extra.get("pdf")), "")
    links["abstract"] = (
        page or (f"https://arxiv.org/abs/{arxiv}" if arxiv else "") or ranked[0].draft.url
    )
    links["pdf"] = pdf or (f"https://arxiv.org/pdf/{arxiv}" if arxiv else "")
    told = " ".join([abstract, *(e.draft.extra.get("comments") or "" for e in ranked)])
    code = _CODE.search(told)
    links["code"] = code[0].rstrip(".") if code else ""
    links["related"] = next(
        (e.draft.extra[RELATED] for e in ranked if RELATED in e.draft.extra), ""
    )
    return {name: url for name, url in links.items() if url}


def _shown(entry: Entry) -> dict[str, Any]:
    draft = entry.draft
    shown = {
        "key": entry.key,
        "kind": draft.kind,
        "role": draft.role,
        "source": entry.sources[0],
        "sources": list(entry.sources),
        "url": draft.url,
        "title": draft.title,
        "published": iso(draft.published),
        "version": draft.version,
    }
    also = {k: draft.extra[k] for k in _SHOWN_EXTRA if draft.extra.get(k) is not None}
    if not _stands(entry):
        also.pop("venue", None)
    return shown | also


def _buzz(posts: Sequence[Entry]) -> dict[str, int | None]:
    return {
        "score": _sum(posts, "score"),
        "comments": _sum(posts, "num_comments"),
        "posts": len(posts),
        "citations": None,
    }


def _sum(posts: Sequence[Entry], name: str) -> int | None:
    """None where no post says it: a source that does not tell is no source without votes."""
    said = [e.draft.extra[name] for e in posts if isinstance(e.draft.extra.get(name), int)]
    return sum(said) if said else None


def _withdrawn(entries: Sequence[Entry]) -> bool:
    """Did the latest preprint version say that it is withdrawn, with no proceedings to stand by it?"""
    preprints = [e for e in entries if e.draft.role == "preprint"]
    if not preprints or any(e.draft.role == "proceedings" and _stands(e) for e in entries):
        return False
    return bool(min(preprints, key=_rank).draft.extra.get("withdrawn"))


def _stands(entry: Entry) -> bool:
    """False for an acceptance that was taken back."""
    return entry.draft.role != "proceedings" or not entry.draft.extra.get("withdrawn")


def _happenings(
    entries: Sequence[Entry], kind: str, at: datetime, *, withdrawn: bool
) -> list[Happening]:
    """Every event that these entries tell of, in a fixed order."""
    public = sorted((e for e in entries if e.draft.role in PUBLIC), key=_when)
    if not public:
        # A post about an unknown paper is no news of the paper; a post that stands for itself is.
        return [Happening("new", "", at)] if kind == "post" else []
    found = [Happening("new", "", at)]
    preprints = [e for e in public if e.draft.role == "preprint"]
    first_preprint = min((e.public_since for e in preprints), default=None)
    for entry in public:
        draft = entry.draft
        if draft.role == "preprint" and (draft.version or 1) > 1:
            found.append(Happening("new_version", entry.key, draft.published))
        later = first_preprint and first_preprint < draft.published
        if draft.role == "proceedings" and later and _stands(entry):
            found.append(Happening("published", entry.key, draft.published))
    if withdrawn:
        latest = min(preprints, key=_rank)
        found.append(Happening("withdrawn", latest.key, latest.draft.published))
    return found


def _discussions(posts: Sequence[Entry], kind: str) -> list[Happening]:
    """One event for each post, whoever votes for it later. A post that stands for itself is discussed
    by nobody: it is the discussion."""
    if kind == "post":
        return []
    found = sorted((e for e in posts if e.draft.role == "post"), key=_when)
    return [Happening("discussed", e.key, e.draft.published) for e in found]
