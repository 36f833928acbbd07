"""Taking files in: whole, again, after a kill, and from one Daypaper to another."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator import topics
from aggregator.collect import ingest
from aggregator.errors import UsageError
from aggregator.files import bulk, exports, feeds
from aggregator.imports import snapshot as snapshots
from aggregator.models import Parsed
from aggregator.settings import Settings
from aggregator.store import lone, papers
from aggregator.store.db import Store
from aggregator.store.papers import PaperQuery
from aggregator.store.sql import event, paper
from tests.conftest import NOW, sqlite_store
from tests.drafts import page, post, preprint
from tests.filled import CONFIG, put
from tests.store.test_lone import rows as stored_rows
from tests.written import PROJECT

DATA = PROJECT / "tests" / "data" / "imports"
EXE = Path(sys.executable).parent / "daypaper"


def quiet(_done: int) -> None:
    """Nobody listens."""


def count(store: Store) -> int:
    with store.read() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(paper)) or 0


def test_papers_are_stored_found_and_no_news(store: Store) -> None:
    done = bulk.load(store, DATA / "snapshot.jsonl", "auto", NOW, quiet)
    assert (done.form, done.new, done.left_out, count(store)) == ("arxiv-snapshot", 3, 4, 3)
    with store.read() as connection:
        (found,) = papers.page(connection, PaperQuery(q="prompt widgets"), None).items
        assert all(connection.scalars(sa.select(event.c.backfill)))
    assert found["identifiers"]["arxiv"] == "0704.0001"
    again = bulk.load(store, DATA / "snapshot.jsonl", "auto", NOW, quiet)
    assert (again.new, again.updated, again.unchanged) == (0, 0, 3)


def test_a_list_joins_the_preprint_that_it_names(store: Store) -> None:
    put(store, preprint("1612.00496", title="3D Widget Estimation Using Deep Learning"))
    done = bulk.load(store, DATA / "cvpr2017.json", "auto", NOW, quiet)
    assert (done.form, done.new, count(store)) == ("paperlists", 2, 2)
    with store.read() as connection:
        found = papers.by_name(connection, "arxiv:1612.00496").doc
    assert found["venue"] == "CVPR 2017"


def test_an_export_taken_in_says_the_same(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    with closing(sqlite_store(tmp_path)) as first:
        put(first, preprint("1711.00001", title="Deep residual widgets", abstract="We do."))
        put(first, page("CVPR2018/Deep", title="Deep residual widgets", abstract="We did."))
        put(
            first,
            preprint("1711.00002", title="Other widgets"),
            post("t3_a1", about="arxiv:1711.00002"),
        )
        put(first, post("t3_b2"))
        put(first, preprint("1711.00003", title="Lost widgets", withdrawn=True))
        worms = replace(
            preprint("1", title="Worms"), kind="crossref", native_id="10.5/w", version=None
        )
        put(first, replace(worms, identifiers={"doi": "10.5/w"}), post("t3_c3", about="doi:10.5/w"))
        lines = "".join(exports.write(first, settings, CONFIG, "jsonl", "", NOW))
    with gzip.open(tmp_path / "papers.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(lines)
    (tmp_path / "other").mkdir()
    with closing(sqlite_store(tmp_path / "other")) as second:
        done = bulk.load(second, tmp_path / "papers.jsonl.gz", "auto", NOW, quiet)
        assert (done.form, done.left_out) == ("jsonl", 0)
        back = "".join(exports.write(second, settings, CONFIG, "jsonl", "", NOW))

    def said(text: str) -> list[tuple[str, list[str]]]:
        kept = ("title", "abstract", "authors", "kind", "identifiers_all", "venue", "published")
        kept += ("withdrawn",)
        docs = map(json.loads, text.splitlines())
        return sorted(
            (
                str([doc[name] for name in kept]),
                sorted(e["key"] + e["role"] for e in doc["entries"]),
            )
            for doc in docs
        )

    assert said(back) == said(lines)


def snapshot(path: Path, size: int) -> None:
    """A snapshot of so many made-up papers."""
    with path.open("w", encoding="utf-8") as file:
        for n in range(size):
            row = {
                "id": f"17{n // 50_000 + 1:02d}.{n % 50_000:05d}",
                "title": f"Widget number {n} of many",
                "abstract": f"We study widget {n}. " * 20,
                "categories": "cs.LG",
                "authors": "Ada Writer",
                "authors_parsed": [["Writer", f"Ada {n}", ""]],
                "versions": [{"version": "v1", "created": "Mon, 2 Jan 2017 19:18:42 GMT"}],
            }
            file.write(json.dumps(row) + "\n")


def test_a_killed_import_goes_on_where_it_was(tmp_path: Path) -> None:
    snapshot(tmp_path / "many.json", 9_000)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DAYPAPER_")} | {
        "DAYPAPER_TOPICS": str(PROJECT / "topics.toml"),
        "DAYPAPER_DATA_DIR": str(tmp_path),
        "PYTHONPATH": str(PROJECT),
    }
    command = [str(EXE), "import", str(tmp_path / "many.json"), "--json"]
    process = subprocess.Popen(command, env=environment, stdout=-3, stderr=-3)
    with closing(Store(f"sqlite:///{tmp_path / 'daypaper.sqlite3'}", tmp_path)) as store:
        for _ in range(600):
            time.sleep(0.1)
            if (tmp_path / "daypaper.sqlite3").exists() and store.is_current() and count(store):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        stored = count(store)
        assert 0 < stored <= 9_000
        done = bulk.load(store, tmp_path / "many.json", "auto", NOW, quiet)
        assert done.resumed == stored
        assert (count(store), done.new) == (9_000, 9_000 - stored)


def test_two_imports_of_one_file_that_are_killed_leave_nothing_out(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    snapshot(path, 12_100)

    def killed(_: int) -> None:
        raise KeyboardInterrupt

    def overtaken(read: int) -> None:
        if read > bulk.BATCH:
            raise KeyboardInterrupt
        with (
            closing(Store(str(store.engine.url), tmp_path)) as its,
            pytest.raises(KeyboardInterrupt),
        ):
            bulk.load(its, path, "auto", NOW, killed)

    with closing(sqlite_store(tmp_path)) as store:
        with pytest.raises(KeyboardInterrupt):
            bulk.load(store, path, "auto", NOW, overtaken)
        bulk.load(store, path, "auto", NOW, quiet)
        assert count(store) == 12_100


def test_what_cannot_be_read_is_said_in_a_sentence(store: Store, tmp_path: Path) -> None:
    (tmp_path / "x.bin").write_bytes(b"\x00\x01")
    (tmp_path / "cvpr2018.json").write_bytes(b"[{]")
    (tmp_path / "cut.json.gz").write_bytes(gzip.compress(b'{"title": "x"}\n' * 50_000)[:-200])
    for name, said in (
        ("none.json", "cannot be read: No such file"),
        ("x.bin", "not recognised; name its --format"),
        ("cvpr2018.json", "not in the form paperlists"),
        ("cut.json.gz", "cannot be read"),
    ):
        with pytest.raises(UsageError, match=said):
            bulk.load(store, tmp_path / name, "auto", NOW, quiet)
    with pytest.raises(UsageError, match="expected auto or one of"):
        bulk.load(store, tmp_path / "x.bin", "docx", NOW, quiet)


def test_the_index_merges_seldom_only_while_papers_come(tmp_path: Path) -> None:
    def merged() -> int | None:
        with store.read() as connection:
            asked = "SELECT v FROM paper_fts_config WHERE k = 'automerge'"
            return connection.scalar(sa.text(asked))

    rows = (DATA / "snapshot.jsonl").read_bytes()
    packed = gzip.compress(rows * 3_000)
    seen = []
    with closing(sqlite_store(tmp_path)) as store:
        for name, data in (("whole", packed), ("cut", packed[:-20])):
            (tmp_path / f"{name}.json.gz").write_bytes(data)
            try:
                bulk.load(
                    store,
                    tmp_path / f"{name}.json.gz",
                    "auto",
                    NOW,
                    lambda _: seen.append(merged()),
                )
            except UsageError:
                assert name == "cut"
            assert merged() == 4
    assert set(seen) == {16}


OPML = """<?xml version="1.0"?>
<opml version="2.0"><body><outline text="Blogs">
<outline type="rss" text="Off the Widget" xmlUrl="https://widget.example/feed"/>
<outline type="rss" text="Off the Widget" xmlUrl="https://other.example/feed?a=1&amp;b=2"/>
<outline type="rss" text="Twice" xmlUrl="https://widget.example/feed"/>
<outline type="rss" text="Odd" xmlUrl="javascript:alert(1)"/>
<outline type="rss" text="Known" xmlUrl="https://distill.pub/rss.xml"/>
</outline></body></opml>"""


def test_feeds_of_a_feed_reader_become_sources(tmp_path: Path) -> None:
    (tmp_path / "feeds.opml").write_text(OPML)
    target = tmp_path / "topics.toml"
    target.write_text((PROJECT / "topics.toml").read_text())
    added = feeds.as_toml(feeds.read(tmp_path / "feeds.opml"), target.read_text())
    assert feeds.append(target, added) == 2
    made = {s.name: s for s in topics.load(target).sources}
    assert made["off-the-widget"].options.model_dump()["url"] == "https://widget.example/feed"
    second = made["off-the-widget-2"].options.model_dump()
    assert second["url"] == "https://other.example/feed?a=1&b=2"
    assert feeds.as_toml(feeds.read(tmp_path / "feeds.opml"), target.read_text()) == ""


def test_what_is_no_list_of_feeds_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.opml").write_text("<html/>")
    with pytest.raises(UsageError, match="not OPML"):
        feeds.read(tmp_path / "x.opml")


def test_half_characters_are_left_out(store: Store, tmp_path: Path) -> None:
    row = (DATA / "snapshot.jsonl").read_text().splitlines()[0]
    said = json.loads(row) | {
        "title": "Half \ud800 a kite \U0001f600",
        "categories": "cs.LG \udfff",
        "comments": "\udfff",
        "journal-ref": "x \ud800 y",
        "authors_parsed": [["\ud800 Lovelace", "Ada", ""]],
    }
    (tmp_path / "x.jsonl").write_text(json.dumps(said) + "\n")
    done = bulk.load(store, tmp_path / "x.jsonl", "auto", NOW, quiet)
    assert (done.new, done.left_out) == (1, 0)
    with store.read() as connection:
        titles = connection.exec_driver_sql("SELECT title FROM paper").scalars().all()
    assert titles == ["Half a kite \U0001f600"]


def test_what_is_taken_in_is_what_the_sources_would_store(store: Store, tmp_path: Path) -> None:
    twice = [*(DATA / "snapshot.jsonl").read_text().splitlines()] * 2
    snapshot(tmp_path / "x.json", 600)
    with (tmp_path / "x.json").open("a") as file:
        file.write("\n".join(twice) + "\n")
    put(store, page("CVPR2018/x", title="Widget number 5 of many", authors=("Ada 5 Writer",)))
    bulk.load(store, tmp_path / "x.json", "auto", NOW, quiet, helped=True)
    found = dict(stored_rows(store))
    with (tmp_path / "x.json").open("rb") as file:
        read = list(snapshots.read("x.json", file))
    drafts = tuple(draft for item in read if not isinstance(item, str) for draft in item)
    with closing(sqlite_store(tmp_path)) as other:
        put(other, page("CVPR2018/x", title="Widget number 5 of many", authors=("Ada 5 Writer",)))
        with pytest.MonkeyPatch.context() as patch, other.write() as connection:
            patch.setattr(lone, "_ties", lambda draft: None)
            ingest.store_drafts(connection, [Parsed(drafts)], "import", NOW, backfill=True)
        expected = dict(stored_rows(other))
    assert len(found["paper"]) == 603
    for table in ("entry", "paper", "alias", "sighting", "newest", "event", "mention"):
        assert found[table] == expected[table], table
