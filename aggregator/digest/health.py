"""What sources say of their health, in Chinese: messages are kept in English, sentence by sentence."""

import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

MOST = 400
"""Characters of a sentence that is looked up; longer ones, which hold a server's words, stay as they are."""
_HOLE = re.compile(r"\{\d?\}")
_FIRST_HOLE = r"((?:(?![.:] ).)+?)"
_END = re.compile(r"[.。](?=\s|$)")
_DAY = re.compile(
    r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\d{1,2}) "
    r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b(?:( \d\d:\d\d) New York)?"
)
_PROGRESS = re.compile(r"(?:(?P<who>.+): )?(?P<what>[^:]+): (?P<done>\d+)(?: of (?P<total>\d+))?")
_WEEKDAYS = dict(
    zip(["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], "一二三四五六日", strict=True)
)
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


@dataclass(frozen=True, slots=True)
class _Saying:
    """An English template as a pattern, and what it is in Chinese."""

    pattern: re.Pattern[str]
    chinese: str
    fixed: int  # letters that are not holes: the more, the more certain

    def said(self, text: str) -> str | None:
        """The Chinese of a text that is of this template, else None."""
        found = self.pattern.fullmatch(text)
        if found is None:
            return None
        said = self.chinese.format(*(_part(group) for group in found.groups()))
        return said.replace("） ", "）")


@lru_cache(maxsize=512)
def in_chinese(message: str) -> str:
    """A message of a source's health; sentences that are not known stay English. Progress of a run, which
    is a message while it lasts, too."""
    if (running := _progress(message)) is not None:
        return running
    said = []
    rest = message.strip()
    while rest:
        chinese, rest = _first(rest)
        said.append(chinese)
    return "".join(said)


def _first(text: str) -> tuple[str, str]:
    """(the first sentence in Chinese, or as it is; the rest)."""
    for end in _ends(text):
        head = text[:end]
        for saying in _catalogue("sentences"):
            if (chinese := saying.said(head)) is not None:
                return chinese, text[end:].strip()
    head, colon, rest = text.partition(": ")
    if colon and rest and len(head) < MOST and not _END.search(head):
        # Many a message begins with the name of what it is about.
        chinese, after = _first(rest)
        if not rest.startswith(chinese):
            return f"{head}：{chinese}", after
    stop = _END.search(text)
    end = stop.end() if stop else len(text)
    return text[:end] + (" " if end < len(text) else ""), text[end:].strip()


def _ends(text: str) -> Iterator[int]:
    """Where a sentence may end, the nearest first: at a full stop, or where a known beginning ends."""
    stops = {found.end() for found in _END.finditer(text[:MOST])}
    stops |= {n + 2 for n in range(min(len(text), MOST)) if text.startswith(": ", n)}
    yield from sorted(stops | ({len(text)} if len(text) <= MOST else set()))


def _part(text: str) -> str:
    """What stands in a hole: a fixed saying, or days and names, which are as they are."""
    for saying in _catalogue("parts"):
        if (chinese := saying.said(text)) is not None:
            return chinese
    return _DAY.sub(_day, text)


def _day(found: re.Match[str]) -> str:
    weekday, day, month, clock = found.groups()
    said = f"{_MONTHS.index(month) + 1}月{day}日（周{_WEEKDAYS[weekday]}）"
    return said + (f"纽约时间{clock}" if clock else "")


def _progress(message: str) -> str | None:
    found = _PROGRESS.fullmatch(message)
    if found is None:
        return None
    for saying in _catalogue("progress"):
        if (what := saying.said(found["what"])) is not None:
            total = f" / {found['total']}" if found["total"] else ""
            who = f"{found['who']}：" if found["who"] else ""
            return f"{who}{what} {found['done']}{total}"
    return None


@cache
def _catalogue(table: str) -> tuple[_Saying, ...]:
    """The sayings of a table, those that say most themselves first."""
    sayings = [_saying(english, chinese) for english, chinese in catalogue()[table].items()]
    return tuple(sorted(sayings, key=lambda one: -one.fixed))


@cache
def catalogue() -> Mapping[str, Mapping[str, str]]:
    """Tables of English templates and their Chinese: sentences, progress, parts."""
    text = pkgutil.get_data("aggregator.digest", "strings/health_zh.toml") or b""
    return tomllib.loads(text.decode())


def _saying(english: str, chinese: str) -> _Saying:
    parts = _HOLE.split(english)
    first, *others = map(re.escape, parts)
    # A sentence begins in its first hole, so what begins another one is not in it.
    pattern = "(.+?)".join([_FIRST_HOLE.join([first, others[0]]), *others[1:]]) if others else first
    return _Saying(re.compile(pattern, re.DOTALL), chinese, sum(map(len, parts)))
