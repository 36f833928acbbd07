"""topics.toml: what to watch. Read once at the start; anything broken stops the start."""

import logging
import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from aggregator.errors import UsageError
from aggregator.expected import in_words
from aggregator.parse import ids
from aggregator.sources.base import SourceConfig
from aggregator.watches import NAME, Wanted, Watch, wordless

log = logging.getLogger(__name__)

_EVERY = re.compile(r"(\d+)\s*(m|h|d)")
_M = TypeVar("_M", bound=BaseModel)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


Phrase = Annotated[str, Field(pattern=r"\w")]
RESERVED = ("discussions", "all", "search")
"""Names that addresses and the digest's own section have taken."""


class Work(BaseModel):
    """A representative work of a topic: starter content, example, citation watch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    arxiv: str = ""
    doi: str = ""
    authors: tuple[str, ...] = ()
    year: int = Field(ge=1900, le=2100)
    names: tuple[Phrase, ...] = ()
    """What others call it: "ResNet"; else its title up to a colon."""

    @property
    def called(self) -> tuple[str, ...]:
        """What its mentions are looked for by."""
        return self.names or (self.title.partition(":")[0],)

    @field_validator("arxiv")
    @classmethod
    def _arxiv_id(cls, value: str) -> str:
        found = ids.arxiv_id(value) if value else ("", None)
        if found is None:
            raise ValueError("expected an arXiv id such as 1512.03385")
        return found[0]

    @field_validator("doi")
    @classmethod
    def _doi(cls, value: str) -> str:
        found = ids.doi(value) if value else ""
        if found is None:
            raise ValueError("expected a DOI such as 10.1109/CVPR.2009.5206848")
        return found


class Topic(BaseModel):
    """A focus area."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME)
    title: str = Field(min_length=1)
    title_zh: str = ""
    description: str = ""
    description_zh: str = ""
    parent: str = ""
    keywords: tuple[Phrase, ...] = ()
    exclude: tuple[Phrase, ...] = ()
    works: tuple[Work, ...] = ()


@dataclass(frozen=True, slots=True)
class Config:
    """The whole file, checked."""

    topics: tuple[Topic, ...]
    sources: tuple[SourceConfig, ...]
    watches: tuple[Watch, ...] = ()
    subscriptions: tuple[Wanted, ...] = ()

    def watch(self, name: str) -> Watch | None:
        """The watch of that name as far as the file says: a topic's, or one of [[watches]]."""
        if self.topic(name):
            return Watch(name=name, topics=(name,))
        return next((w for w in self.watches if w.name == name), None)

    def topic(self, name: str) -> Topic | None:
        """The topic of that name, if there is one."""
        return next((t for t in self.topics if t.name == name), None)


class _Source(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = Field(pattern=NAME)
    kind: str
    every: str = ""
    enabled: bool = True


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: tuple[dict[str, Any], ...] = ()
    sources: tuple[dict[str, Any], ...] = ()
    watches: tuple[dict[str, Any], ...] = ()
    subscriptions: tuple[dict[str, Any], ...] = ()


def load(path: Path) -> Config:
    """Read and check the file.

    Raises UsageError with one sentence naming file, line or key, and what was expected.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "not readable"
        raise UsageError(
            f"{path}: {reason}; expected a topics file (DAYPAPER_TOPICS names it)."
        ) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: not UTF-8 at byte {error.start}; expected UTF-8 text.") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> Config:
    """As `load`, from text; `where` names it in errors."""
    try:
        data = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # also numbers without end, nesting without end
        raise UsageError(f"{where}: not valid TOML: {error}.") from None
    lines = text.splitlines()
    file = _checked(_File, data, where, "")
    topics = _tables(Topic, file.topics, where, "topics")
    _unique((t.name for t in topics), where, "topics", lines)
    watches = _tables(Watch, file.watches, where, "watches")
    _unique((w.name for w in watches), where, "watches", lines)
    for section, names in (("topics", topics), ("watches", watches)):
        taken = {*RESERVED, *(t.name for t in topics if section == "watches")}
        for one in names:
            if one.name in taken:
                raise UsageError(
                    f'{where}: [[{section}]] "{one.name}": the name is taken; expected another.'
                )
    _check_parents(topics, where, lines)
    heads = _tables(_Source, file.sources, where, "sources")
    _unique((s.name for s in heads), where, "sources", lines)
    sources = tuple(
        _with_works(_source(head, n, where, lines), topics) for n, head in enumerate(heads, 1)
    )
    wanted = _tables(Wanted, file.subscriptions, where, "subscriptions")
    config = Config(topics, sources, watches, wanted)
    _check_watches(config, where)
    return config


def _tables(
    model: type[_M], tables: Sequence[dict[str, Any]], where: str, section: str
) -> tuple[_M, ...]:
    return tuple(
        _checked(model, table, where, _label(section, n, table))
        for n, table in enumerate(tables, 1)
    )


def _label(section: str, number: int, table: dict[str, Any]) -> str:
    """'[[topics]] "rl"', or '[[topics]] number 3' where it has no name."""
    name = table.get("name")
    return f'[[{section}]] "{name}"' if isinstance(name, str) else f"[[{section}]] number {number}"


def _checked(model: type[_M], table: dict[str, Any], where: str, label: str) -> _M:
    try:
        return model.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        place = f"{where}: {label}: {key}" if label else f"{where}: {key}"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(model.model_fields))
            raise UsageError(f"{place}: unknown key; expected one of: {known}.") from None
        if first["type"] == "missing":
            raise UsageError(f"{place}: missing; it must be given.") from None
        if first["type"] == "string_pattern_mismatch":
            raise UsageError(
                f"{place}: {first['input']!r} does not fit; {in_words(first)}."
            ) from None
        if first["type"] == "tuple_type":
            raise UsageError(
                f"{place}: {first['input']!r}; expected a list such as [{first['input']!r}]."
            ) from None
        message = in_words(first)
        if not key:  # said by the table as a whole, which names the key itself
            raise UsageError(f"{where}: {label}: {message}.") from None
        raise UsageError(f"{place}: {message}, found {first['input']!r}.") from None


def _unique(names: Iterable[str], where: str, section: str, lines: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            line = _line_of(lines, "name", name, nth=2)
            raise UsageError(
                f'{where}{line}: [[{section}]] "{name}" stands twice; expected unique names.'
            )
        seen.add(name)


def _check_parents(topics: Sequence[Topic], where: str, lines: Sequence[str]) -> None:
    names = {t.name: t for t in topics}
    for topic in topics:
        line = _line_of(lines, "parent", topic.parent)
        if topic.parent and topic.parent not in names:
            raise UsageError(
                f'{where}{line}: [[topics]] "{topic.name}": parent "{topic.parent}" does not '
                f"exist; expected the name of another topic ({', '.join(names)}) or none."
            )
        above, seen = topic.parent, {topic.name}
        while above:
            if above in seen:
                raise UsageError(
                    f'{where}{line}: [[topics]] "{topic.name}": parent "{topic.parent}" leads back '
                    "to itself; expected a tree."
                )
            seen.add(above)
            above = names[above].parent


def _check_watches(config: Config, where: str) -> None:
    """Topics must exist, words be words. A source may be one that the store knows: that is a warning."""
    known = {s.name for s in config.sources}
    for watch in config.watches:
        if trouble := wordless(watch):
            raise UsageError(f'{where}: [[watches]] "{watch.name}": {trouble}')
        for topic in (*watch.topics, *watch.exclude_topics):
            if config.topic(topic) is None:
                raise UsageError(
                    f'{where}: [[watches]] "{watch.name}": there is no topic "{topic}"; expected '
                    f"one of: {', '.join(t.name for t in config.topics)}."
                )
        for name in {*watch.sources, *watch.exclude_sources} - known:
            log.warning('%s: [[watches]] "%s": there is no source "%s".', where, watch.name, name)


def _source(head: _Source, number: int, where: str, lines: Sequence[str]) -> SourceConfig:
    # Imported here: the kinds bring their libraries, which nobody needs who only has a topic in hand.
    from aggregator.sources import KINDS

    label = f'{where}: [[sources]] "{head.name}"'
    kind = KINDS.get(head.kind)
    if kind is None:
        line = _line_of(lines, "kind", head.kind)
        raise UsageError(
            f'{where}{line}: [[sources]] "{head.name}": unknown kind "{head.kind}"; '
            f"expected one of: {', '.join(KINDS)}."
        )
    options = _checked(
        kind.options_type,
        head.model_extra or {},
        where,
        _label("sources", number, {"name": head.name}),
    )
    every = None
    if head.every:
        match = _EVERY.fullmatch(head.every.strip())
        if not match or not int(match[1]):
            raise UsageError(
                f'{label}: every: {head.every!r}; expected for example "30m", "6h", "1d".'
            )
        every = int(match[1]) * _UNITS[match[2]]
    return SourceConfig(head.name, head.kind, options, every, head.enabled)


def _with_works(source: SourceConfig, topics: Sequence[Topic]) -> SourceConfig:
    """A source that watches the topics' works is told which they are."""
    if getattr(source.options, "works", None) != "topics":
        return source
    works = (work for topic in topics for work in topic.works)
    named = (f"arxiv:{w.arxiv}" if w.arxiv else w.doi and f"doi:{w.doi}" for w in works)
    names = tuple(dict.fromkeys(name for name in named if name))
    return replace(source, options=source.options.model_copy(update={"works": names}))


def _line_of(lines: Sequence[str], key: str, value: str, nth: int = 1) -> str:
    """ " line 12", where `key = "value"` stands for the nth time; "" if it is written otherwise."""
    pattern = re.compile(rf"\s*{key}\s*=\s*[\"']{re.escape(value)}[\"']")
    found = [n for n, line in enumerate(lines, 1) if pattern.match(line)]
    return f" line {found[nth - 1]}" if len(found) >= nth else ""
