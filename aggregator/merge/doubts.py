"""Links that pages print and that lead to other people's papers: kept as links, not as identities.

Proceedings print a link to arXiv that somebody looked up by the title; of 149 such links of CVPR four
lead to a paper of other people that shares a few words. In those neither the titles are near nor is
there an author in common; in all others one of both holds by far (docs/merging.md).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from aggregator.merge.alike import ALIKE_TITLES, titles_alike
from aggregator.merge.people import shared
from aggregator.models import Draft, Entry

RELATED = "related"
"""The field of `extra` that holds the address which a page printed."""


def believed(entries: Sequence[Entry]) -> list[Entry]:
    """The entries in their order, with such links taken for what they are. Whose preprint is not among
    the entries is believed: there is nothing to hold it against."""
    preprints = _preprints(entries)
    return [_believed(entry, preprints) if preprints else entry for entry in entries]


def _preprints(entries: Iterable[Entry]) -> Mapping[str, Draft]:
    """arXiv id -> its latest version."""
    found: dict[str, Draft] = {}
    for draft in (e.draft for e in entries if e.draft.role == "preprint"):
        native = draft.identifiers.get("arxiv")
        if native and (draft.version or 0) >= (found.get(native, draft).version or 0):
            found[native] = draft
    return found


def _believed(entry: Entry, preprints: Mapping[str, Draft]) -> Entry:
    draft = entry.draft
    other = preprints.get(draft.identifiers.get("arxiv", ""))
    if draft.role != "proceedings" or other is None or not _of_others(draft, other):
        return entry
    identifiers = {kind: value for kind, value in draft.identifiers.items() if kind != "arxiv"}
    extra = {**draft.extra, RELATED: f"https://arxiv.org/abs/{draft.identifiers['arxiv']}"}
    return replace(entry, draft=replace(draft, identifiers=identifiers, extra=extra))


def _of_others(page: Draft, preprint: Draft) -> bool:
    """Where one side names nobody, nothing is known of the people."""
    return (
        shared(page.authors, preprint.authors) == 0
        and titles_alike(page.title, preprint.title) < ALIKE_TITLES
    )
