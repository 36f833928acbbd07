"""Labels: papers to judge next, and people's words as files, out and in."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from aggregator.errors import UsageError
from aggregator.store import feedback, kept, labels, people
from aggregator.store.db import Store
from aggregator.tag.evaluate import LEFT_OUT, POSITIVE
from aggregator.tag.files import read_labelled
from aggregator.tag.uncertain import Candidate, choose, use
from aggregator.topics import Config

LOOKED_AT = 2_000  # newest papers of a topic among which is chosen
LEAST_READ, READ_FOR_ONE = 200, 4
"""Of those the most useful are read, so many, or so many for each that is wanted, to see how alike
they are."""


def next_to_label(
    store: Store, config: Config, topics: Sequence[str], limit: int, now: datetime
) -> list[dict[str, Any]]:
    """The papers whose label would teach most, `limit` for each of `topics` (every topic that a model
    or keywords decide without any): {"topic", "id", "title", "abstract", "at", "probability",
    "tagged"}, the most useful first. Raises UsageError for no such topic.

    Papers with less than `tags.KEPT_FROM` probability are none: they are not stored. Nor are those that
    somebody passed by in the `labels.PASSED_FOR` before `now`.
    """
    known = [topic.name for topic in config.topics]
    for name in topics:
        if name not in known:
            raise UsageError(
                f'topic: there is no topic "{name}"; expected one of: {", ".join(known)}.'
            )
    found: list[dict[str, Any]] = []
    for name in topics or known:
        found += _chosen(store, name, limit, now)
    return found


def _chosen(store: Store, topic: str, limit: int, now: datetime) -> list[dict[str, Any]]:
    with store.read() as connection:
        scores = labels.candidates(connection, topic, LOOKED_AT, now)
    # Where tags begin, as far as these papers tell: half-way between the two sides.
    yes = min((one.probability for one in scores if one.tagged), default=0.5)
    below = (one.probability for one in scores if not one.tagged and one.probability < yes)
    threshold = (yes + max(below, default=yes)) / 2
    ranked = [(use(one.probability, threshold, rank), one) for rank, one in enumerate(scores)]
    ranked.sort(key=lambda pair: -pair[0])
    useful = ranked[: max(LEAST_READ, READ_FOR_ONE * limit)]
    by_key = {one.pk: one for _, one in useful}
    with store.read() as connection:
        known = labels.to_judge(connection, list(by_key))
        candidates = [Candidate(*known[one.pk], worth) for worth, one in useful if one.pk in known]
        chosen = [one.id for one in choose(candidates, limit)]
        docs = kept.documents(connection, chosen)
    scored = {known[pk][0]: by_key[pk] for pk in known}
    return [
        {
            "topic": topic,
            **{key: doc[key] for key in ("id", "title", "abstract", "at")},
            "probability": round(scored[doc["id"]].probability, 4),
            "tagged": scored[doc["id"]].tagged,
        }
        for doc in docs
    ]


def export_labels(store: Store) -> Iterator[str]:
    """JSON Lines of what people said, one paper a line: {"id", "identifiers", "title", "abstract",
    "grades": {topic: 2 or 0}}; the form that `daypaper train --labels` reads."""
    with store.read() as connection:
        for doc, words in labels.said(connection):
            grades = {topic: POSITIVE if yes else 0 for topic, yes in sorted(words.items())}
            line = {key: doc[key] for key in ("id", "identifiers", "title", "abstract")}
            yield json.dumps({**line, "grades": grades}, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file of labels: words said, papers that are not here, and grades left out:
    of 1, or of topics that are not watched."""

    words: int
    unknown_papers: int
    left_out: int


def import_labels(store: Store, config: Config, path: Path, now: datetime) -> Imported:
    """Say what a file of labels says, as the local person; the papers must be here. Lines are as
    `export_labels` gives them: a paper is known by `id`, by `identifiers`, or by an id with its kind
    ("arxiv:1711.03678"); a bare arXiv id will do. Saying it twice changes nothing.

    Raises UsageError naming file and line where one is broken; then nothing was said.
    """
    known = {topic.name for topic in config.topics}
    rows = read_labelled(path)
    words = unknown = left_out = 0
    with store.write() as connection:
        names = labels.named(connection, [name for row in rows for name in _names(row)])
        person = people.ensure(connection, people.LOCAL, now, confirmed=True)
        for row in rows:
            paper = next((names[name] for name in _names(row) if name in names), None)
            if paper is None:
                unknown += 1
                continue
            before = feedback.of_person(connection, person, paper)
            for topic, grade in row["grades"].items():
                if grade == LEFT_OUT or topic not in known:
                    left_out += 1
                elif before.get(topic) != (grade == POSITIVE):
                    words += 1
                    feedback.say(
                        connection, person, paper, topic, grade == POSITIVE, now,
                        topics=config.topics,
                    )  # fmt: skip
    return Imported(words, unknown, left_out)


def _names(row: Mapping[str, Any]) -> list[str]:
    given = str(row.get("id") or "")
    found = [given, f"arxiv:{given}"] if given else []
    identifiers = row.get("identifiers")
    if isinstance(identifiers, dict):
        found += [f"{kind}:{value}" for kind, value in identifiers.items()]
    return found
