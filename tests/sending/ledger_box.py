"""What a round on the ledger sends by, and what it notes of it, for ledger_model.py."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.deliver.base import Letter, Outcome
from aggregator.store import letters
from tests.deliver.box import Box

if TYPE_CHECKING:
    from tests.sending.ledger_model import Model


class Dies(BaseException):
    """A sender dies here: nothing that comes after it in the sender happens."""


@dataclass
class Told:
    """A letter that arrived: what it told each subscription, as the ledger had it then."""

    letter: Letter
    sure: bool
    """Nothing happened while the pass was at work, so that the letter is as the ledger has it now."""
    rows: list[tuple[int, letters.Told, frozenset[str]]]
    """(subscription, what it is told, the works that the event's paper was made of)"""
    papers: Mapping[int, Mapping[str, Any]]
    """The documents of these papers as it arrived."""
    begun: Mapping[int, "Begun"]

    @property
    def key(self) -> str:
        return self.letter.key


@dataclass
class Begun:
    """Since when a subscription is owed what comes: the newest event then, and the earliest moment that the
    clock has shown since, None where it goes on after a pause and is not told of the day before."""

    newest: int
    earliest: datetime | None


class Wild(Box):
    """A channel that takes letters, or does not, or dies, or is interrupted, by chance."""

    def __init__(self, model: "Model") -> None:
        super().__init__(connections=1)
        self.model = model
        self.said: dict[str, tuple[Letter, str]] = {}  # key -> what came of the try

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        model, dice = self.model, self.model.dice
        model.tried[letter.key] += 1
        if again != (letter.key in model.maybe):
            model.wrong.append(("said to be tried again", again, letter.key))
        if model.calm:
            self.said[letter.key] = letter, "sent"
            model.arrived(letter)
            return Outcome("sent")
        if dice.random() < 0.2 and not model.inside:
            model.inside = model.disturbed = True
            dice.choice(model.between)()
            model.inside = False
        answer = dice.choice(
            ("sent", "sent", "sent", "off", "no", "unsure", "lost", "dies", "died")
        )
        if model.down:
            answer = "off"
        self.said[letter.key] = letter, answer
        if answer in ("sent", "unsure", "died"):
            model.arrived(letter)
        if answer in ("unsure", "lost", "dies", "died"):
            model.maybe.add(letter.key)
        if answer in ("dies", "died"):
            raise Dies
        if answer in ("unsure", "lost"):
            return Outcome("deferred", "broke off", unsure=True)
        said = {"off": Outcome("deferred", "451"), "no": Outcome("refused", "550")}
        return said.get(answer, Outcome("sent"))
