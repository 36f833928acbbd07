"""The models in use: the base, what people taught it, and topics' own; read again where they change."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.store import model as models
from aggregator.store.db import Store
from aggregator.store.feedback import Look
from aggregator.store.model import Made
from aggregator.tag import artifact as artifacts
from aggregator.tag import embedder, meaning
from aggregator.tag.documents import tag_documents
from aggregator.tag.model import Tagger, load
from aggregator.tag.vectors import Vectoriser
from aggregator.topics import Config, Topic

log = logging.getLogger(__name__)

_KEPT = 32
_read: dict[tuple[object, ...], Tagger | None] = {}
_lock = Lock()


@dataclass(frozen=True, slots=True)
class InUse:
    """The models of one moment. `base` is the shipped one, or the one that was trained here;
    `tagger` is that after people's words; `own` are those of topics that it does not know."""

    base: Tagger
    tagger: Tagger
    own: Mapping[str, Tagger] = field(default_factory=dict)
    made: Mapping[tuple[str, str], Made] = field(default_factory=dict)

    def by_topic(self, config: Config) -> dict[str, Tagger]:
        """Topic -> the model that decides it; topics that go by keywords, or by those below them
        alone, are missing."""
        deciders = {**self.own, **dict.fromkeys(self.tagger.topics, self.tagger)}
        return {t.name: deciders[t.name] for t in config.topics if t.name in deciders}


def in_use(store: Store, settings: Settings, config: Config) -> InUse:
    """The models that tag now. A model that was made for another base, or for other words of its
    topic, waits to be made anew and is not used; one that cannot be read is not, either, and the
    log says so."""
    base = read_base(settings)
    with store.read() as connection:
        made = models.in_use(connection)
        taught = made.get(("taught", ""))
        tagger = base
        if taught and taught.basis == base.version:
            tagger = _stored(taught, lambda: models.data(connection, taught.pk)) or base
        own = {}
        tagger = with_meaning(tagger, settings)
        for topic in config.topics:
            one = made.get(("own", topic.name))
            if one and one.basis == basis_of(topic, base):
                found = _stored(one, lambda pk=one.pk: models.data(connection, pk))
                own |= {topic.name: found} if found and topic.name in found.topics else {}
    return InUse(base, tagger, own, made)


def looking(store: Store, settings: Settings, config: Config) -> Look:
    """What asks the models in use for the tags of one paper; make it before a transaction, since it
    may read a model."""
    by_topic = in_use(store, settings, config).by_topic(config)
    return lambda doc, said: tag_documents([doc], by_topic, config.topics, [said])[0]


def read_base(settings: Settings) -> Tagger:
    """The model trained here, else the shipped one; read once for each content of the file. One that
    cannot be read is refused, the log says why, and the shipped one is used."""
    return _base(settings)[0]


def refused(settings: Settings) -> str:
    """Why the model trained here is not used, and what to do, in one line; "" if it is, or if there is
    none."""
    path = settings.tagger
    if not path or _base(settings)[1]:
        return ""
    try:
        load(path)
    except UsageError as error:
        return f"{error} The shipped model is used; train again, or delete {path}."
    return ""


def _base(settings: Settings) -> tuple[Tagger, Path | None]:
    """The base and the file it was read from; None for the shipped one."""
    path = settings.tagger
    if path:
        about = path.stat()
        key = ("file", path, about.st_mtime_ns, about.st_size)
        trained = _remembered(key, lambda: _trained(path))
        if trained:
            return trained, path
    shipped = _remembered(("shipped",), load)
    assert shipped  # `load` raises where there is none
    return shipped, None


def _trained(path: Path) -> Tagger | None:
    try:
        return load(path)
    except UsageError as error:
        log.warning("%s It is not used, and the shipped model is.", error)
        return None


def with_meaning(tagger: Tagger, settings: Settings) -> Tagger:
    """The base, or what people taught it, with the correction by embeddings if they are switched on.
    Raises UsageError if they cannot be used."""
    if not settings.embeddings:
        return tagger
    base, path = _base(settings)
    beside = meaning.beside(path) if path else meaning.SHIPPED
    about = beside.stat() if beside.exists() else None
    key = ("meaning", beside, about and (about.st_mtime_ns, about.st_size), base.version)

    def read() -> Tagger:
        found = meaning.load(path, base.version, base.topics, embedder.installed())
        return replace(base, meaning=found)

    made = _remembered(key, read)
    return replace(tagger, meaning=made.meaning if made else None)


def check(settings: Settings) -> None:
    """Raise UsageError if the models cannot be used as the settings say."""
    with_meaning(read_base(settings), settings)


def basis_of(topic: Topic, base: Tagger) -> str:
    """What a topic's own model is made of; another text asks for another model."""
    works = tuple(sorted(work.title for work in topic.works))
    said = (sorted(topic.keywords), sorted(topic.exclude), works, base.version)
    return artifacts.sha256(repr(said).encode()).hexdigest()[:16]


def as_tagger(data: bytes, where: str) -> Tagger:
    """The bytes of a model file -> the model. Raises UsageError if it is none."""
    artifact = artifacts.from_bytes(data, where)
    version = artifacts.sha256(data).hexdigest()[:12]
    return Tagger(artifact, Vectoriser(artifact.vocabulary, artifact.idf), version)


def _stored(made: Made, read: Callable[[], bytes | None]) -> Tagger | None:
    if not made.version:
        return None

    def parse() -> Tagger | None:
        data = read()
        try:
            return as_tagger(data, f"model {made.kind} {made.name}".strip()) if data else None
        except UsageError as error:
            log.warning("%s It is not used.", error)
            return None

    return _remembered(("stored", made.kind, made.name, made.version), parse)


def _remembered(key: tuple[object, ...], make: Callable[[], Tagger | None]) -> Tagger | None:
    with _lock:
        if key not in _read:
            while len(_read) >= _KEPT:
                del _read[next(iter(_read))]
            _read[key] = make()
        return _read[key]
