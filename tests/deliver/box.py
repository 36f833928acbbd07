"""A channel that puts letters into a list, and answers what a test tells it to."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aggregator.deliver.base import Letter, Outcome, Session

SENT = Outcome("sent")


@dataclass
class Box:
    """`answers` maps a target to the outcomes of its next letters, in their order; then "sent"."""

    name: str = "email"
    connections: int = 2
    letters: list[Letter] = field(default_factory=list)
    tries: list[tuple[str, bool]] = field(default_factory=list)  # (key, again), of every try
    answers: dict[str, list[Outcome]] = field(default_factory=dict)
    broken: str = ""

    def normal(self, target: str) -> str:
        return target.strip()

    def redacted(self, target: str) -> str:
        return target

    def advice(self, target: str) -> str:
        return ""

    def trouble(self) -> str:
        return self.broken

    @contextmanager
    def session(self) -> Iterator[Session]:
        yield self

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        self.tries.append((letter.key, again))
        answers = self.answers.get(letter.target)
        outcome = answers.pop(0) if answers else SENT
        if outcome.status == "sent":
            self.letters.append(letter)
        return outcome

    def titles(self, target: str | None = None) -> list[str]:
        """The titles of every paper shown, in the order of the letters."""
        return [
            item.paper["title"]
            for letter in self.letters
            if target in (None, letter.target)
            for section in letter.digest.sections
            for item in section.items
        ]
