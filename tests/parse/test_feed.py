"""Feeds and pages: every flavour, broken ones, and what is none."""

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import BrokenError, ChallengedError
from aggregator.parse.feed import parse_feed
from aggregator.parse.page import decode, is_html, is_wall

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Kites</title><link href="https://k.example/"/>
<updated>2026-07-01T12:00:00Z</updated>
<entry><id>urn:1</id><title type="html">A &amp;amp; B</title><link href="https://k.example/1"/>
<author><name>Ada</name></author><author><name>Ben</name></author><category term="cs.LG"/>
<updated>2026-07-01T11:00:00Z</updated>
<content type="html">&lt;p&gt;x&lt;script&gt;bad()&lt;/script&gt;&lt;/p&gt;</content></entry>
<entry><id>urn:2</id><title>No dates</title><published>31 February</published></entry></feed>"""
RSS = """<rss version="2.0"><channel><title>T</title><link>https://k.example/</link>
<item><title>One & only</title><link>https://k.example/1</link><author>a@b.example (Ada)</author>
<pubDate>Wed, 01 Jul 2026 07:00:00 -0500</pubDate><description>text</description></item>
</channel></rss>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="u"><title>R</title><link>u</link>
</channel><item rdf:about="https://k.example/1"><title>R1</title><link>https://k.example/1</link>
<dc:creator>Ada</dc:creator><dc:date>2026-07-01</dc:date></item></rdf:RDF>"""


def test_atom():
    feed = parse_feed(ATOM.encode(), "application/atom+xml; charset=utf-8")
    assert (feed.version, feed.title, len(feed.entries)) == ("atom10", "Kites", 2)
    assert feed.updated == datetime(2026, 7, 1, 12, tzinfo=UTC)
    first, second = feed.entries
    assert (first.id, first.link, first.authors) == ("urn:1", "https://k.example/1", ("Ada", "Ben"))
    assert first.categories == ("cs.LG",)
    assert first.published is None
    assert first.updated == datetime(2026, 7, 1, 11, tzinfo=UTC)
    assert "bad()" not in first.content
    assert second.published is None
    assert second.updated is None


def test_rss_that_is_not_well_formed_is_read():
    feed = parse_feed(RSS.encode(), None)
    assert (feed.version, feed.entries[0].title) == ("rss20", "One & only")
    assert feed.entries[0].published == datetime(2026, 7, 1, 12, tzinfo=UTC)
    assert feed.entries[0].content == "text"
    assert feed.entries[0].id == "https://k.example/1"


def test_one_broken_byte_does_not_break_the_others():
    feed = RSS.replace("One & only", "Über naïve Drachen 风筝").encode()
    broken = feed.replace(b"na", b"\xffna")
    assert parse_feed(broken, None).entries[0].title == "Über \ufffdnaïve Drachen 风筝"
    cut = feed.replace("筝".encode(), "筝".encode()[:1])  # in the middle of a character
    assert parse_feed(cut, None).entries[0].title == "Über naïve Drachen 风\ufffd"


def test_a_label_that_is_wrong_throughout_is_not_believed():
    feed = RSS.replace("One & only", "Über Drachen").encode("latin-1")
    assert parse_feed(feed, "text/xml; charset=utf-8").entries[0].title == "Über Drachen"


def test_rdf():
    feed = parse_feed(RDF.encode(), "text/xml")
    assert feed.version == "rss10"
    assert feed.entries[0].title == "R1"


def test_white_space_before_the_declaration_is_no_matter():
    assert len(parse_feed(b"\n\n  " + ATOM.encode(), None).entries) == 2


def test_chinese_in_its_own_encoding():
    text = RSS.replace("One & only", "深度学习")
    body = ('<?xml version="1.0" encoding="gb2312"?>' + text).encode("gb2312")
    assert parse_feed(body, "text/xml").entries[0].title == "深度学习"


def test_latin_1_under_a_utf_8_label_is_read():
    body = RSS.replace("One & only", "Café").encode("latin-1")
    assert parse_feed(body, "application/rss+xml; charset=utf-8").entries[0].title == "Café"


def test_html_page_is_a_challenge():
    with pytest.raises(ChallengedError):
        parse_feed(b"<!DOCTYPE html><html><body>Log in</body></html>", "text/html")


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b"nothing", b"<a/>", b"\x00\xff"])
def test_what_is_no_feed_is_broken(body: bytes):
    with pytest.raises(BrokenError):
        parse_feed(body, "text/xml")


@pytest.mark.parametrize(
    "reference", ["&#xD800;", "&#0;", "&#x110000;", "&#99999999999;", "&#xdfff"]
)
def test_a_reference_to_no_character_does_not_break_the_feed(reference: str):
    items = "".join(f"<item><title>{t}</title></item>" for t in (f"a{reference}b", "&#233;t&#xe9;"))
    body = f"<rss version='2.0'><channel>{items}<title>& not well-formed"
    first, second = parse_feed(body.encode(), "text/xml").entries
    assert (first.title[0], first.title[-1], second.title) == ("a", "b", "été")
    first.title.encode()


@pytest.mark.parametrize("label", [b"\x80", b"UTF\x00-8", b"no-such"])
def test_a_label_that_is_none_is_survived(label: bytes):
    body = (
        b'<?xml version="1.0" encoding="'
        + label
        + b'"?><rss version="2.0"><channel></channel></rss>'
    )
    with contextlib.suppress(BrokenError):
        assert parse_feed(body, "text/xml").version == "rss20"


def test_bytes_that_name_a_file_are_not_opened(tmp_path: Path):
    path = tmp_path / "feed.xml"
    path.write_text(ATOM)
    with pytest.raises(BrokenError):
        parse_feed(os.fsencode(path), None)


PARTS = [
    "<rss version='2.0'>", "<channel>", "<item>", "<title>", "x", "</title>", "</item>", "<pubDate>",
    "&", "<![CDATA[", "]]>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "<id>", "é",
    "<!DOCTYPE a [", "<author>", "<name>", "\x00", "<link href='http://[/'/>", "<category/>",
    "<content type='html'>",
]  # fmt: skip


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_any_markup_is_a_feed_or_an_error_of_ours(text: str):
    try:
        feed = parse_feed(text.encode(), None)
    except (BrokenError, ChallengedError):
        return
    assert feed.version


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/html; charset=latin-1", "é"),
        (b"\xe9\x93", "text/html; charset=windows-1252", "é“"),
        (b'<meta charset="windows-1252">\xe9', None, '<meta charset="windows-1252">é'),
        ("深".encode("gb18030"), 'text/html; charset="gb18030"', "深"),
        (b"\xef\xbb\xbfa", None, "a"),
        (b"\xe9", "text/html; charset=no-such", "é"),
        (b"\x81\xe9", None, "\ufffdé"),
        (b"", None, ""),
    ],
)
def test_decode(body: bytes, content_type: str | None, text: str):
    assert decode(body, content_type) == text


def test_kinds_of_pages():
    assert is_html(b"\n<!-- x --> <!DOCTYPE HTML><html>")
    assert not is_html(b"<?xml version='1.0'?><feed/>")
    assert is_wall("<title>Just a moment...</title>")
    assert not is_wall("<title>CVPR 2017 open access</title>")
