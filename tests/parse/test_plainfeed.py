"""What lxml reads of plain feeds is what feedparser reads, or it leaves them to it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import SourceError
from aggregator.parse.feed import parse_feed
from aggregator.parse.plainfeed import read_plain
from tests.sources.feeds import item, rss

DATA = Path(__file__).parents[1] / "data" / "feed"
CAPTURES = Path(__file__).resolve().parents[2].parent / "shared" / "captures"
CONTENT = (
    "xmlns:c='http://purl.org/rss/1.0/modules/content/' xmlns:d='http://purl.org/dc/elements/1.1/'"
)
WHOLE = f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" {CONTENT}><channel><title>T &amp; U</title><link>https://blog.example/</link>
<description/><language>de</language><lastBuildDate>Tue, 30 Jun 2026 10:00:00 GMT</lastBuildDate>
<image><url>https://blog.example/i.png</url><title>I</title><link>https://blog.example/</link></image>
<item><title>Café &lt;b&gt;d'été&lt;/b&gt; &#8211; 深度学习</title><link>https://blog.example/1?a=1</link>
<guid isPermaLink="false"> tag:1 </guid><pubDate>Mon, 29 Jun 2026 10:00:00 +0200</pubDate>
<d:creator><![CDATA[Ada Example (Engines)]]></d:creator><category domain="x">A</category>
<category>B</category>
<description>Short</description><c:encoded><![CDATA[<p>Long &amp; <i>wide</i></p>]]></c:encoded></item>
<item><link>https://blog.example/2</link><author>Li Xiaoming</author><category/></item>
</channel></rss>"""
ODD = [
    item(1).replace("</link>", "</link><link>https://blog.example/second</link>"),
    item(1, author="ada@blog.example (Ada)"),
    item(1, author="(Ada)"),
    item(1, link="/relative"),
    item(1, link="https://blog.example/?a=1&amp;copy;2"),
    item(1, guid="not-an-address"),
    item(1, description="caf\u00c3\u00a9"),
    item(1, description="don\u0092t"),
    item(1, description="<b>child</b>"),
    item(1, title="<![CDATA[A &amp; B]]>"),
    item(1, pubDate="yesterday"),
    "<item/>",
    "<image><title>x</title></image>",
    f"<image><url>{item(7)}https://blog.example/i.png</url></image>",
    f"<image>{item(7)}</image>",
    f"<generator>{item(7)}</generator>",
    "<title>Again</title>",
    "<unknown/>",
]


def assert_same(body: bytes) -> bool:
    """Whether lxml reads the body at all; if so it must be as feedparser does."""
    plain = read_plain(body)
    if plain is not None:
        assert plain == parse_feed(body, "", sanitized=False)
    return plain is not None


def test_a_usual_feed_is_read_the_short_way() -> None:
    assert assert_same(WHOLE.encode())
    assert assert_same(rss(item(1, "A"), item(2, "B &amp;lt; C")).encode())
    plain = read_plain(WHOLE.encode())
    assert plain
    assert [entry.id for entry in plain.entries] == ["tag:1", "https://blog.example/2"]
    assert plain.entries[0].content == "<p>Long &amp; <i>wide</i></p>"


@pytest.mark.parametrize("odd", ODD)
def test_what_is_odd_is_read_alike_or_left(odd: str) -> None:
    assert_same(rss(item(2), odd).encode())


@pytest.mark.parametrize(
    "change",
    [("<rss ", "<!DOCTYPE rss><rss "), ("UTF-8", "gb2312"), ("<channel>", "<channel xml:lang='en'>"),
     ("2.0", "0.92"), ("</rss>", ""), ("<rss", "<rdf")],
)  # fmt: skip
def test_other_forms_are_left_to_feedparser(change: tuple[str, str]) -> None:
    assert read_plain(WHOLE.replace(*change).encode()) is None


@pytest.mark.parametrize("sample", sorted(DATA.glob("*.xml")), ids=lambda path: path.name)
def test_samples_are_read_alike(sample: Path) -> None:
    assert_same(sample.read_bytes())


PARTS = st.sampled_from([WHOLE[n : n + 60] for n in range(0, len(WHOLE), 60)] + ODD)


@given(st.lists(PARTS, min_size=3, max_size=30).map("".join), st.integers(0, len(WHOLE)))
def test_any_text_is_read_alike_or_left(text: str, place: int) -> None:
    mixed = (WHOLE[:place] + text[:200] + WHOLE[place:]).encode()
    try:
        assert_same(mixed)
    except SourceError as error:  # feedparser sees no feed where lxml does
        raise AssertionError from error


def test_captured_feeds_are_read_alike() -> None:
    if not CAPTURES.exists():
        pytest.skip("the captured feeds do not lie beside this checkout")
    paths = [p for p in (CAPTURES / "feeds").rglob("*") if p.suffix in (".xml", ".rss", ".atom")]
    assert sum(assert_same(path.read_bytes().strip()) for path in sorted(paths)) > 20
