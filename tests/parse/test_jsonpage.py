"""Values are taken out of JSON with care: what is of another type is absent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import BrokenError, ChallengedError
from aggregator.parse import jsonpage

URL = "https://example.org/list.json"


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"{",
        b'{"a": 1,}',
        '{"a": "é"}'.encode("latin-1"),
        b"[" * 200_000,
        b"<html><p>Hello</p></html>",
    ],
)
def test_what_is_no_json_is_broken(sent: bytes) -> None:
    with pytest.raises(BrokenError, match=r"example\.org"):
        jsonpage.load(sent, "application/json", URL)


def test_a_bot_wall_is_told_apart() -> None:
    with pytest.raises(ChallengedError, match="bot wall"):
        jsonpage.load(b"<!doctype html><title>Just a moment...</title>", "text/html", URL)


@pytest.mark.parametrize("document", [None, [], "x", {}, {"results": {}}, {"results": None}])
def test_a_list_that_is_not_there_is_broken(document: Any) -> None:
    with pytest.raises(BrokenError, match='"results"'):
        jsonpage.items(document, "results", URL)


def test_texts_lose_what_must_not_be_shown() -> None:
    item = {"a": " Two\r\nlines \u202eand\u0000 a \ud83d half", "b": 3, "c": None}
    assert jsonpage.text(item, "a") == "Two lines and a half"
    assert [jsonpage.text(item, key) for key in "bcd"] == ["", "", ""]
    assert jsonpage.text(["no", "mapping"], "a") == ""


def test_marks_stay_as_they_are() -> None:
    item = {"a": " B1--x_y~\u0000", "b": 7}
    assert [jsonpage.mark(item, key) for key in "abc"] == ["B1--x_y~", "", ""]


def test_numbers_are_whole_and_of_a_size_that_can_be_stored() -> None:
    item = {"a": 7, "b": True, "c": 1.5, "d": 10**30, "e": "7"}
    assert [jsonpage.number(item, key) for key in "abcdef"] == [7, None, None, None, None, None]


def test_words_come_as_list_or_text() -> None:
    assert jsonpage.words(["GANs", "", None, "deep  nets; GANs"]) == ["GANs", "deep nets"]
    assert jsonpage.words("widgets, gadgets") == ["widgets", "gadgets"]
    assert jsonpage.words(None) == jsonpage.words({"a": 1}) == []
    assert len(jsonpage.words([str(n) for n in range(9_999)])) == jsonpage.MOST_WORDS


@pytest.mark.parametrize(
    ("href", "url"),
    [
        ("/virtual/2018/poster/3", "https://example.org/virtual/2018/poster/3"),
        (" https://other.example/x ", "https://other.example/x"),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("https://[broken", ""),
        ("https://me.example/~me/a--b.pdf", "https://me.example/~me/a--b.pdf"),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)
def test_links_lead_to_web_pages_or_nowhere(href: Any, url: str) -> None:
    assert jsonpage.web(href, URL) == url


def test_milliseconds_are_dates_of_our_time() -> None:
    assert jsonpage.milliseconds(1509148713000) == datetime(2017, 10, 27, 23, 58, 33, tzinfo=UTC)
    for value in (None, "1509148713000", True, -1, 0, 5, 10**30, 1.5e12):
        assert jsonpage.milliseconds(value) is None


@given(
    st.from_regex(jsonpage._WHOLE, fullmatch=True),
    st.sampled_from(["", URL, "http://example.org/a/b", "ftp://x.example/"]),
)
def test_addresses_as_most_are_written_are_what_joining_makes_of_them(href: str, base: str) -> None:
    assert jsonpage.web(href, base) == jsonpage._web(href, base) == href
