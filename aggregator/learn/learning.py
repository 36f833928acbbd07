"""Learning in the store: topics' own models, the tagger after people's words, and taking that back."""

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from aggregator.learn import taggers
from aggregator.settings import Settings
from aggregator.store import labels, model
from aggregator.store.db import Store
from aggregator.store.model import Attempt
from aggregator.tag import artifact as artifacts
from aggregator.tag import own
from aggregator.tag.artifact import Artifact
from aggregator.tag.model import Tagger
from aggregator.tag.teach import Said, Taught, teach
from aggregator.tag.teach_own import teach_own
from aggregator.topics import Config, Topic

log = logging.getLogger(__name__)

EVERY = timedelta(days=1)
NEW_WORDS = 10
"""Learning begins again when so many words were said since the last time, once a day at most."""
ANCHORS = 3_000
LOW = 15  # priority of the process that learns; 19 is the lowest
LONGEST = timedelta(minutes=30)
GROWN = 2
"""A topic without enough papers for a model is tried again when the store has grown so many times."""


def is_due(store: Store, now: datetime) -> bool:
    """Has enough been said, and is the last attempt long enough ago?"""
    with store.read() as connection:
        last, known = model.last_attempt(connection), labels.words(connection)
        if last is None:
            return known >= NEW_WORDS
        # Who says otherwise by now has said something new, though there are no more words.
        new = labels.words(connection, since=last.at)
    return now - last.at >= EVERY and max(new, abs(known - last.words)) >= NEW_WORDS


def learn_if_due(store: Store, now: datetime) -> bool:
    """Learn in a process of its own and of low priority, so that collecting, sending and the pages
    lose no time to it; False if it is not due. What that process says goes to this one's log."""
    if not is_due(store, now):
        return False
    trouble = apart("--feedback")
    if trouble is not None:
        log.warning("learning from people's words failed: %s", trouble)
        note = Attempt(now, _count(store), "failed", "It failed; the log says why.", {})
        with store.write() as connection:
            model.note_attempt(connection, note)
    return True


def apart(option: str) -> str | None:
    """Do `daypaper train OPTION` in a process of its own and of low priority; None if all went well,
    else the end of what it said."""
    command = [sys.executable, "-m", "aggregator", "train", option]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        with contextlib.suppress(OSError):  # it may have ended
            os.setpriority(os.PRIO_PROCESS, process.pid, LOW)
        try:
            _, said = process.communicate(timeout=LONGEST.total_seconds())
        except subprocess.TimeoutExpired:
            process.kill()
            said = f"stopped after {LONGEST}"
    return said.strip()[-2_000:] if process.returncode else None


def _count(store: Store) -> int:
    with store.read() as connection:
        return labels.words(connection)


def learn(store: Store, settings: Settings, config: Config, now: datetime) -> Attempt:
    """Teach the tagger, and topics' own models, what people said; what is better is used from then on
    by every process. Noted in the history in any case."""
    base = taggers.read_base(settings)
    with store.read() as connection:
        known = labels.words(connection)
        said = [
            Said((doc["title"], doc["abstract"]), words) for doc, words in labels.said(connection)
        ]
        sample = labels.sample(connection)
    found, figures = teach(base, said, sample[:ANCHORS])
    if found:
        shown = {name: asdict(one) for name, one in figures.items()}
        _swap_in(store, "taught", "", base.version, found.artifact, shown, now)
    for topic in config.topics:
        if topic.name not in base.topics and topic.keywords:
            one = _teach_own(store, topic, base, said, sample, now)
            figures |= {topic.name: one} if one else {}
    shown = {name: asdict(one) for name, one in figures.items()}
    better = sorted(name for name, one in figures.items() if one.kept)
    attempt = Attempt(now, known, "kept" if better else "worse", _sentence(better), shown)
    with store.write() as connection:
        model.note_attempt(connection, attempt)
    log.info("learned from %d words of people: %s", known, attempt.message)
    return attempt


def _teach_own(
    store: Store,
    topic: Topic,
    base: Tagger,
    said: list[Said],
    sample: list[tuple[str, str]],
    now: datetime,
) -> Taught | None:
    works, judged = _of(topic, said)
    found, figures = teach_own(topic, works, judged, sample, now.date().isoformat())
    if found:
        basis = taggers.basis_of(topic, base)
        _swap_in(store, "own", topic.name, basis, found, found.figures, now)
    return figures


def roll_back(store: Store, now: datetime) -> bool:
    """Use the models before the last learning that brought some again, or the base where there are none;
    False if nothing was taught. Learning begins again when enough more was said."""
    with store.write() as connection:
        learned = model.learned_last(connection)
        for kind, name in learned:
            model.take_back(connection, kind, name)
        if learned:
            known = labels.words(connection)
            said = "The models before are used again."
            model.note_attempt(connection, Attempt(now, known, "rolled_back", said, {}))
    return bool(learned)


def own_models(store: Store, settings: Settings, config: Config, now: datetime) -> None:
    """Make the models of topics that the tagger does not know and that have none yet for what
    topics.toml says of them now; a topic with too few papers waits until the store has grown."""
    using = taggers.in_use(store, settings, config)
    with store.read() as connection:
        newest = model.newest_paper(connection)
    wanted = [t for t in config.topics if _wants(t, using, newest)]
    if not wanted:
        return
    with store.read() as connection:
        sample = labels.sample(connection)
        said = [
            Said((doc["title"], doc["abstract"]), words) for doc, words in labels.said(connection)
        ]
    for topic in wanted:
        _fit(store, topic, using.base, said, sample, now)


def _wants(topic: Topic, using: taggers.InUse, newest: int) -> bool:
    if topic.name in using.base.topics or not topic.keywords:
        return False
    made = using.made.get(("own", topic.name))
    if made is None or made.basis != taggers.basis_of(topic, using.base):
        return newest >= own.LEAST_PAPERS
    return not made.version and newest >= GROWN * max(made.reach, own.LEAST_PAPERS)


def _fit(
    store: Store,
    topic: Topic,
    base: Tagger,
    said: list[Said],
    sample: list[tuple[str, str]],
    now: datetime,
) -> None:
    works, judged = _of(topic, said)
    log.info("making a model of the topic %s from %d papers", topic.name, len(sample))
    found = own.fit(topic, works, judged, sample, now.date().isoformat())
    basis = taggers.basis_of(topic, base)
    _swap_in(store, "own", topic.name, basis, found, found.figures if found else {}, now)


def _of(topic: Topic, said: list[Said]) -> tuple[list[own.Paper], list[own.Judged]]:
    """The topic's works as papers, and the papers of which people spoke."""
    works = [(work.title, "") for work in topic.works]
    return works, [
        own.Judged(one.paper, one.words[topic.name]) for one in said if topic.name in one.words
    ]


def _swap_in(
    store: Store,
    kind: model.Kind,
    name: str,
    basis: str,
    artifact: Artifact | None,
    figures: Mapping[str, Any],
    now: datetime,
) -> None:
    content = artifacts.to_bytes(artifact) if artifact else None
    version = sha256(content).hexdigest()[:12] if content else ""
    with store.write() as connection:
        model.swap_in(
            connection,
            kind,
            name,
            basis=basis,
            version=version,
            now=now,
            figures=figures,
            content=content,
        )


def _sentence(better: list[str]) -> str:
    if better:
        return f"Better by what people said: {', '.join(better)}."
    return "No topic got better by what people said; the model in use stays."


def topic_figures(store: Store, settings: Settings, config: Config) -> dict[str, dict[str, Any]]:
    """By topic, how good its tags are: {"decided_by": "model", "own", "keywords" or "children",
    "measured": figures of the model by cross-validation on the labels it was trained on, "people":
    {"confirmed", "rejected"} and, of the last learning, its figures before and after on them}."""
    using = taggers.in_use(store, settings, config)
    with store.read() as connection:
        counts, last = labels.judged(connection), model.last_attempt(connection)
    strata = using.base.artifact.figures.get("strata", {}).get("random+enriched", {})
    learned = last.figures if last else {}
    found = {}
    for topic in config.topics:
        known = topic.name in using.base.topics
        by = "model" if known else "own" if topic.name in using.own else ""
        confirmed, rejected = counts.get(topic.name, (0, 0))
        mine = learned.get(topic.name, {})
        found[topic.name] = {
            "decided_by": by or ("keywords" if topic.keywords else "children"),
            "measured": strata.get("topics", {}).get(topic.name) if known else None,
            "people": {
                "confirmed": confirmed,
                "rejected": rejected,
                **{key: mine.get(key) for key in ("base", "taught", "kept")},
            },
        }
    return found
