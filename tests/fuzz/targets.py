"""Each parser with samples to damage, and what it may do with them: give well-formed values, or raise
the error that its callers expect."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator import pipeline, topics
from aggregator.errors import SourceError, UsageError
from aggregator.files import feeds
from aggregator.imports import FORMATS
from aggregator.learn import labels
from aggregator.models import Draft, Parsed
from aggregator.parse import ids
from aggregator.people.signing import LinkError, Signer
from aggregator.settings import Settings
from aggregator.sources.base import Raw, Source
from aggregator.store import cursor, papers
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from tests.conftest import NOW
from tests.filled import CONFIG

DATA = Path(__file__).parents[1] / "data"
PROJECT = Path(__file__).parents[2]
FETCHED = datetime(2026, 6, 20, tzinfo=UTC)
SOURCES = """
sources = [
  { name = "arxiv", kind = "arxiv", categories = ["cs.CV"] },
  { name = "cvf", kind = "cvf", venues = ["CVPR2017"] },
  { name = "ecva", kind = "ecva", years = [2018, 2020] },
  { name = "neurips", kind = "neurips", years = [2017] },
  { name = "pmlr", kind = "pmlr", volumes = [70] },
  { name = "openreview", kind = "openreview", venues = ["ICLR.cc/2018/Conference"] },
  { name = "virtual", kind = "virtual", conferences = ["icml-2025"] },
  { name = "reddit", kind = "reddit", subreddits = ["MachineLearning"] },
  { name = "blog", kind = "feed", url = "https://blog.example/feed" },
  { name = "rsshub", kind = "rsshub", routes = ["/weibo/user/100"] },
  { name = "semanticscholar", kind = "citations", provider = "semanticscholar", works = ["1412.6980"] },
  { name = "openalex", kind = "citations", provider = "openalex", works = ["1412.6980"] },
  { name = "hf", kind = "hf_daily" },
  { name = "crossref", kind = "crossref" },
]
"""


@dataclass(frozen=True, slots=True)
class Target:
    """`read` takes damaged bytes; it asserts that what comes out is whole."""

    name: str
    samples: tuple[bytes, ...]
    read: Callable[[bytes], object]


def everything(store: Store, folder: Path) -> Iterator[Target]:
    """Every parser; those that need a store or a file use these."""
    settings = Settings(data_dir=folder)
    config = topics.parse('topics = [{ name = "x", title = "X" }]\n' + SOURCES, "here")
    for source in pipeline.make_sources(config, settings):
        yield from _source(source)
    yield from _imports(folder)
    yield from _texts(store, folder, settings)


def _source(source: Source) -> Iterator[Target]:
    if source.kind == "arxiv":
        rss = tuple(path.read_bytes() for path in sorted((DATA / "arxiv").glob("rss_*.xml")))
        oai = tuple(path.read_bytes() for path in sorted((DATA / "arxiv").glob("oai_*.xml")))
        more = {"authors": {}, "regular": True}
        yield _document(source, "arxiv rss", rss, {"stream": "rss:cs.CV"})
        yield _document(source, "arxiv oai", oai, {"stream": "oai", "meta": more})
        return
    by_stream: dict[str, tuple[list[bytes], dict[str, Any]]] = {}
    for path in sorted((DATA / source.kind).glob("*.expected.json")):
        sample = path.with_name(path.name.removesuffix(".expected.json"))
        if source.kind == "citations" and not sample.name.startswith(source.name):
            continue
        given = json.loads(path.read_text(encoding="utf-8"))["raw"]
        part = given["stream"].partition(":")[0]
        by_stream.setdefault(part, ([], given))[0].append(sample.read_bytes())
    for part, (samples, given) in by_stream.items():
        if source.kind == "citations":
            given = {**given, "meta": {"cites": "arxiv:1412.6980", "place": 0}}
        if source.kind == "crossref":  # what was asked for: everything that the samples name
            named = {one for body in samples for one in ids.dois(body.decode(errors="replace"))}
            given = {**given, "meta": {"dois": sorted(named)}}
        yield _document(source, f"{source.name} {part}", tuple(samples), given)


def _document(
    source: Source, name: str, samples: tuple[bytes, ...], given: dict[str, Any]
) -> Target:
    url = given.get("url", "https://sample.example/x")

    def read(body: bytes) -> None:
        raw = Raw(
            given["stream"],
            url,
            body,
            given.get("content_type", ""),
            FETCHED,
            given.get("meta", {}),
        )
        try:
            parsed = source.to_drafts(raw)
        except SourceError as error:
            str(error).encode()
            return
        assert isinstance(parsed, Parsed)
        for draft in parsed.drafts:
            _whole(draft)
        for reason in parsed.skipped:
            reason.encode()

    return Target(name, samples, read)


def _whole(draft: Draft) -> None:
    """Can it be stored on either database, and shown?"""
    assert draft.native_id
    assert draft.published.utcoffset() is not None
    assert 1900 <= draft.published.year <= 2200, draft.published
    fields = (draft.native_id, draft.title, draft.url, draft.abstract, *draft.authors,
              *draft.identifiers.values(), *draft.mentions, *draft.cites, draft.about or "",
              json.dumps(draft.extra, ensure_ascii=False, allow_nan=False))  # fmt: skip
    for text in fields:
        text.encode()  # no half of a surrogate pair
        assert "\x00" not in text


def _imports(folder: Path) -> Iterator[Target]:
    own = _own_line()
    samples = {
        "arxiv-snapshot": ("snapshot.jsonl", (DATA / "imports" / "snapshot.jsonl").read_bytes()),
        "jsonl": ("export.jsonl", own),
        "paperlists": ("cvpr2017.json", (DATA / "imports" / "cvpr2017.json").read_bytes()),
        "bibtex": ("library.bib", (DATA / "imports" / "library.bib").read_bytes()),
    }
    for form in FORMATS:
        name, sample = samples[form.name]

        def read(body: bytes, form: Any = form, name: str = name) -> None:
            form.fits(name, body[:4_096])
            try:
                items = list(form.read(name, body.splitlines(keepends=True)))
            except (ValueError, RecursionError):  # as aggregator/files/bulk.py expects
                return
            for item in items:
                for draft in item if isinstance(item, tuple) else ():
                    _whole(draft)

        yield Target(f"import {form.name}", (sample,), read)
    opml = b"""<?xml version="1.0"?><opml version="2.0"><body><outline text="A"><outline type="rss"
        title="B &amp; C" xmlUrl="https://b.example/feed"/></outline></body></opml>"""

    def read_opml(body: bytes) -> None:
        path = folder / "fuzz.opml"
        path.write_bytes(body)
        try:
            found = feeds.read(path)
        except UsageError:
            return
        topics.parse(f'[[topics]]\nname = "x"\ntitle = "X"\n{feeds.as_toml(found, "")}', "here")

    yield Target("import opml", (opml,), read_opml)


def _own_line() -> bytes:
    doc = {
        "id": "a1", "title": "T", "abstract": "A", "authors": ["Ada"], "kind": "paper",
        "published": "2017-11-13T00:00:00Z", "identifiers": {"arxiv": "1711.00001"},
        "entries": [{"key": "arxiv:1711.00001v1", "kind": "arxiv", "role": "preprint",
                     "source": "arxiv", "sources": ["arxiv"], "version": 1, "title": "T",
                     "url": "https://arxiv.org/abs/1711.00001v1",
                     "published": "2017-11-13T00:00:00Z"}],
    }  # fmt: skip
    return (json.dumps(doc) + "\n").encode() * 2


def _texts(store: Store, folder: Path, settings: Settings) -> Iterator[Target]:
    def read_labels(body: bytes) -> None:
        path = folder / "fuzz.jsonl"
        path.write_bytes(body)
        _may(UsageError, labels.import_labels, store, CONFIG, path, NOW)

    def ask(body: bytes) -> None:
        text = body.decode(errors="replace")[:500]
        printable = "".join(sign for sign in text if ord(sign) >= 32)
        for query in (PaperQuery(q=printable), PaperQuery(q=printable, sort="relevance", prefix=True),
                      PaperQuery(author=printable), PaperQuery(venue=printable)):  # fmt: skip
            with store.read() as connection:
                _may(UsageError, papers.page, connection, query, None)

    def read_link(body: bytes) -> None:
        signer, token = Signer.of(settings, lambda: NOW), body.decode(errors="replace")
        for look in (signer.read_confirm, signer.read_again, signer.read_unsubscribe,
                     signer.read_preferences, signer.read_feedback, signer.read_reader,
                     signer.read_form):  # fmt: skip
            _may(LinkError, look, token)

    signer = Signer.of(settings, lambda: NOW)
    links = (signer.confirm_token("abc"), signer.unsubscribe_token("abc"), signer.form_token("r"))
    places = [cursor.write(cursor.Place("new", "2017-11-13 12:00:00.000000", 7), "all"),
              cursor.write(cursor.Place("hot", 1.5, 7), "all")]  # fmt: skip
    graded = b'{"id": "1711.00001", "title": "T", "abstract": "A", "grades": {"gan": 2}}\n'
    asked = ('deep "residual learning" net*', "扩散模型 OR graph", 'NOT a NEAR(b) - "')
    file = (PROJECT / "topics.toml").read_bytes()
    yield Target("labels", (graded,), read_labels)
    yield Target("query", tuple(one.encode() for one in asked), ask)
    yield Target("signed link", tuple(one.encode() for one in links), read_link)
    yield Target("cursor", tuple(one.encode() for one in places), _read_cursor)
    yield Target("topics.toml", (file, SOURCES.encode()), _read_topics)


def _read_cursor(body: bytes) -> None:
    for sort in ("new", "hot", "relevance"):
        _may(UsageError, cursor.read, body.decode(errors="replace"), sort, "all")


def _read_topics(body: bytes) -> None:
    _may(UsageError, topics.parse, body.decode(errors="replace"), "here")


def _may(error: type[Exception], work: Callable[..., object], *given: object) -> None:
    """Do it; this error is an answer."""
    try:
        work(*given)
    except error as said:
        str(said).encode()
