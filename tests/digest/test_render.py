"""A digest as text, Markdown, HTML and JSON, held to the files in tests/data/digest."""

import os
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.digest import forms, render, sheet
from aggregator.digest.language import language
from aggregator.digest.select import Digest, EventRow, select
from aggregator.digest.wrap import width, wrap
from tests.filled import CONFIG

GOLDEN = Path(__file__).parents[1] / "data" / "digest"
DAY = datetime(2017, 11, 13, tzinfo=UTC)
SOURCES = [
    {"name": "arxiv", "status": "ok", "message": "Listing of Mon 13 Nov is complete: 54 papers."},
    {"name": "cvf", "status": None, "message": "Not asked yet."},
    {"name": "reddit", "status": "not_out_yet", "message": "<b>bold</b>"},
]
HOSTILE = "<script>alert(1)</script> *bold* [x](javascript:alert(1)) \x1b[31m\u202e `a` $1"


def paper(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"paper{number}",
        "title": f"Deep Widgets for Semantic Gadgets, Part {number}",
        "abstract": "We build widgets. They are deep, e.g. 152 layers. A third sentence.",
        "authors": ["Ada Lovelace", "Alan Turing", "Grace Hopper", "Kurt Gödel"],
        "kind": "paper",
        "venue": None,
        "categories": ["cs.CV", "cs.LG"],
        "topics": [{"name": "gan", "probability": 0.9 - number / 100, "by": "model"}],
        "links": {"abstract": f"https://arxiv.org/abs/1711.0000{number}"},
        "buzz": {"score": None, "posts": 0, "citations": None},
        "entries": [],
        "withdrawn": False,
    } | fields


LONG_CHINESE = (
    "扩散模型的统一视角：从变分推断到随机微分方程的完整综述与展望以及在图像与音频生成中的应用"
)


def digest() -> Digest:
    papers = [
        paper(1, links={"abstract": "https://arxiv.org/abs/1", "code": "https://github.com/a/b"}),
        paper(
            2, title=LONG_CHINESE, abstract="我们提出方法。它很有效。第三句。", authors=["何恺明"]
        ),
        paper(
            3,
            title=HOSTILE,
            abstract=HOSTILE,
            authors=[HOSTILE],
            links={"abstract": "javascript:alert(1)", "pdf": "https://example.org/a)[b]"},
        ),
        paper(4, venue="CVPR 2018", abstract="", authors=[], links={}),
        paper(5, topics=[{"name": "gan", "probability": 0.6, "by": "model"}]),
        paper(6, kind="post", title="[D] Reading?", categories=[], entries=[{"source": "reddit"}]),
    ]
    rows = [EventRow("new" if p["id"] != "paper4" else "published", DAY, p) for p in papers]
    return select(rows, CONFIG.topics, DAY, DAY + timedelta(days=1), limit=4)


@pytest.mark.parametrize(
    ("name", "form"),
    [("digest.txt", render.text), ("digest.md", render.markdown), ("digest.html", render.html)],
)
def test_forms_are_as_kept(name: str, form: Callable[[Digest, Sequence[Any], str], str]) -> None:
    """DAYPAPER_RENEW=1 writes the kept files anew; read the difference before committing it."""
    made = form(digest(), SOURCES, "https://daypaper.example")
    if os.environ.get("DAYPAPER_RENEW"):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_text(made, encoding="utf-8")
    assert made == (GOLDEN / name).read_text(encoding="utf-8")


def test_text_stays_within_its_columns() -> None:
    made = render.text(digest(), SOURCES)
    lines = [line for line in made.splitlines() if "://" not in line]
    assert max(map(width, lines)) <= forms.COLUMNS + 2  # closing marks hang
    assert "\x1b" not in made
    assert "\u202e" not in made


class Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key in ("href", "src")]


def test_html_runs_and_loads_nothing() -> None:
    made = render.html(digest(), SOURCES)
    seen = Elements()
    seen.feed(made)
    assert not {"script", "img", "link", "iframe", "b"} & set(seen.tags)
    assert seen.links
    assert all(link.startswith(("https://", "#")) for link in seen.links)


def test_markdown_shows_hostile_text_as_it_is() -> None:
    made = render.markdown(digest(), SOURCES)
    bare = re.sub(r"\\.", "", made)  # what is left without the escaped signs
    assert "](javascript" not in bare
    assert "<script>" not in bare
    assert "](https://example.org/a%29%5Bb%5D)" in made


def test_json_is_as_the_contract_says() -> None:
    made = render.data(digest(), SOURCES, "https://daypaper.example/")
    assert made["period"] == {"from": "2017-11-13T00:00:00Z", "until": "2017-11-14T00:00:00Z"}
    gan = next(topic for topic in made["topics"] if topic["name"] == "gan")
    assert gan.keys() == {"name", "title", "items", "more"}
    assert (len(gan["items"]), gan["more"]) == (4, 1)
    assert gan["items"][0]["url"] == "https://daypaper.example/papers/paper1"
    assert gan["items"][0]["marks"] == ["new"]
    assert made["sources"][1] == {"name": "cvf", "status": None, "message": "Not asked yet."}


def test_an_empty_digest_says_why_in_every_form() -> None:
    empty = select([], CONFIG.topics, DAY, DAY + timedelta(days=1), quiet="weekend")
    for form in (render.text, render.markdown, render.html):
        assert "weekend" in form(empty, [], "")
        assert "周末" in form(empty, [], "", lang="zh")
    assert "weekend" in render.data(empty, [])["note"]


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://arxiv.org/abs/1", True),
        ("http://a.example/", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("//a.example/x", False),
        ("https://", False),
        ("https://[", False),
        ("https://a.example/\nx", False),
        (" https://a.example", False),
        (None, False),
        (7, False),
    ],
)
def test_only_web_addresses_become_links(url: Any, kept: bool) -> None:
    assert render.web_url(url) == (url if kept else "")


@pytest.mark.parametrize(
    ("days", "shift", "said"),
    [
        (1, 0, "Monday 13 November 2017"),
        (7, 0, "13 November 2017 to 19 November 2017"),
        (1, 5, "13 November 2017 05:00 to 14 November 2017 05:00 UTC"),
    ],
)
def test_periods_are_said_in_words(days: int, shift: int, said: str) -> None:
    since = DAY + timedelta(hours=shift)
    period = Digest(since, since + timedelta(days=days), ())
    assert sheet.period(period, language("en")) == said


@given(st.text(max_size=300), st.integers(12, 60))
def test_wrapping_keeps_every_word_and_its_columns(text: str, columns: int) -> None:
    made = wrap(text, columns, "  1. ")
    assert "".join(made.removeprefix("  1. ").split()) == "".join(text.split())
    assert all(width(line) <= columns + 2 for line in made.splitlines())  # closing marks hang


def test_where_sources_are_many_those_that_count_as_trouble_are_shown() -> None:
    sources: list[dict[str, Any]] = [
        {"name": f"source{n}", "status": "ok", "message": ""} for n in range(30)
    ]
    sources[29] |= {"message": "Not asked since 2017-11-01.", "overdue": True}
    made = render.text(Digest(DAY, DAY, ()), sources)
    assert "1 source could not be read in full" in made
    assert "source29: not asked lately" in made


@pytest.mark.parametrize("marks", [("", ","), ("", "」"), ("（", "）"), ("《", "》"), ("“", "”")])
def test_marks_stay_with_what_they_open_and_close(marks: tuple[str, str]) -> None:
    before, after = marks
    for n in range(6, 12):
        lines = wrap("中" * n + before + "文" * 2 + after + "中" * 9, 20).split("\n")
        assert max(map(width, lines)) <= 20
        assert not any(after == line[0] for line in lines), lines
        assert not any(before and before == line[-1] for line in lines), lines
