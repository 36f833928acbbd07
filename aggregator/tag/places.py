"""Where the words of a text stand: each normal form with its offsets, and what a feature covers."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import NamedTuple

from aggregator.tag.features import TITLE, normalised
from aggregator.tag.phrases import CUES, OBJECTS, REACH

MOST = 6_000
"""Signs of a text that are looked at; what stands further on is weighed, but has no place."""
_AHEAD = 400
"""How many written words a formula or link may have that the features do not see."""
_NEAR = 4
"""So few words further on a word is believed without a look at what follows."""
_USUAL = 32
"""Signs of a word that is remembered: longer ones hardly come twice, and could fill the memory."""
_JOINTS = ("", " ", "-", "\u2010", "\u2011", "/")
"""Between neighbours these are shown as they are written; anything else is a blank."""
_RUN = re.compile(r"(?:[^\W_]++|[\u0300-\u036f]++)+")


class Word(NamedTuple):
    """A word in its normal form, and the signs (code points, end excluded) where it is written."""

    form: str
    start: int
    end: int


def located(text: str) -> list[Word]:
    """Text -> the words that features are made of, in their order, each with its place.

    The features see a text without markup. Its words are found again in the written text by walking
    both together: a word that is not the next one written is looked for further on, and believed
    where it is near or its follower follows, too. One that markup changed beyond recognition is left out.
    """
    text = text[:MOST]
    written = list(_written(text))
    wanted = normalised(text)
    if wanted == [word.form for word in written]:
        return written  # a text without markup
    found: list[Word] = []
    at = 0
    for place, form in enumerate(wanted):
        follower = wanted[place + 1] if place + 1 < len(wanted) else None
        for step in range(at, min(at + _AHEAD, len(written))):
            if written[step].form != form:
                continue
            after = written[step + 1].form if step + 1 < len(written) else None
            if step - at <= _NEAR or follower in (None, after):
                found.append(written[step])
                at = step + 1
                break
    return found


def _written(text: str) -> Iterator[Word]:
    """Every run of letters and digits; Chinese ones cut into words."""
    for run in _RUN.finditer(text):
        forms = _forms(run[0])
        start, end = run.span()
        if len(forms) == 1:
            yield Word(forms[0], start, end)
            continue
        for form in forms:  # Chinese, whose words are as long as they are written
            end = min(start + len(form), run.end())
            yield Word(form, start, end)
            start = end


def _forms(run: str) -> tuple[str, ...]:
    return _remembered(run) if len(run) <= _USUAL else tuple(normalised(run))


@lru_cache(maxsize=16384)  # a page of papers has the same words over and over
def _remembered(run: str) -> tuple[str, ...]:
    return tuple(normalised(run))


class Runs:
    """The words of a text as they are written, whether features see them or not: enough to show one, in a
    third of the time that `Field` takes to place them all."""

    def __init__(self, text: str) -> None:
        self._text = text[:MOST]
        self._forms = list(map(_forms, _RUN.findall(self._text)))
        self._starts: dict[str, list[int]] = {}
        for at, form in enumerate(self._forms):
            if len(form) == 1:
                self._starts.setdefault(form[0], []).append(at)

    def written(self, words: Sequence[str]) -> str | None:
        """How these words, each a run of its own, stand here for the first time; None if they do not."""
        wanted = [(word,) for word in words]
        for at in self._starts.get(words[0], ()) if words else ():
            if self._forms[at : at + len(wanted)] == wanted:
                return _joined(self._text, self._spans[at : at + len(wanted)])
        return None

    @cached_property
    def _spans(self) -> list[tuple[int, int]]:
        return [run.span() for run in _RUN.finditer(self._text)]


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """Neighbours as they are written; where more than a joint stands between two, a blank."""
    said = text[slice(*spans[0])]
    for (_, end), (start, following) in pairwise(spans):
        between = text[end:start]
        said += (between if between in _JOINTS else " ") + text[start:following]
    return said


class Field:
    """The words of a title or an abstract, and the numbers under which each stands."""

    def __init__(self, text: str, *, title: bool) -> None:
        self._text = text
        self.words = located(text)
        self._title = title
        self._numbers: dict[str, list[int]] = {}
        for number, word in enumerate(self.words):
            self._numbers.setdefault(word.form, []).append(number)

    def occurrences(self, feature: str) -> list[tuple[int, ...]]:
        """The numbers of the words that make a feature, once for each time that it occurs.

        A feature of the title alone occurs in the title; the forms are those of `features.features`.
        A phrase covers its cue and its object, not what stands between. An unknown form occurs
        nowhere.
        """
        name = feature.removeprefix(TITLE)
        if name != feature and not self._title:
            return []
        if " … " in name:
            return self._phrases(*name.split(" … ", 1))
        parts = name.split()
        starts = self._numbers.get(parts[0], []) if parts else []
        return [
            tuple(range(n, n + len(parts)))
            for n in starts
            if [word.form for word in self.words[n : n + len(parts)]] == parts
        ]

    def written(self, numbers: Sequence[int]) -> str:
        """These words as the text has them; "…" for what a phrase leaves out between two."""
        words = [self.words[number] for number in numbers]
        if numbers[-1] - numbers[0] >= len(numbers):
            return " … ".join(self._text[word.start : word.end] for word in words)
        return _joined(self._text, [(word.start, word.end) for word in words])

    def _phrases(self, cue: str, thing: str) -> list[tuple[int, ...]]:
        found = []
        starts = (n for form, ns in self._numbers.items() if CUES.get(form) == cue for n in ns)
        for n in sorted(starts):
            for other in range(n + 1, min(n + 1 + REACH[cue], len(self.words))):
                form = self.words[other].form
                if form in OBJECTS and thing in (form, OBJECTS[form]):
                    found.append((n, other))
        return found
