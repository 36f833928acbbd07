"""All decisions for one page of drafts: from what is known to the changes the store is to make."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.merge.entries import combine, digest, withdrawn
from aggregator.merge.keys import claims
from aggregator.merge.match import cluster
from aggregator.merge.merge import Merged, merge
from aggregator.models import Entry, Parsed


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows around a page: its entries, and every entry of the papers they touch.

    `ages` orders the papers by their making (smaller is older); `mentions` are the stored entries
    that speak of a name on the side; `taken` are paper ids that may not be given again.
    """

    entries: Mapping[str, Entry]
    digests: Mapping[str, str]
    neighbours: Sequence[Entry]
    ages: Mapping[str, int]
    mentions: Mapping[str, Sequence[Entry]]
    taken: Collection[str]


@dataclass(slots=True)
class Counts:
    """How a page changed the store."""

    fetched: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0


@dataclass(slots=True)
class Plan:
    """What to store. `entries` are new or changed, with their paper; `gone` maps papers merged away
    to their survivors; `made` are the ids among `papers` that are new."""

    now: datetime
    backfill: bool
    entries: dict[str, tuple[Entry, str]] = field(default_factory=dict)  # key -> entry, digest
    papers: dict[str, Merged] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)
    gone: dict[str, str] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)  # unchanged entry key -> its new paper
    counts: Counts = field(default_factory=Counts)


def changed_entries(
    parsed: Sequence[Parsed], stored: Mapping[str, Entry], source: str, now: datetime
) -> tuple[dict[str, tuple[Entry, str]], int]:
    """(entries new or changed with their digests, number of drafts) of a page, compared by content."""
    entries: dict[str, Entry] = {}
    count = 0
    for part in parsed:
        for draft in part.drafts:
            count += 1
            known = entries.get(draft.key) or stored.get(draft.key)
            entries[draft.key] = combine(known, draft, source, now)
        for native_id in part.gone:
            for entry in stored.values():
                if entry.draft.native_id == native_id:
                    entries[entry.key] = withdrawn(entries.get(entry.key, entry))
    return {key: (entry, digest(entry)) for key, entry in entries.items()}, count


def plan(
    page: Mapping[str, tuple[Entry, str]],
    fetched: int,
    stored: Stored,
    now: datetime,
    backfill: bool,
) -> Plan:
    """Decide what changes: `page` are the combined entries of `changed_entries`."""
    made = Plan(now, backfill)
    made.counts.fetched = fetched
    for key, (entry, content) in page.items():
        if stored.digests.get(key) == content:
            made.counts.unchanged += 1
            continue
        made.counts.new += key not in stored.digests
        made.counts.updated += key in stored.digests
        made.entries[key] = (entry, content)
    _group(made, stored)
    return made


def _group(made: Plan, stored: Stored) -> None:
    """Part everything touched into papers and give each group its id."""
    everything = {e.key: e for e in stored.neighbours}
    everything |= {key: entry for key, (entry, _) in made.entries.items()}
    groups = cluster(list(everything.values()))
    ids = _ids(made, groups, stored)
    left = {e.paper_id for n, g in enumerate(groups) for e in g if e.paper_id != ids[n]}
    mentions = _mentions(made, stored)
    for paper_id, group in zip(ids, groups, strict=True):
        spoken = _spoken_of(group, mentions)
        changed = any(e.key in made.entries for e in (*group, *spoken))
        # A paper that only lost an entry says something else now, too.
        if changed or paper_id in left or any(e.paper_id != paper_id for e in group):
            for entry in group:
                _place(made, entry, paper_id)
            made.papers[paper_id] = merge(paper_id, group, spoken)


def _ids(made: Plan, groups: Sequence[Sequence[Entry]], stored: Stored) -> list[str]:
    """Each group's paper id: that of the oldest paper it keeps, else a new one."""
    owned_by: dict[int, list[str]] = defaultdict(list)
    for paper, n in _owners(groups, stored).items():
        owned_by[n].append(paper)
    taken = set(stored.taken)
    ids = []
    for n, group in enumerate(groups):
        owned = sorted(owned_by[n], key=stored.ages.__getitem__)
        paper_id = owned[0] if owned else new_id(group[0].key, taken)
        taken.add(paper_id)
        if not owned:
            made.made.add(paper_id)
        for other in owned[1:]:
            made.gone[other] = paper_id
        ids.append(paper_id)
    return ids


def _mentions(made: Plan, stored: Stored) -> dict[str, dict[str, Entry]]:
    """name -> entries that speak of it on the side, by key: stored ones and this page's."""
    found: dict[str, dict[str, Entry]] = defaultdict(dict)
    for name, entries in stored.mentions.items():
        found[name] = {e.key: e for e in entries}
    for entry, _ in made.entries.values():
        for name in entry.draft.mentions:
            found[name][entry.key] = entry
    return found


def _spoken_of(group: Sequence[Entry], mentions: Mapping[str, Mapping[str, Entry]]) -> list[Entry]:
    if not mentions:
        return []
    members = {e.key for e in group}
    found: dict[str, Entry] = {}
    for entry in group:
        for name in claims(entry.draft):
            found |= mentions.get(name, {})
    return [entry for key, entry in sorted(found.items()) if key not in members]


def _owners(groups: Sequence[Sequence[Entry]], stored: Stored) -> dict[str, int]:
    """Which group keeps a stored paper: the one that holds the paper's first entry."""
    anchors: dict[str, tuple[datetime, str, int]] = {}
    for n, group in enumerate(groups):
        for entry in group:
            paper = entry.paper_id
            if paper is not None and paper in stored.ages:
                candidate = (entry.seen_at, entry.key, n)
                anchors[paper] = min(anchors.get(paper, candidate), candidate)
    return {paper: n for paper, (_, _, n) in anchors.items()}


def _place(made: Plan, entry: Entry, paper_id: str) -> None:
    if entry.key in made.entries:
        _, content = made.entries[entry.key]
        made.entries[entry.key] = (replace(entry, paper_id=paper_id), content)
    elif entry.paper_id != paper_id:
        made.moved[entry.key] = paper_id


def new_id(key: str, taken: Collection[str]) -> str:
    """A paper id: 12 hexadecimal digits that depend on the entry's key alone, so that a store made
    again from the same sources keeps its addresses; salted while it is taken."""
    salt = 0
    while True:
        seed = f"{key}#{salt}" if salt else key
        candidate = hashlib.blake2b(seed.encode(), digest_size=6).hexdigest()
        if candidate not in taken:
            return candidate
        salt += 1


def candidate_ids(keys: Collection[str]) -> dict[str, str]:
    """The id that each entry key would get first; the store says which of them are taken."""
    return {key: new_id(key, ()) for key in keys}
