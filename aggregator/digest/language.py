"""The languages of digests: catalogues of sentences, and dates as people write them."""

import pkgutil
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from aggregator.digest.health import in_chinese

CODES = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Call it with a key for a sentence."""

    code: str
    sentences: Mapping[str, Any]

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of that key with its {placeholders} filled in."""
        return self.sentences[key].format(**values)

    def __contains__(self, key: str) -> bool:
        """Is there such a sentence?"""
        return isinstance(self.sentences.get(key), str)

    def count(self, key: str, n: int) -> str:
        """The sentence of that key for n things; `<key>_one` where one thing is said otherwise."""
        return self(f"{key}_one" if n == 1 and f"{key}_one" in self else key, n=n)

    def when(self, form: str, moment: datetime) -> str:
        """The moment, on the clock of its own time zone, in one of the forms date, full_date, day
        and time."""
        return self(
            form,
            day=moment.day,
            month=self.sentences["months"][moment.month - 1],
            year=moment.year,
            weekday=self.sentences["weekdays"][moment.weekday()],
            clock=f"{moment:%H:%M}",
        )

    def title_of(self, topic: Any) -> str:
        """The title of a topic or section in this language, as far as it has one; that of a section
        of citations is a sentence."""
        if work := getattr(topic, "work", ""):
            key = "citing_one" if topic.count == 1 else "citing"
            return self(key, n=topic.count, title=work)
        return (topic.title_zh if self.code == "zh" else "") or topic.title

    def note(self, sentence: str) -> str:
        """Why a digest is empty, which the selection says in English."""
        english = language("en").sentences["notes"]
        key = next((key for key, said in english.items() if said == sentence), "")
        return self.sentences["notes"][key] if key else sentence

    def status(self, status: str | None) -> str:
        """A source's status in words."""
        return self.sentences["status"][status or "none"]

    def told(self, message: str) -> str:
        """A source's message, which is kept in English, in this language."""
        return in_chinese(message) if self.code == "zh" else message

    def explained(self, source: Mapping[str, Any]) -> str:
        """What a source's status means, in a sentence to stand before its own message; "" in English,
        and while the message tells how far a run is."""
        if source.get("running") or not source["status"]:
            return ""
        return str(self.sentences["explained"][source["status"]])


@cache
def language(code: str) -> Language:
    """The language of that code; English for one that is not of `CODES`."""
    if code not in CODES:
        return language("en")
    text = pkgutil.get_data("aggregator.digest", f"strings/{code}.toml") or b""
    return Language(code, tomllib.loads(text.decode()))
