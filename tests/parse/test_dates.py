"""Dates: what upstreams write, and what is no date."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.dates import EARLIEST, LATEST, iso8601, moment, rfc822

NOON = datetime(2017, 11, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 13 Nov 2017 07:00:00 -0500", NOON),
        ("Mon, 13 Nov 2017 07:00:00 EST", NOON),
        ("13 Nov 2017 12:00 GMT", NOON),
        ("Tue, 13 Nov 2017 12:00:00 +0000", NOON),  # a wrong weekday
        ("13 Nov 2017", datetime(2017, 11, 13, tzinfo=UTC)),
        ("13 Nov 17 12:00:00 +0000", NOON),
        ("Mon, 13 Nov 2017 20:00:00 +08:00", NOON),
        ("Mon, 13 Nov 2017 20:00:00 GMT+8", NOON),
        ("Mon, 13 Nov 2017 20:00:00 GMT+0800 (China Standard Time)", NOON),
        ("Mon, 13 Nov 2017 06:30:00 UTC-05:30", NOON),
        ("Mon, 13 Nov 2017 06:00:00 CST", NOON),
        ("2017-11-13T12:00:00Z", NOON),
        ("2017-11-13T20:00:00+08:00", NOON),
        ("2017-11-13T20:00:00+0800", NOON),
        ("2017-11-13 12:00:00 UTC", NOON),
        ("2017-11-13T12:00:00.000000000Z", NOON),
        ("20171113T120000Z", NOON),
        ("2017/11/13 12:00", NOON),
        ("2017年11月13日 12:00", NOON),
        ("Nov 13, 2017", datetime(2017, 11, 13, tzinfo=UTC)),
        ("Monday, November 13, 2017", datetime(2017, 11, 13, tzinfo=UTC)),
        ("Sept. 1, 2017", datetime(2017, 9, 1, tzinfo=UTC)),
        ("November 13, 2017 at 7:00 AM EST", NOON),
        ("Nov 13, 2017, 12:00:00 p.m.", NOON),
        ("Mon, 13 Nov 2017 12:00 PM", NOON),
        ("Mon Nov 13 20:00:00 +0800 2017", NOON),
        ("Mon Nov 13 12:00:00 GMT 2017", NOON),
        ("Mon Nov 13 20:00:00 GMT+08:00 2017", NOON),
        ("Mon Nov 13 12:00:00 2017", NOON),
        ("Thu Nov  9 12:00:00 2017", datetime(2017, 11, 9, 12, tzinfo=UTC)),
        ("2017年11月13日 上午10:00", datetime(2017, 11, 13, 10, tzinfo=UTC)),
        ("2017年11月13日 下午3:05", datetime(2017, 11, 13, 15, 5, tzinfo=UTC)),
        ("2017年11月13日星期一 晚上 8：30", datetime(2017, 11, 13, 20, 30, tzinfo=UTC)),
        ("2017-11-13 中午12:00:00", NOON),
        ("2017年11月13日 凌晨12:30", datetime(2017, 11, 13, 0, 30, tzinfo=UTC)),
        ("2017年11月13日 晚上12:00", datetime(2017, 11, 14, tzinfo=UTC)),  # the end of that day
        ("2017年12月31日星期日 晚上 12：30", datetime(2018, 1, 1, 0, 30, tzinfo=UTC)),
        ("2026-6-30", datetime(2026, 6, 30, tzinfo=UTC)),
        (" 2017-11-13 ", datetime(2017, 11, 13, tzinfo=UTC)),
    ],
)
def test_dates_are_read(text: str, expected: datetime):
    assert moment(text) == expected


def test_cst_is_chinas_time_in_china():
    china = timezone(timedelta(hours=8))
    assert moment("Mon, 13 Nov 2017 20:00:00 CST", china) == NOON
    assert moment("Mon, 13 Nov 2017 12:00:00 GMT", china) == NOON
    assert moment("Mon Nov 13 20:00:00 CST 2017", china) == NOON  # as Java writes it
    assert moment("2017年11月13日 晚上8:00", china) == NOON


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "31 February",
        "31 February 2017",
        "Fri, 31 Feb 2017 00:00:00 GMT",
        "2017-02-31",
        "2017-13-01",
        "2017-11",
        "2017",
        "1889-01-01",
        "2101-01-01",
        "0001-01-01T00:00:00+14:00",
        "2017-11-13T25:00:00Z",
        "13 Foo 2017",
        "Nov 31, 2017",
        "Mon Nov 13 20:00:00 +0800",
        "November 2017",
        "2017年11月13日 下午",
        "2017-11-13 25:00 PM",
        "1510570000",
        "2017-11-13T12:00:00Z and more",
    ],
)
def test_what_is_no_date_is_none(text: str):
    assert moment(text) is None


def test_default_zone_holds_where_none_is_named():
    china = timezone(timedelta(hours=8))
    assert moment("2017-11-13 20:00:00", china) == NOON
    assert moment("13 Nov 2017 20:00:00", china) == NOON
    assert moment("2017-11-13T12:00:00Z", china) == NOON


believed = st.integers(0, (LATEST - EARLIEST + 1) * 365 * 86_400).map(
    lambda seconds: datetime(EARLIEST, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


@given(believed)
def test_iso_dates_come_back(when: datetime):
    assert iso8601(when.isoformat()) == when


@given(believed)
def test_rfc_dates_come_back(when: datetime):
    assert rfc822(when.strftime("%a, %d %b %Y %H:%M:%S +0000")) == when


PIECES = ["2017", "99999", "-", ":", "T", "Z", "+", "13", "Nov", " ", "Mon,", "(", ")", "00", "年", "月",
          "日", "GMT", "下午", "PM", "2017年1月2日", "٣", "/", "."]  # fmt: skip


@given(st.text(max_size=30) | st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_text_gives_a_moment_or_none(text: str):
    for found in (moment(text), rfc822(text), iso8601(text)):
        assert found is None or (found.tzinfo is UTC and EARLIEST - 1 <= found.year <= LATEST + 1)
