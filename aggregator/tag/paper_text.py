"""A paper's title and abstract with their words in place, found once for all who ask."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import scipy.sparse as sp

from aggregator.tag import places
from aggregator.tag.features import TITLE
from aggregator.tag.model import Tagger

Name = Literal["title", "abstract"]


@dataclass(frozen=True, slots=True)
class Place:
    """Signs of a field, as code points of the text; the end is excluded."""

    field: Name
    start: int
    end: int


class Text:
    """A paper's title and abstract with their words in place, found once for all topics."""

    def __init__(self, title: str, abstract: str) -> None:
        self.title, self.abstract = title, abstract
        self._numbers: dict[str, list[tuple[Name, tuple[int, ...]]]] = {}
        self._places: dict[str, tuple[Place, ...]] = {}
        self._written: dict[str, str] = {}
        self._rows: dict[str, sp.csr_matrix] = {}
        self._probabilities: dict[str, np.ndarray] = {}

    @cached_property
    def fields(self) -> dict[Name, places.Field]:
        """The words of title and abstract, each with its place."""
        title = places.Field(self.title, title=True)
        return {"title": title, "abstract": places.Field(self.abstract, title=False)}

    @cached_property
    def _runs(self) -> dict[Name, places.Runs]:
        return {"title": places.Runs(self.title), "abstract": places.Runs(self.abstract)}

    def numbers(self, feature: str) -> list[tuple[Name, tuple[int, ...]]]:
        """Each occurrence of a feature: its field and the numbers of its words there."""
        if feature not in self._numbers:
            self._numbers[feature] = [
                (name, numbers)
                for name, field in self.fields.items()
                for numbers in field.occurrences(feature)
            ]
        return self._numbers[feature]

    def places(self, feature: str) -> tuple[Place, ...]:
        """Each occurrence of a feature as signs."""
        if feature not in self._places:
            found = []
            for name, numbers in self.numbers(feature):
                words = self.fields[name].words
                found.append(Place(name, words[numbers[0]].start, words[numbers[-1]].end))
            self._places[feature] = tuple(found)
        return self._places[feature]

    def written(self, feature: str) -> str:
        """A feature as it stands in the abstract for the first time, else in the title, where words
        have capitals that mean nothing; in its normal form if it has no place."""
        if feature not in self._written:
            self._written[feature] = self._as_written(feature)
        return self._written[feature]

    def _as_written(self, feature: str) -> str:
        name = feature.removeprefix(TITLE)
        if name == feature and (said := self._runs["abstract"].written(name.split())):
            return said
        if said := self._runs["title"].written(name.split()):
            return said
        return self._placed(feature)

    def _placed(self, feature: str) -> str:
        """The same for what is not written in runs of letters: Chinese words, and phrases."""
        found = sorted(self.numbers(feature), key=lambda one: one[0] == "title")
        if not found:
            return feature.removeprefix(TITLE)
        name, numbers = found[0]
        return self.fields[name].written(numbers)

    def probabilities(self, tagger: Tagger) -> np.ndarray:
        """(n_topics,) what the tagger thinks of the text."""
        if tagger.version not in self._probabilities:
            found = tagger.probabilities([(self.title, self.abstract)])
            self._probabilities[tagger.version] = found[0]
        return self._probabilities[tagger.version]

    def row(self, tagger: Tagger) -> sp.csr_matrix:
        """The text as the tagger weighs it."""
        if tagger.version not in self._rows:
            rows = tagger.vectoriser.transform([(self.title, self.abstract)])
            self._rows[tagger.version] = rows
        return self._rows[tagger.version]
