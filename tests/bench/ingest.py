"""How fast OAI-PMH records go through parse, match, merge and store, search index included."""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from time import process_time
from xml.sax.saxutils import escape

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - compiled

from aggregator.collect.ingest import store_drafts
from aggregator.sources.arxiv import records
from tests.bench.papers import papers
from tests.conftest import sqlite_store

COUNT, PAGE = 10_000, 1000
NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
_HEAD = (
    '<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><responseDate>2026-06-30T12:00:00Z'
    "</responseDate><request>x</request><ListRecords>"
)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    found, kind = papers(COUNT)
    made = [oai_record(f"2606.{n:05d}", *paper) for n, paper in enumerate(found)]
    pages = [oai_page(made[n : n + PAGE]) for n in range(0, COUNT, PAGE)]
    with tempfile.TemporaryDirectory() as folder:
        bare = COUNT / _bare(pages, Path(folder))
        first, again = _ours(pages, Path(folder))
    return [
        (
            f"first harvest of {COUNT:,} {kind}: parse, match, merge, store, index",
            f"{COUNT / first:,.0f} entries per CPU-second",
            "3,600 (4 × arxiv-sanity-lite's 900, which has no merge, provenance or index)",
        ),
        ("the same records again, unchanged", f"{COUNT / again:,.0f} entries per CPU-second", "-"),
        (
            "bare lxml + sqlite3: one table and FTS5, nothing else",
            f"{bare:,.0f} entries per CPU-second; ours is {COUNT / first / bare:.2f} of it",
            "the limit of plain libraries",
        ),
    ]


def _ours(pages: list[bytes], folder: Path) -> tuple[float, float]:
    """CPU seconds of a first and a second harvest."""
    spent = []
    with closing(sqlite_store(folder)) as store:
        for _ in range(2):
            started = process_time()
            for page in pages:
                parsed = records.to_drafts(page, "bench", {}, NOW, regular=False)
                with store.write() as connection:
                    store_drafts(connection, [parsed], "arxiv", NOW, backfill=True)
            spent.append(process_time() - started)
    return spent[0], spent[1]


def _bare(pages: list[bytes], folder: Path) -> float:
    """CPU seconds of the least that stores the same fields."""
    started = process_time()
    with closing(sqlite3.connect(folder / "bare.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(
            "CREATE TABLE entry (id TEXT PRIMARY KEY, title, abstract, authors, categories)"
        )
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(title, abstract, authors)")
        for page in pages:
            rows = []
            for record in etree.fromstring(page).iter("{http://arxiv.org/OAI/arXivRaw/}arXivRaw"):
                fields = {etree.QName(child).localname: child.text for child in record}
                rows.append(
                    [fields[k] for k in ("id", "title", "abstract", "authors", "categories")]
                )
            connection.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?)", rows)
            words = ([title, abstract, authors] for _, title, abstract, authors, _ in rows)
            connection.executemany("INSERT INTO words VALUES (?, ?, ?)", words)
            connection.commit()
    return process_time() - started


def oai_page(made: list[str]) -> bytes:
    """An answer of OAI-PMH with these records."""
    return f"{_HEAD}{''.join(made)}</ListRecords></OAI-PMH>".encode()


def oai_record(native: str, title: str, abstract: str, authors: list[str], version: int = 1) -> str:
    """A record of arXivRaw with its versions up to this one."""
    versions = "".join(
        f'<version version="v{n}"><date>Mon, {21 + n} Jun 2026 08:00:00 GMT</date></version>'
        for n in range(1, version + 1)
    )
    return (
        f"<record><header><identifier>oai:arXiv.org:{native}</identifier><datestamp>2026-06-29</datestamp>"
        f'</header><metadata><arXivRaw xmlns="http://arxiv.org/OAI/arXivRaw/"><id>{native}</id>'
        f"{versions}<title>{escape(title)}</title><authors>{escape(', '.join(authors))}</authors>"
        f"<categories>cs.LG cs.CV</categories><abstract>{escape(abstract)}</abstract>"
        "</arXivRaw></metadata></record>"
    )
