"""All decisions for one page of drafts: from what is known to the changes the store is to make."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from aggregator.merge.doubts import believed
from aggregator.merge.entries import combine, digest, withdrawn
from aggregator.merge.keys import claims
from aggregator.merge.match import cluster
from aggregator.merge.merge import Merged, merge
from aggregator.merge.rulings import NONE, Rulings
from aggregator.models import Entry, Parsed


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store knows around a page: its entries, and every entry of the papers they touch.

    `ages` orders the papers by their making (smaller is older); `mentions` are the stored entries
    that speak of a name on the side; `taken` are paper ids that may not be given again; `rulings` is
    what people decided.
    """

    entries: Mapping[str, Entry]
    digests: Mapping[str, str]
    neighbours: Sequence[Entry]
    ages: Mapping[str, int]
    mentions: Mapping[str, Sequence[Entry]]
    taken: Collection[str]
    rulings: Rulings = NONE


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
    left: dict[str, str] = field(default_factory=dict)  # entry key -> the paper it came from
    counts: Counts = field(default_factory=Counts)

    def owners(self) -> dict[str, str]:
        """Entry key -> the paper that it belongs to now, of entries that are new, changed or moved."""
        return {e.key: e.paper_id for e, _ in self.entries.values() if e.paper_id} | self.moved


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
        gone = set(part.gone)
        for entry in stored.values() if gone else ():
            if (entry.draft.kind, entry.draft.native_id) in gone:
                entries[entry.key] = withdrawn(entries.get(entry.key, entry))
    return {key: (entry, digest(entry)) for key, entry in entries.items()}, count


def plan(
    page: Mapping[str, tuple[Entry, str]],
    fetched: int,
    stored: Stored,
    now: datetime,
    backfill: bool,
    away: Collection[str] = (),
) -> Plan:
    """Decide what changes: `page` are the combined entries of `changed_entries`; `away` are keys of
    entries that a person sends off: they leave their paper's id to the others."""
    made = Plan(now, backfill)
    made.counts.fetched = fetched
    for key, (entry, content) in page.items():
        if stored.digests.get(key) == content:
            made.counts.unchanged += 1
            continue
        made.counts.new += key not in stored.digests
        made.counts.updated += key in stored.digests
        made.entries[key] = (entry, content)
    _group(made, stored, away)
    return made


def _group(made: Plan, stored: Stored, away: Collection[str]) -> None:
    """Part everything touched into papers and give each group its id."""
    everything = {e.key: e for e in stored.neighbours}
    everything |= {key: entry for key, (entry, _) in made.entries.items()}
    groups = cluster(list(everything.values()), stored.rulings)
    # What a paper says goes by what is believed; what is stored of an entry is what its place said.
    said = {entry.key: entry for entry in believed(list(everything.values()))}
    ids = _ids(made, groups, stored, away)
    for paper_id, group in zip(ids, groups, strict=True):
        made.left |= {e.key: e.paper_id for e in group if e.paper_id not in (None, paper_id)}
    lost = set(made.left.values())
    mentions, dropped = _mentions(made, stored)
    for paper_id, group in zip(ids, groups, strict=True):
        heard = [said[e.key] for e in group]
        spoken = _spoken_of(heard, mentions)
        changed = any(e.key in made.entries for e in (*group, *spoken))
        moved = any(e.paper_id != paper_id for e in group)
        # A paper that only lost an entry, or a mention, says something else now, too.
        unsaid = dropped and any(name in dropped for e in heard for name in claims(e.draft))
        # Stored before the other people's preprint came, a paper may still claim its id.
        doubted = any(said[e.key] is not e for e in group)
        if changed or moved or unsaid or doubted or paper_id in lost:
            for entry in group:
                _place(made, entry, paper_id)
            made.papers[paper_id] = merge(paper_id, heard, spoken)


def _ids(
    made: Plan, groups: Sequence[Sequence[Entry]], stored: Stored, away: Collection[str]
) -> list[str]:
    """Each group's paper id: that of the oldest paper it keeps, else a new one."""
    owned_by: dict[int, list[str]] = defaultdict(list)
    for paper, n in _owners(groups, stored, away).items():
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


def _mentions(made: Plan, stored: Stored) -> tuple[dict[str, dict[str, Entry]], set[str]]:
    """(name -> entries that speak of it on the side, names that a changed entry dropped)."""
    found: dict[str, dict[str, Entry]] = defaultdict(dict)
    dropped: set[str] = set()
    for name, entries in stored.mentions.items():
        for entry in entries:
            if entry.key not in made.entries:
                found[name][entry.key] = entry
            elif name not in made.entries[entry.key][0].draft.mentions:
                dropped.add(name)
    for entry, _ in made.entries.values():
        for name in entry.draft.mentions:
            found[name][entry.key] = entry
    return found, dropped


def _spoken_of(group: Sequence[Entry], mentions: Mapping[str, Mapping[str, Entry]]) -> list[Entry]:
    if not mentions:
        return []
    members = {e.key for e in group}
    found: dict[str, Entry] = {}
    for entry in group:
        for name in claims(entry.draft):
            found |= mentions.get(name, {})
    return [entry for key, entry in sorted(found.items()) if key not in members]


def _owners(
    groups: Sequence[Sequence[Entry]], stored: Stored, away: Collection[str]
) -> dict[str, int]:
    """Which group keeps a stored paper: the one that holds the paper's first entry; a post, which
    may come to link another paper, holds it only where nothing else does."""
    anchors: dict[str, tuple[bool, bool, datetime, str, int]] = {}
    for n, group in enumerate(groups):
        for entry in group:
            paper = entry.paper_id
            if paper is not None and paper in stored.ages:
                post = entry.draft.role == "post"
                candidate = (entry.key in away, post, entry.seen_at, entry.key, n)
                anchors[paper] = min(anchors.get(paper, candidate), candidate)
    return {paper: n for paper, (*_, n) in anchors.items()}


def _place(made: Plan, entry: Entry, paper_id: str) -> None:
    if entry.key in made.entries:
        _, content = made.entries[entry.key]
        made.entries[entry.key] = (replace(entry, paper_id=paper_id), content)
    elif entry.paper_id != paper_id:
        made.moved[entry.key] = paper_id


def new_id(key: str, taken: Collection[str]) -> str:
    """A paper id that depends on the entry's key alone, so that a store made again from the same
    sources keeps its addresses; salted while it is taken."""
    salt = 0
    while candidate_id(key, salt) in taken:
        salt += 1
    return candidate_id(key, salt)


def candidate_id(key: str, salt: int) -> str:
    """The id that an entry key gives with this salt: 12 hexadecimal digits."""
    seed = f"{key}#{salt}" if salt else key
    return hashlib.blake2b(seed.encode(), digest_size=6).hexdigest()
