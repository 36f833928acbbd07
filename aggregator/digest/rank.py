"""How digests and the hot list order papers; pure formulas."""

import math
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

HOT_DAYS = 7.0
"""Ten times the attention is worth so many days of age."""

NEWNESS: Mapping[str, float] = {
    "new": 1.0,
    "published": 0.8,
    "new_version": 0.4,
    "cites": 0.3,
    "discussed": 0.3,
}
"""What an event weighs in a digest: news first, then proceedings, then revisions, then papers
that cite a work which is watched, and known ones that are talked about."""

LEAST_PROBABILITY = 0.01
"""What lower ones count as: the logarithm of none has no end."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def attention(buzz: Mapping[str, Any]) -> float:
    """Points (>= 1) for a paper's buzz: votes and comments, and three for each post or citation.

    A post or a citation takes a person some work, a vote does not. Comments are no more than votes: a
    quarrel has many.
    """
    votes = max(buzz.get("score") or 0, 0) + max(buzz.get("comments") or 0, 0)
    return 1.0 + votes + 3.0 * ((buzz.get("posts") or 0) + (buzz.get("citations") or 0))


def hot(buzz: Mapping[str, Any], at: datetime) -> float:
    """Attention that fades with age: log10(points) plus age on a scale of `HOT_DAYS`.

    The form is that of Reddit's hot ranking (reddit-archive/reddit, r2/lib/db/_sorts.pyx), with days
    for its 12.5 hours since papers are read for longer than links. Adding the date instead of
    dividing by the age makes the order independent of the time of asking, so a list can be paged
    without skipping or repeating.
    """
    return math.log10(attention(buzz)) + (at - _EPOCH).total_seconds() / (HOT_DAYS * 86_400)


def hot_in_topic(heat: float, probability: float) -> float:
    """A paper's place in the hot list of a topic that it has with this probability; `heat` is `hot`.

    Attention is multiplied by the probability: what one expects of it to be about the topic. Who is
    certain (a person, topics.toml) changes nothing, and a paper that is as likely something else
    needs twice the attention, or two days.
    """
    return heat + math.log10(max(probability, LEAST_PROBABILITY))


def in_digest(probability: float, buzz: Mapping[str, Any], marks: Collection[str]) -> float:
    """Rank of a paper in a topic's section, higher first.

    The probability that it belongs here, weighted by its newest mark, plus at most about a third
    for attention: a much discussed paper rises, but never lifts a poor match over a good one.
    """
    newness = max((NEWNESS.get(mark, 0.0) for mark in marks), default=0.0)
    return probability * newness + 0.1 * math.log10(attention(buzz))
