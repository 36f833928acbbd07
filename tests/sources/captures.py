"""Answers captured from the real services, beside this checkout, and what Daypaper reads from them."""

import gzip
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aggregator.clock import iso
from aggregator.errors import SourceError
from aggregator.fetch.answers import TransientError, judge
from aggregator.imports import bibtex, paperlists
from aggregator.models import Draft, Parsed
from aggregator.parse.text import shortened
from aggregator.sources import KINDS
from aggregator.sources.arxiv import announcement, lookup, records
from aggregator.sources.base import Answer, Credentials, Http, Raw, SourceConfig, Validator
from aggregator.sources.citation_providers import PROVIDERS
from aggregator.sources.citing_works import openalex_draft, s2_draft
from aggregator.sources.feed_items import Manner
from aggregator.sources.feed_pages import discover, read
from tests.sources.sample_walk import SHARED

CAPTURES = SHARED / "captures"
FETCHED = datetime(2026, 11, 1, 12, tzinfo=UTC)
"""Later than every capture."""
MOST_NAMES = 3  # authors that a table names; their number stands beside
MOST_TITLE = 60

Facts = dict[str, Any]


def captures() -> list[str]:
    """The names of all captures; headers, and the list of where they are from, are none."""
    found = (p for p in CAPTURES.rglob("*") if p.is_file() and not p.name.endswith(".meta.json"))
    return sorted(str(p.relative_to(CAPTURES)) for p in found if p.name != "PROVENANCE.md")


def body_of(name: str) -> bytes:
    """The answer's bytes; some lie packed."""
    body = (CAPTURES / name).read_bytes()
    return gzip.decompress(body) if body[:2] == b"\x1f\x8b" else body


def facts(name: str, way: str, others: Iterable[int] = ()) -> Facts:
    """What the way of reading that is named gives for a capture: its items, the first of them and
    those at `others`, or the error in its own words."""
    try:
        parsed = WAYS[way](name, body_of(name))
    except SourceError as error:
        return {"error": f"{type(error).__name__}: {error}"}
    if not isinstance(parsed, Parsed):
        rows = parsed.pop("rows", [])
        return parsed | {str(n): rows[n] for n in ([0, *others] if rows else [])}
    found: Facts = {"items": len(parsed.drafts)}
    if bare := parsed.skipped.count(""):
        found["bare"] = bare  # known by an id only
    if skipped := [why for why in parsed.skipped if why]:
        found["skipped"] = skipped
    places = [0, *others] if parsed.drafts else []
    return found | {str(n): shown(parsed.drafts[n]) for n in places}


def shown(draft: Draft) -> Facts:
    """The bibliographic facts of a draft; no text of it."""
    # what people posted is told by its beginning
    title = shortened(draft.title, MOST_TITLE) if draft.role == "post" else draft.title
    fields = {
        "id": draft.key,
        "title": title,
        "authors": _few(draft.authors),
        "date": iso(draft.published) if draft.dated else "",
        "link": draft.url,
        "also": dict(draft.identifiers),
        "about": draft.about,
        "abstract": len(draft.abstract),
        "venue": draft.extra.get("venue"),
    }
    return {key: value for key, value in fields.items() if value not in ("", None, [], {}, 0)}


def _few(names: Sequence[str]) -> list[str | int]:
    return [*names[:MOST_NAMES], len(names)] if len(names) > MOST_NAMES else list(names)


def status_of(name: str) -> int:
    """The status of an answer; 200 where it was not kept."""
    return int(_meta(name).get("status", 200))


def _meta(name: str) -> Mapping[str, Any]:
    """Request, status and headers of an answer, where they were kept."""
    path = CAPTURES / f"{name}.meta.json"
    meta = json.loads(path.read_bytes()) if path.exists() else {}
    if isinstance(meta.get("status"), dict):
        meta["status"] = meta["status"]["code"]
    return meta


class Replay:
    """Answers every request with the same bytes; a list of one page."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def get(self, url: str, **_: Any) -> Answer:
        return Answer(url, self.body, "", {}, False, Validator(url, None, None, ""))


def _source(kind: str, stream: str, url: str, **options: Any) -> Callable[[str, bytes], Parsed]:
    """Reads with a source of that kind."""
    made = KINDS[kind].options_type.model_validate(options)
    source = KINDS[kind](SourceConfig(kind, kind, made, None, True), Credentials())

    def drafts(_: str, body: bytes) -> Parsed:
        return source.to_drafts(Raw(stream, url, body, "", FETCHED))

    return drafts


def _feed(name: str, body: bytes) -> Parsed:
    raw = Raw("feed", f"https://{Path(name).parts[1].lower()}.example/feed", body, "", FETCHED)
    return read(raw, Manner("feed", "feed", UTC)).parsed


def _api(_: str, body: bytes) -> Parsed:
    http: Http = Replay(body)  # type: ignore[assignment]
    return Parsed(tuple(lookup.by_ids(http, _API, ["x"] * body.count(b"<entry>"), FETCHED)))


def _raw_records(_: str, body: bytes) -> Parsed | Facts:
    page = records.read_page(body, "arXiv's OAI-PMH")
    if page.error:
        return {"oai_error": f"{page.error}: {page.error_text}"}
    return records.to_drafts(body, "arXiv's OAI-PMH", {}, FETCHED, regular=False)


def _names(_: str, body: bytes) -> Facts:
    # Daypaper lists records and never gets one; what a record holds is the same
    listed = body.replace(b"GetRecord>", b"ListRecords>")
    page = records.read_page(listed, "arXiv's OAI-PMH")
    found = [[native, *_few(names)] for native, names in records.names(page).items()]
    token = {"token": page.token} if page.token else {}
    return {"items": len(found), "rows": found} | token


def _papers(_: str, body: bytes) -> Parsed:
    """Whatever answer of Semantic Scholar holds papers."""
    found = json.loads(body)
    single = isinstance(found, dict)
    listed = found.get("data", found.get("recommendedPapers", found)) if single else found
    items = [listed] if isinstance(listed, dict) else listed
    items = [one.get("citedPaper", one) if isinstance(one, dict) else one for one in items]
    return _read(items, lambda item: s2_draft(item, (), FETCHED, 1))


def _citations(_: str, body: bytes) -> Parsed:
    place = json.loads(body)["offset"]
    meta = {"cites": "arxiv:1412.6980", "place": place}
    raw = Raw("citing:x", "https://api.semanticscholar.org", body, "", FETCHED, meta)
    return PROVIDERS["semanticscholar"]("", "").read(raw)[0]


def _batch(_: str, body: bytes) -> Parsed:
    raw = Raw("batch", "https://api.semanticscholar.org", body, "", FETCHED)
    return PROVIDERS["semanticscholar"]("", "").read_batch(raw)  # type: ignore[attr-defined]


def _works(_: str, body: bytes) -> Parsed:
    found = json.loads(body)
    return _read(found.get("results", [found]), lambda item: openalex_draft(item, (), FETCHED))


def _read(items: Sequence[Any], draft: Callable[[Any], Draft | str]) -> Parsed:
    read = [draft(item) for item in items]
    drafts = tuple(one for one in read if isinstance(one, Draft))
    return Parsed(drafts, tuple(one for one in read if isinstance(one, str)))


def _refusal(name: str, body: bytes) -> Facts:
    """An answer that is none, told by its status."""
    meta = _meta(name)
    url = meta["request"].split()[1]
    headers = {key.lower(): str(value) for key, value in meta["headers"].items()}
    try:
        judge(url, status_of(name), headers, body, None)
    except TransientError as error:
        raise error.error from error
    return {"answer": status_of(name)}


def _imported(read: Callable[..., Any]) -> Callable[[str, bytes], Parsed]:
    def lines(name: str, body: bytes) -> Parsed:
        found = list(read(Path(name).name.removesuffix(".gz"), [body]))
        drafts = tuple(d for one in found if not isinstance(one, str) for d in one)
        return Parsed(drafts, tuple(one for one in found if isinstance(one, str)))

    return lines


_DBLP = _imported(bibtex.read)


def _dblp(name: str, body: bytes) -> Parsed:
    """Title -> the lines of its entry."""
    return _DBLP(name, "\n\n".join("".join(entry) for entry in json.loads(body).values()).encode())


def _neurips(name: str, body: bytes) -> Parsed:
    """A paper's page, under the id that its address would give it."""
    stream = (
        "detail:1988/006f52e9102a8d3be2fe5614f42ba989"
        if "new" in name
        else f"detail:2019/{8668:032x}"
    )
    return _source("neurips", stream, "https://papers.nips.cc/paper/x", years=[2019])(name, body)


def _page(name: str, body: bytes) -> Facts:
    return {"names": discover(body, "", f"https://{Path(name).parts[1]}.example/")}


def _eccv(name: str, body: bytes) -> Parsed:
    """A part of the page, which is one list."""
    url = "https://www.ecva.net/papers.php"
    return _source("ecva", "list", url, years=[2018, 2020])(name, b"<dl>" + body + b"</dl>")


def _notes(name: str, body: bytes) -> Parsed:
    """Notes without the page that they came in."""
    found = json.loads(body)
    notes = (
        [note for venue in found for note in venue["submissions"]]
        if isinstance(found, list)
        else [found]
    )
    group = "NIPS.cc/2018/Workshop/CDNNRIA"
    read = _source(
        "openreview", f"notes:{group}", "https://api.openreview.net/notes", venues=[group]
    )
    return read(name, json.dumps({"notes": notes}).encode())


_API = "https://export.arxiv.org/api/query"
_S = "https://openaccess.thecvf.com"
WAYS: dict[str, Callable[[str, bytes], Parsed | Facts]] = {
    "feed": _feed,
    "page": _page,
    "api": _api,
    "raw records": _raw_records,
    "names": _names,
    "announcement": lambda _, body: announcement.to_drafts(body, "rss.arxiv.org"),
    "cvpr 2020": _source("cvf", "list:CVPR2020", f"{_S}/CVPR2020", venues=["CVPR2020"]),
    "iccv 2015": _source("cvf", "list:ICCV2015", f"{_S}/ICCV2015", venues=["ICCV2015"]),
    "eccv": _eccv,
    "notes": _notes,
    "neurips": _neurips,
    "daily": _source("hf_daily", "day:2026-06-12", "https://huggingface.co/api/daily_papers"),
    "reddit": _source("reddit", "new", "https://www.reddit.com/r/all/new.json", subreddits=["all"]),
    "papers": _papers,
    "citations": _citations,
    "batch": _batch,
    "works": _works,
    "refusal": _refusal,
    "bibtex": _DBLP,
    "dblp": _dblp,
    "paper list": _imported(paperlists.read),
}  # fmt: skip
