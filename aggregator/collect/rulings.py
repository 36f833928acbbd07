"""A person takes entries out of a paper, or says that papers are one; later merges obey."""

from collections.abc import Sequence
from datetime import datetime
from itertools import combinations

from sqlalchemy import Connection

from aggregator.collect.ingest import regroup
from aggregator.errors import UsageError
from aggregator.merge.rulings import between, name
from aggregator.models import Entry
from aggregator.store import entries, papers, rulings


def split(
    connection: Connection, paper_name: str, keys: Sequence[str], by: str, now: datetime
) -> tuple[str, list[str]]:
    """Take the entries of these keys out of a paper: (its id, the ids of those they make now).

    All versions of a preprint go together. Raises NotFoundError, and UsageError for keys that are not
    the paper's, or that are all it has.
    """
    paper_id = papers.by_name(connection, paper_name).doc["id"]
    own = entries.of_papers(connection, [paper_id])
    asked = set(keys)
    unknown = asked - {e.key for e in own} - {name(e.draft) for e in own}
    if unknown or not asked:
        known = ", ".join(e.key for e in own)
        raise UsageError(
            f"{', '.join(sorted(unknown)) or 'No entry'} is not of paper {paper_id}; expected some of: "
            f"{known}."
        )
    named = {name(e.draft) for e in own if e.key in asked or name(e.draft) in asked}
    leaving = [e for e in own if name(e.draft) in named]
    staying = [e for e in own if name(e.draft) not in named]
    if not staying:
        raise UsageError(
            f"These are all entries of paper {paper_id} (the versions of a preprint stay together); "
            "expected some of them."
        )
    pairs = between(leaving, staying)
    rulings.rule(connection, pairs, together=False, by=by, at=now)
    found = regroup(connection, [paper_id], now, {e.key for e in leaving})
    return paper_id, sorted(found - {paper_id})


def join(connection: Connection, names: Sequence[str], by: str, now: datetime) -> str:
    """Make one paper of several; returns its id, that of the oldest.

    Raises NotFoundError, and UsageError for fewer than two papers.
    """
    ids = list(dict.fromkeys(papers.by_name(connection, one).doc["id"] for one in names))
    if len(ids) < 2:
        raise UsageError("Expected two papers or more that are not one already.")
    groups = [entries.of_papers(connection, [one]) for one in ids]
    for a, b in combinations(groups, 2):
        rulings.forget(connection, between(a, b), together=False)
        # Each work with each, so that the others stay together when one is split off later.
        pairs = between(_works(a), _works(b))
        rulings.rule(connection, pairs, together=True, by=by, at=now)
    found = regroup(connection, ids, now)
    (paper_id,) = found
    return paper_id


def _works(group: Sequence[Entry]) -> Sequence[Entry]:
    """The entries that are the work itself; of a paper that is known from posts alone, those."""
    return [e for e in group if e.draft.role != "post"] or group
