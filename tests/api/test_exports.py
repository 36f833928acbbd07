"""Papers as citations: over the API, on their pages, and from the command line."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lxml import etree, html  # pyright: ignore[reportAttributeAccessIssue] - compiled
from starlette.testclient import TestClient

from aggregator.cite import FORMATS, MEDIA_TYPES
from aggregator.collect import works
from aggregator.errors import NotFoundError, UsageError
from aggregator.files import exports
from aggregator.settings import Settings
from aggregator.store import papers, watches
from aggregator.store.db import Store
from aggregator.watches import Watch
from tests.api.conftest import BASE_URL
from tests.cite import readers
from tests.conftest import NOW, sqlite_store
from tests.drafts import page, post, preprint
from tests.filled import CONFIG, fill, give_tags, put

EXE = Path(sys.executable).parent / "daypaper"
ENDINGS = {"bib": "bibtex", "ris": "ris", "csl.json": "csl-json"}


def id_of(store: Store, name: str = "arxiv:1711.00001") -> str:
    with store.read() as connection:
        return papers.by_name(connection, name).doc["id"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_paper_in_each_format_by_any_of_its_names(
    client: TestClient, store: Store, ending: str
) -> None:
    put(store, preprint(identifiers={"doi": "10.1/abc(1)"}))
    paper = id_of(store)
    for name in (paper, "arxiv:1711.00001", "arxiv:1711.00001v1", "doi:10.1%2Fabc(1)"):
        answer = client.get(f"/api/v1/papers/{name}.{ending}")
        assert answer.status_code == 200, name
        kind = MEDIA_TYPES[ENDINGS[ending]]
        assert answer.headers["content-type"] == f"{kind}; charset=utf-8"
        said = f'attachment; filename="{paper}.{ending}"'
        assert answer.headers["content-disposition"] == said
        assert "Deep Widgets for Semantic Gadgets" in answer.text
    for name in ("nope", "arxiv:0000.00000", "%00"):
        answer = client.get(f"/api/v1/papers/{name}.{ending}")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_sent_can_be_read(client: TestClient, store: Store) -> None:
    put(store, preprint(title='}, "Ünïcode" 深度 \\', authors=("Jürgen Schmidhuber",)))
    (entry,) = readers.bibtex(client.get("/api/v1/papers/arxiv:1711.00001.bib").text)
    assert entry.fields["author"] == "Schmidhuber, Jürgen"
    assert readers.set_by_tex(entry.fields["title"]) == '}, "Ünïcode" 深度 \\'
    (record,) = readers.ris(client.get("/api/v1/papers/arxiv:1711.00001.ris").content.decode())
    assert ("TI", '}, "Ünïcode" 深度 \\') in record
    (item,) = client.get("/api/v1/papers/arxiv:1711.00001.csl.json").json()
    assert item["title"] == '}, "Ünïcode" 深度 \\'


def test_a_merged_paper_moved_for_good(client: TestClient, store: Store) -> None:
    put(store, preprint("1711.00001", title="One title", authors=("Ada Lovelace",)))
    turned = {"title": "Another title", "authors": ("Ada Lovelace",)}
    put(store, page(**turned), source="cvf")
    gone = {id_of(store, "arxiv:1711.00001"), id_of(store, "cvf:CVPR2018/Lovelace_Deep_Widgets")}
    put(store, page(**turned, arxiv="1711.00001", fidelity=1), source="cvf")
    left = id_of(store)
    (gone_id,) = gone - {left}
    answer = client.get(f"/api/v1/papers/{gone_id}.bib")
    assert answer.status_code == 301
    assert answer.headers["location"] == f"/api/v1/papers/{left}.bib"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_page_tells_reference_managers(browser: TestClient, store: Store, lang: str) -> None:
    title = '"><script>alert(1)</script>'
    put(store, preprint(title=title, authors=(title, "Ada Lovelace")), source="arxiv")
    paper = id_of(store)
    text = browser.get(f"/papers/{paper}?lang={lang}").text
    assert "<script>" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    tree = html.fromstring(text)
    assert all(one.get("src", "").startswith("/static/") for one in tree.xpath("//script"))
    assert "alert(1)" not in "".join(tree.xpath("//script//text()"))
    said = {meta.get("name"): meta.get("content") for meta in tree.xpath("//head/meta[@name]")}
    assert said["citation_title"] == title
    assert said["citation_author"] == "Ada Lovelace"
    assert said["citation_publication_date"] == "2017/11/13"
    assert said["citation_abstract_html_url"] == f"{BASE_URL}/papers/{paper}"
    offered = {
        link.get("type"): link.get("href") for link in tree.xpath("//link[@rel='alternate']")
    }
    assert set(offered) == set(MEDIA_TYPES.values())
    shown = tree.xpath("//p[@class='forms']/a/@href")
    assert sorted(shown) == sorted(offered.values())
    for kind, address in offered.items():
        assert browser.get(address).headers["content-type"].startswith(kind)


# --- from the command line -----------------------------------------------------------------------


def written(store: Store, form: str, watch: str = "") -> str:
    settings = Settings(base_url=BASE_URL)
    return "".join(exports.write(store, settings, CONFIG, form, watch, NOW))


def test_everything_in_each_format(store: Store) -> None:
    works.load(store, CONFIG, NOW)
    fill(store, 120)
    put(store, post(title="A question"), source="reddit")
    lines = [json.loads(line) for line in written(store, "jsonl").splitlines()]
    assert len(lines) == 122
    assert all(line["entries"] for line in lines)
    assert len(readers.bibtex(written(store, "bibtex"))) == 122
    assert len(readers.ris(written(store, "ris"))) == 122
    assert len(json.loads(written(store, "csl-json"))) == 122


def test_what_a_watch_selects(store: Store) -> None:
    fill(store, 230)
    works.load(store, CONFIG, NOW)
    with store.write() as connection:
        watches.save(connection, CONFIG, Watch(name="nets", query="networks"), NOW)
    every = [json.loads(line) for line in written(store, "jsonl").splitlines()]
    wanted = {doc["id"] for doc in every if "gan" in [t["name"] for t in doc["topics"]]}
    found = [json.loads(line)["id"] for line in written(store, "jsonl", "gan").splitlines()]
    assert set(found) == wanted
    assert len(found) == len(wanted) > 100
    titles = [item["title"] for item in json.loads(written(store, "csl-json", "nets"))]
    assert titles
    assert len(titles) < 231
    with pytest.raises(NotFoundError):
        written(store, "bibtex", "nope")


def test_the_list_of_feeds(store: Store) -> None:
    root = etree.fromstring(written(store, "opml").encode())
    names = ("architectures", "learning", "gan", "discussions")
    feeds = [f"{BASE_URL}/feeds/{name}.atom" for name in names]
    assert root.xpath("//outline/@xmlUrl") == feeds
    with pytest.raises(UsageError, match="--watch"):
        written(store, "opml", "gan")


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Any]:
    """The installed program over a store with two papers."""
    (tmp_path / "topics.toml").write_text('[[topics]]\nname = "gan"\ntitle = "GANs"\n')
    (tmp_path / "data").mkdir()
    with closing(sqlite_store(tmp_path / "data")) as store:
        put(store, preprint("1711.00001", title="Ünïcode"), preprint("1711.00002", title="Two"))
        give_tags(store, {"Ünïcode": [("gan", 0.9)]})
    kept = {k: v for k, v in os.environ.items() if not k.startswith("DAYPAPER_")}

    def call(*args: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [str(EXE), "export", *args], cwd=tmp_path, env=kept, capture_output=True,
            timeout=120, check=False,
        )  # fmt: skip

    return call


def test_the_command(run: Callable[..., Any], tmp_path: Path) -> None:
    done = run("--format", "ris", "--watch", "gan")
    assert (done.returncode, done.stderr) == (0, b"")
    (record,) = readers.ris(done.stdout.decode())
    assert ("TI", "Ünïcode") in record
    for form in FORMATS:
        done = run("--format", form, "--out", f"all.{form}")
        assert (done.returncode, done.stdout) == (0, b"")
        assert done.stderr.decode() == f"Written to all.{form}.\n"
    assert len(readers.bibtex((tmp_path / "all.bibtex").read_text(encoding="utf-8"))) == 2
    whole = (tmp_path / "all.ris").read_bytes().decode()
    assert len(readers.ris(whole)) == 2
    assert b"127.0.0.1:8000/feeds/gan.atom" in run("--format", "opml").stdout
    for args, says in (
        (("--format", "xml"), b"expected one of: jsonl, bibtex, ris, csl-json, opml"),
        (("--watch", "nope", "--out", "none"), b'There is no watch "nope"'),
    ):
        done = run(*args)
        assert done.returncode in (1, 2)
        assert says in done.stderr.replace(b"\n", b" ")
        assert done.stdout == b""
    assert not list(tmp_path.glob("none*"))
