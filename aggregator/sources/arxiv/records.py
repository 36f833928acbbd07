"""Reads what OAI-PMH answers: pages of records in the formats arXivRaw and arXiv (pure).

arXivRaw tells the versions with their dates, arXiv the authors' names in parts (DESIGN, decision 8).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator import calendar
from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft, Parsed
from aggregator.parse import dates, ids, text
from aggregator.parse.page import decode, is_html, is_wall
from aggregator.sources.arxiv import months, withdrawal

_OAI = "{http://www.openarchives.org/OAI/2.0/}"
_ACCENT = re.compile(
    r"\\([bcdHkrtuv])(?=[^\W\d_])"
)  # "\vs": the service lost the braces of "\v{s}"


@dataclass(frozen=True, slots=True)
class OaiPage:
    """One page of a list: `token` is "" on the last; `error` an OAI error code, "" if none."""

    records: Sequence[Any]  # lxml elements <record>
    token: str
    response_date: datetime | None
    error: str
    error_text: str


def read_page(body: bytes, where: str) -> OaiPage:
    """Read a ListRecords answer. Raises BrokenError if it is not one."""
    root = parse_xml(body, where)
    if root.tag != f"{_OAI}OAI-PMH":
        raise BrokenError(f"{where} answered with <{etree.QName(root).localname}>, not OAI-PMH.")
    error = root.find(f"{_OAI}error")
    found = root.find(f"{_OAI}ListRecords")
    if error is None and found is None:
        raise BrokenError(f"{where} answered OAI-PMH without records and without an error.")
    token = root.findtext(f"{_OAI}ListRecords/{_OAI}resumptionToken") or ""
    return OaiPage(
        records=[] if found is None else found.findall(f"{_OAI}record"),
        token=token.strip(),
        response_date=dates.iso8601(root.findtext(f"{_OAI}responseDate") or ""),
        error="" if error is None else error.get("code") or "unknown",
        error_text="" if error is None else " ".join((error.text or "").split()),
    )


def parse_xml(body: bytes, where: str) -> Any:
    """Bytes -> root element; no entities, no network.

    Raises BrokenError if they are not well-formed XML, ChallengedError if they are a bot wall.
    """
    if is_html(body) and is_wall(decode(body[:20_000])):
        raise ChallengedError(f"{where} shows a page that only people get past (a bot wall).")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body.lstrip(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        reason = (getattr(error, "msg", "") or str(error)).split("\n")[0]
        raise BrokenError(f"{where} sent XML that cannot be read ({reason}).") from error


def names(page: OaiPage) -> dict[str, list[str]]:
    """From a page in the format `arXiv`: arXiv id -> authors as "Forenames Keyname Suffix"."""
    found = {}
    for record in page.records:
        fields = _fields(record)
        native = _text(fields, "id") if fields else ""
        if fields and native:
            found[native] = [
                name for author in fields.get("authors", ()) if (name := _full_name(author))
            ]
    return found


def ids_of(page: OaiPage) -> Iterator[tuple[str, date | None]]:
    """(arXiv id, datestamp) of each record of a page; what was deleted is of no listing, and has none."""
    for record in page.records:
        native = _native_id(record)
        if native and _is_deleted(record):
            yield native, None
        elif native:
            moment = dates.iso8601(record.findtext(f"{_OAI}header/{_OAI}datestamp") or "")
            yield native, moment.date() if moment else None


def broken(page: OaiPage) -> int:
    """How many records of a page in arXivRaw cannot be read."""
    return sum(not _is_readable(record) for record in page.records)


def _is_deleted(record: Any) -> bool:
    header = record.find(f"{_OAI}header")
    return header is not None and header.get("status") == "deleted"


def _is_readable(record: Any) -> bool:
    if _is_deleted(record):
        return True
    fields = _fields(record)
    try:
        return bool(fields and _text(fields, "title") and _versions(record))
    except ValueError:
        return False


def to_drafts(
    body: bytes, where: str, authors: Mapping[str, Sequence[str]], now: datetime, *, regular: bool
) -> Parsed:
    """A page in arXivRaw -> drafts of the latest version of each record that was public at `now`.

    `authors` are the names of the format `arXiv`, by id. `regular` says that this harvest goes on
    from the last one: a first version that we had not seen was then announced on its datestamp.
    Raises BrokenError if the page cannot be read.
    """
    page = read_page(body, where)
    drafts, skipped, gone, early = [], [], [], 0
    live = page.response_date is not None and page.response_date <= now + timedelta(hours=1)
    for record in page.records:
        native = _native_id(record)
        if native and _is_deleted(record):
            gone.append(("arxiv", native))
            continue
        try:
            draft = _draft(record, authors, now, live=live, regular=regular)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            skipped.append(f"{native or 'a record without id'}: {error}")
            continue
        if draft is None:
            early += 1
        else:
            drafts.append(draft)
    return Parsed(tuple(drafts), tuple(skipped), len(page.records) - early, tuple(gone))


def _native_id(record: Any) -> str:
    found = ids.arxiv_id(record.findtext(f"{_OAI}header/{_OAI}identifier") or "")
    return found[0] if found else ""


def _fields(record: Any) -> dict[str, Any] | None:
    """Local name -> element of the record's metadata; repeated elements: the last."""
    metadata = record.find(f"{_OAI}metadata")
    if metadata is None or not len(metadata):
        return None
    return {_local(child): child for child in metadata[0]}


def _local(element: Any) -> str:
    """The element's name without its namespace; comments have none."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _full_name(author: Any) -> str:
    parts = {_local(child): (child.text or "").strip() for child in author}
    ordered = (parts.get("forenames"), parts.get("keyname"), parts.get("suffix"))
    name = text.plain(_ACCENT.sub(r"\\\1 ", " ".join(part for part in ordered if part)))
    # The service cuts "A: B and C" into three; what is left of the words between is nobody.
    name = text.without_collaboration(name.removeprefix("and "))
    return name if any(map(str.isalpha, name)) else ""


def _draft(
    record: Any, authors: Mapping[str, Sequence[str]], now: datetime, *, live: bool, regular: bool
) -> Draft | None:
    fields = _fields(record)
    if fields is None:
        raise ValueError("no metadata")
    native = _text(fields, "id")
    versions = _versions(record)
    if not native or not versions:
        raise ValueError("no id, or no version with a date")
    if not _text(fields, "title"):
        raise ValueError("no title")
    public = [(n, submitted, months.announced(native, submitted)) for n, submitted in versions]
    if live:  # it is served, so it is out, whatever our calendar thinks
        public = [(n, submitted, min(at, now)) for n, submitted, at in public]
    public = [v for v in public if v[2] <= now]
    if not public:
        return None
    if regular and len(versions) == 1:
        public = [(1, public[0][1], _on_hold(record, native, public[0][2], now))]
    return build(
        native,
        [(n, submitted) for n, submitted, _ in public],
        first_public=public[0][2],
        published=public[-1][2],
        title=_text(fields, "title"),
        abstract=_text(fields, "abstract"),
        authors=authors.get(native) or text.split_authors(_text(fields, "authors")),
        categories=_text(fields, "categories").split(),
        comments=_text(fields, "comments"),
        journal_ref=_text(fields, "journal-ref"),
        doi=_text(fields, "doi"),
        fidelity=1,
        ignored=withdrawal.is_ignored(record.find(f"{_OAI}metadata")[0], public[-1][0]),
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    element = fields.get(name)
    return (element.text or "").strip() if element is not None else ""


def _versions(record: Any) -> list[tuple[int, datetime]]:
    found = []
    for element in record.find(f"{_OAI}metadata")[0]:
        if _local(element) == "version":
            number = (element.get("version") or "").lstrip("v")
            written = next((child.text for child in element if _local(child) == "date"), None)
            moment = dates.rfc822(written or "")
            if not number.isdigit() or moment is None:
                # Without it an older version would pass for the latest, or the paper for a newer one.
                raise ValueError(f"a version ({number or '?'}) without number or date")
            found.append((int(number), moment))
    return sorted(found)


def _on_hold(record: Any, native: str, expected: datetime, now: datetime) -> datetime:
    """When a first version, unseen until now, was announced: on its datestamp if that is later. After the
    month of its id it had been announced before, and the record was changed."""
    moment = dates.iso8601(record.findtext(f"{_OAI}header/{_OAI}datestamp") or "")
    if moment is None:
        return expected
    stamped = calendar.announced_at(moment.date())
    return min(stamped, now) if expected < stamped <= months.latest(native) else expected


def build(
    native: str,
    versions: Sequence[tuple[int, datetime]],
    *,
    first_public: datetime | None,
    published: datetime,
    title: str,
    abstract: str,
    authors: Sequence[str],
    categories: Sequence[str],
    comments: str = "",
    journal_ref: str = "",
    doi: str = "",
    fidelity: int = 0,
    dated: bool = True,
    ignored: bool = False,
) -> Draft:
    """A draft of one arXiv version, whichever service told of it; texts as the service sent them,
    authors made plain. `ignored`: arXiv marks the version as withdrawn."""
    comments, abstract = text.plain(comments), text.plain(abstract)
    dois = ids.dois(doi)
    identifiers = {"arxiv": native} | ({"doi": dois[0]} if dois else {})
    extra: dict[str, Any] = {
        "categories": list(categories),
        "comments": comments,
        "journal_ref": text.plain(journal_ref),
        "dois": list(dois[1:]),
        "versions": [
            {"version": n, "date": moment.isoformat()} for n, moment in versions if fidelity
        ],
    }
    number = versions[-1][0]
    withdrawn = ignored or withdrawal.is_notice(comments, abstract)
    return Draft(
        kind="arxiv",
        native_id=native,
        version=number,
        role="preprint",
        title=text.plain(title),
        url=f"https://arxiv.org/abs/{native}v{number}",
        published=published,
        abstract=abstract,
        authors=tuple(authors),
        year=ids.arxiv_month(native).year,
        first_public=first_public,
        identifiers=identifiers,
        fidelity=fidelity,
        dated=dated,
        # Said in full records even where it is not so: a paper may come back.
        extra={k: v for k, v in extra.items() if v}
        | ({"withdrawn": withdrawn} if fidelity or withdrawn else {}),
    )
