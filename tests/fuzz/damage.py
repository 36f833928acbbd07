"""How samples are damaged: pieces cut out, doubled, moved, overwritten with what parsers trip over."""

from collections.abc import Sequence

from hypothesis import strategies as st

TOKENS = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\x1b", b"\xc2\x85", b"\xe2\x80\xae",
    b"<", b">", b'"', b"'", b"&", b"]]>", b"<![CDATA[", b"<!--", b"</", b"<x a=", b"&#0;", b"&nbsp;",
    b"&#x110000;", b"&#xD800;", b"&a;", b'<?xml version="1.0" encoding="utf-7"?>',
    b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<script>", b"http://[::1", b"//", b"file:///etc/passwd",
    b"null", b"true", b"[]", b"{}", b'""', b"{", b"[", b"}", b"]", b",", b":", b"\\u0000",
    b"\\ud800", b"\\x", b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"9" * 30, b"9" * 5_000,
    b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59+14:00", b"2017-02-30", b"Mon, 99 Foo 2017",
    b"@article{", b"\\\"{", b"$\\frac{", b"#", b"\n", b"\r", b"\t", b" ", b"=", b"*", b"NEAR(", b"--",
    b"[[", b"&lt;" * 500, b"[" * 3_000, b"<a>" * 3_000, b"{" * 3_000,
)  # fmt: skip
"""What has broken parsers of others: signs that are none, references, nesting, numbers, dates."""

_MOST_BYTES = 300_000
_place = st.integers(0, 999_999)
_edit = st.tuples(
    st.sampled_from(("cut", "double", "insert", "replace", "move", "end")),
    _place,
    st.integers(1, 400),
    st.one_of(st.sampled_from(TOKENS), st.binary(min_size=1, max_size=8)),
)


def damaged(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the samples with up to six pieces of it changed; sometimes nothing but noise."""
    some = st.builds(_apply, st.sampled_from(samples), st.lists(_edit, min_size=1, max_size=6))
    return st.one_of(some, some, some, some, some, some, some, st.binary(max_size=300))


def _apply(body: bytes, edits: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    for what, place, size, token in edits:
        at = place % (len(body) + 1)
        piece = body[at : at + size]
        match what:
            case "cut":
                body = body[:at] + body[at + size :]
            case "double":
                body = body[:at] + piece * 3 + body[at + size :]
            case "insert":
                body = body[:at] + token + body[at:]
            case "replace":
                body = body[:at] + token + body[at + len(token) :]
            case "move":
                rest = body[:at] + body[at + size :]
                to = (place * 7 + size) % (len(rest) + 1)
                body = rest[:to] + piece + rest[to:]
            case _:
                body = body[:at]
    return body[:_MOST_BYTES]
