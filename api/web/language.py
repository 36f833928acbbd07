"""The languages of the pages: catalogues of sentences, dates as people write them, which one to use."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import Request

CODES = ("en", "zh")
COOKIE = "lang"


@dataclass(frozen=True, slots=True)
class Language:
    """One language. Call it with a key for a sentence."""

    code: str
    sentences: Mapping[str, Any]

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of that key with its {placeholders} filled in."""
        return self.sentences[key].format(**values)

    def count(self, key: str, n: int, **values: Any) -> str:
        """The sentence of that key for n things; `<key>_one` where one thing is said otherwise."""
        return self(
            f"{key}_one" if n == 1 and f"{key}_one" in self.sentences else key, n=n, **values
        )

    def date(self, moment: datetime) -> str:
        """ "13 November 2017" """
        return self._written("date", moment)

    def short(self, moment: datetime) -> str:
        """ "13 Nov" """
        return self._written("date_short", moment)

    def week(self, moment: datetime) -> str:
        """ "13 Nov 2017" """
        return self._written("date_week", moment)

    def weekday(self, moment: datetime) -> str:
        """ "Monday" """
        return self.sentences["weekdays"][moment.weekday()]

    def time(self, moment: datetime) -> str:
        """ "13 Nov 2017, 03:30 UTC" """
        return self._written("time", moment)

    def _written(self, form: str, moment: datetime) -> str:
        month = self.sentences["months"][moment.month - 1]
        return self.sentences[form].format(
            day=moment.day, month=month, short=month[:3], number=moment.month, year=moment.year,
            clock=f"{moment:%H:%M}",
        )  # fmt: skip

    def title_of(self, topic: Any) -> str:
        """The title of a topic or section in this language, as far as it has one."""
        return (topic.title_zh if self.code == "zh" else "") or topic.title

    def description_of(self, topic: Any) -> str:
        """The description of a topic in this language, as far as it has one."""
        return (topic.description_zh if self.code == "zh" else "") or topic.description


@cache
def language(code: str) -> Language:
    """The language of that code, one of `CODES`."""
    text = (files("api.web") / "strings" / f"{code}.toml").read_text(encoding="utf-8")
    return Language(code, tomllib.loads(text))


def chosen(request: Request) -> Language:
    """The language to answer in: asked for in the address, kept in the cookie, or the browser's."""
    for code in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if code in CODES:
            return language(code)
    return language(preferred(request.headers.get("accept-language", "")))


def preferred(accepted: str) -> str:
    """The code of ours that an Accept-Language header likes best; "en" if it names none."""
    weights: dict[str, float] = {}
    for part in accepted.split(","):
        name, _, quality = part.partition(";")
        code = name.strip().lower().split("-")[0]
        try:
            weight = float(quality.strip().removeprefix("q=") or 1)
        except ValueError:
            weight = 0.0
        if code in CODES:
            weights[code] = max(weight, weights.get(code, 0.0))
    return max(weights, key=lambda code: (weights[code], code == "en"), default="en")
