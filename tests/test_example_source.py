"""The kind of source that the documentation shows: it runs as it is written there."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from aggregator import pipeline, settings, sources, topics
from aggregator.errors import BrokenError
from aggregator.sources.base import Credentials, Raw, SourceConfig
from aggregator.store.sql import entry
from tests.conftest import sqlite_store
from tests.server import Reply, Server

PAGE = (Path(__file__).parents[1] / "docs" / "add-a-source.md").read_text(encoding="utf-8")
NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)

PAPERS = {
    "papers": [
        {
            "id": 7,
            "title": "Boats of <i>Paper</i> and Ink",
            "day": "2017-11-10",
            "url": "7.html",
            "authors": ["Aiko Sato", "Jane Doe"],
            "arxiv": "https://arxiv.org/abs/1711.03678v2",
        },
        {"id": 8, "title": "A Paper without a Day", "url": "8.html", "authors": []},
    ]
}


@pytest.fixture
def workshop(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The kind of source that docs/add-a-source.md shows, registered as it says."""
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(blocks) == 1
    space: dict[str, Any] = {"__name__": "aggregator.sources.workshop"}
    exec(compile(blocks[0], "docs/add-a-source.md", "exec"), space)
    kind = space["WorkshopSource"]
    monkeypatch.setitem(sources.KINDS, kind.kind, kind)
    return kind


def test_example_source_reads_what_it_should(workshop: Any) -> None:
    options = workshop.options_type(years=(2017,))
    source = workshop(SourceConfig("w", "workshop", options, None, True), Credentials())
    body = json.dumps(PAPERS).encode()
    url = "https://workshop.example/2017/papers.json"
    parsed = source.to_drafts(Raw("list:2017", url, body, "application/json", NOW))
    (draft,) = parsed.drafts
    assert (draft.key, draft.title) == ("workshop:2017/7", "Boats of Paper and Ink")
    assert draft.published == datetime(2017, 11, 10, tzinfo=UTC)
    assert draft.authors == ("Aiko Sato", "Jane Doe")
    assert draft.url == "https://workshop.example/2017/7.html"
    assert draft.identifiers == {"workshop": "2017/7", "arxiv": "1711.03678"}
    assert (len(parsed.skipped), parsed.declared) == (1, 2)


def test_example_source_is_collected(workshop: Any, server: Server, tmp_path: Path) -> None:
    reply = Reply(json.dumps(PAPERS).encode(), headers={"ETag": '"1"'})
    server.routes = {
        "/2017/papers.json": lambda asked: (
            Reply(status=304) if asked.headers.get("if-none-match") else reply
        )
    }
    shown = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    text = f'{shown[0]}\nbase_url = "{server.url}"\npace_seconds = 0\n'
    config = topics.parse(text, "topics.toml")
    chosen = settings.Settings(data_dir=tmp_path)
    with closing(sqlite_store(tmp_path)) as store:
        done = pipeline.collect(store, chosen, config, ["workshop"], as_of=NOW).sources["workshop"]
        again = pipeline.collect(store, chosen, config, ["workshop"], as_of=NOW).sources["workshop"]
        with store.read() as connection:
            titles = list(connection.scalars(sa.select(entry.c.title)))
    assert (done.status, done.counts.new, done.skipped) == ("mismatch", 1, 1)
    assert (again.status, again.counts.fetched) == ("ok", 0)
    assert titles == ["Boats of Paper and Ink"]


def test_example_source_takes_no_other_document_for_a_list(workshop: Any, server: Server) -> None:
    options = workshop.options_type(years=(2017,), base_url=server.url)
    source = workshop(SourceConfig("w", "workshop", options, None, True), Credentials())
    for body in (b"", b"<html>", b"[]", b'{"papers": 3}'):
        with pytest.raises(BrokenError, match="no list of papers"):
            source.to_drafts(Raw("list:2017", f"{server.url}/x", body, "", NOW))
