"""What is brought for the first time, of papers and entries that were stored before."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from aggregator.merge.merge import PUBLIC
from aggregator.merge.plan import Plan
from aggregator.models import Entry


@dataclass(slots=True)
class First:
    """Ids of papers, and keys of entries."""

    papers: set[str] = field(default_factory=set)
    entries: set[str] = field(default_factory=set)


def brought(plan: Plan, before: Iterable[Entry], source: str) -> First:
    """What `source` brings with this plan and had not seen `before`, where these are the entries as
    they were stored, of all papers that the plan touches.

    Only entries whose day is known count, and for a paper only those that tell since when the work is
    public: a revision that names no first version does not.
    """
    owners = plan.owners()
    seen = [entry for entry in before if source in entry.sources]
    keys, papers = {e.key for e in seen}, {owners.get(e.key, e.paper_id) for e in seen}
    found = First()
    for entry, _ in plan.entries.values():
        if source not in entry.sources or entry.key in keys or not entry.draft.dated:
            continue
        found.entries.add(entry.key)
        if entry.paper_id and entry.paper_id not in papers and _tells(entry, plan):
            found.papers.add(entry.paper_id)
    return found


def revised(plan: Plan, before: Iterable[Entry], source: str) -> First:
    """As `brought`, the entries alone, of papers that the plan does not make."""
    owners = plan.owners()
    found = brought(plan, before, source).entries
    return First(entries={key for key in found & owners.keys() if owners[key] not in plan.made})


def described(plan: Plan, before: Iterable[Entry]) -> set[str]:
    """The papers that were known by their titles alone and now have an abstract; `before` as above."""
    owners = plan.owners()
    known, had = set[str | None](), set[str | None]()
    for entry in before:
        paper_id = owners.get(entry.key, entry.paper_id)
        known.add(paper_id)
        if entry.draft.abstract and entry.draft.role != "post":
            had.add(paper_id)
    return {
        paper_id
        for paper_id, merged in plan.papers.items()
        if merged.kind == "paper" and merged.doc["abstract"] and paper_id in known - had
    }


def _tells(entry: Entry, plan: Plan) -> bool:
    draft = entry.draft
    if draft.role == "post":
        return plan.papers[str(entry.paper_id)].kind == "post"
    return draft.role in PUBLIC and (draft.first_public is not None or (draft.version or 1) == 1)
