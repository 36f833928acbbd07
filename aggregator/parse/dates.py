"""Dates as upstreams write them, made aware UTC moments; what is no date is None."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from email.utils import parsedate_tz

EARLIEST, LATEST = 1990, 2100
"""Years between which a date is believed: before arXiv (1991) there is nothing to follow."""

_RFC822 = re.compile(
    r"\s*(?:[A-Za-z]{3,9}\.?,?\s+)?\d{1,2}[\s-]+[A-Za-z]{3,9}\.?[\s-]+(?:\d{4}|\d{2})(?!\d)"
    r"(?:\s+\d{1,2}:\d{2}(?::\d{2})?(\s+(?:[A-Za-z]{1,5}|[+-]\d{4}|\([^)]*\)))*)?\s*",
    re.ASCII,
)
_OFFSET = re.compile(r"(\d\s+)(?:GMT|UTC?)?([+-])(\d{1,2})(?::?(\d{2}))?(?=\s|$)", re.ASCII)
"""An offset as RFC 822 has it not: "+08:00", "GMT+8", "UTC+0800"."""
_CHINA = timedelta(hours=8)
_NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_USUAL = re.compile(
    rf"[A-Z][a-z]{{2}}, (\d\d?) ({'|'.join(_NAMES)}) (\d{{4}}) (\d\d):(\d\d):(\d\d) GMT", re.ASCII
)
"""What arXiv and most feeds write."""
_ISO = re.compile(
    r"\s*(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})"
    r"(?:(?:\s*T\s*|\s+)(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,12}))?)?"
    r"\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?\s*",
    re.ASCII | re.IGNORECASE,
)
_COMPACT = re.compile(
    r"\s*(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?()(Z|[+-]\d{2}:?\d{2})?)?\s*", re.ASCII
)
_CHINESE = re.compile(
    r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日(?:星期[一二三四五六日天])?", re.ASCII
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_ZONE = r"[A-Za-z]{0,5}(?:[+-]\d{1,2}(?::?\d{2})?)?"
_MONTH = rf"(?:[A-Za-z]{{3,9}}\.?,?\s+)?({'|'.join(_NAMES)})[a-z]{{0,6}}\.?\s+(\d{{1,2}})"
_AMERICAN = re.compile(
    rf"\s*{_MONTH},?\s+(\d{{4}})(?:,?\s+(?:at\s+)?({_TIME}(?:\s+{_ZONE})?))?\s*",
    re.ASCII | re.IGNORECASE,
)
"""Nov 13, 2017 at 7:00 EST."""
_YEAR_LAST = re.compile(rf"\s*{_MONTH}\s+({_TIME}(?:\s+{_ZONE})?)\s+(\d{{4}})\s*", re.ASCII)
"""Mon Nov 13 20:00:00 +0800 2017: of Weibo, Twitter, Java and C."""
_HALF = re.compile(r"(\d{1,2})(:\d{2}(?::\d{2})?)\s?([ap])\.?m\b\.?", re.ASCII | re.IGNORECASE)
_CHINESE_HALF = re.compile(r"(凌晨|清晨|早上|上午|中午|下午|傍晚|晚上)\s*(\d{1,2})(?=:)", re.ASCII)

_CHINESE_MIDNIGHT = re.compile(r"晚上\s*12(?=[:：])")
"""Of the evening that ends: it is the next day's."""


def rfc822(text: str, default_zone: tzinfo = UTC) -> datetime | None:
    """ "Mon, 13 Nov 2017 07:00:00 -0500" -> aware UTC; weekday, time and zone may be missing.

    The weekday is not checked: some upstreams get it wrong. None for what is no such date.
    """
    if usual := _USUAL.fullmatch(text):  # the same in a third of the time
        day, month, year, *time = usual.groups()
        return _moment([int(year), _MONTHS[month], int(day), *map(int, time)], 0, UTC)
    text = _OFFSET.sub(lambda m: f"{m[1]}{m[2]}{m[3]:0>2}{m[4] or '00'}", text)
    match = _RFC822.fullmatch(text)
    if match is None:
        return None
    # "CST" is China's time in China, as Java writes it there, and Chicago's elsewhere.
    if match[1] and match[1].strip() == "CST" and default_zone.utcoffset(None) == _CHINA:
        text = f"{text[: match.start(1)]} +0800"
    parts = parsedate_tz(text if ":" in text else f"{text.strip()} 00:00:00")
    if parts is None:
        return None
    # parsedate_tz makes no difference between no zone and UTC
    zone = timezone(timedelta(seconds=parts[9] or 0)) if match[1] else default_zone
    return _moment(parts[:6], 0, zone)


def iso8601(text: str, default_zone: tzinfo = UTC) -> datetime | None:
    """ "2017-11-13T12:00:00Z" -> aware UTC; a bare date is its midnight in `default_zone`.

    Lenient as feeds are: one-digit months, slashes, a blank for the T, "20171113". None otherwise.
    """
    match = _ISO.fullmatch(text) or _COMPACT.fullmatch(text)
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    micros = int((fraction or "0").ljust(6, "0")[:6])
    return _moment([int(n or 0) for n in numbers], micros, _zone(zone, default_zone))


def moment(text: str, default_zone: tzinfo = UTC) -> datetime | None:
    """Any date an upstream writes (ISO 8601, RFC 822, 2017年11月13日 下午3:05, Nov 13, 2017) -> aware UTC,
    or None.

    `default_zone` is that of dates which name none. Never raises: "31 February", "yesterday" and
    years outside 1990-2100 are None.
    """
    text = _CHINESE.sub(r"\1-\2-\3 ", text)
    hours = _whole_hours(_CHINESE_MIDNIGHT.sub("0", text))
    found = iso8601(hours, default_zone) or rfc822(_day_first(hours), default_zone)
    ends = found is not None and _CHINESE_MIDNIGHT.search(text)
    return found + timedelta(days=1) if found and ends else found


def _whole_hours(text: str) -> str:
    """With the hours of half a day, "3:05 PM" or "下午3:05", counted from midnight."""
    text = _HALF.sub(lambda m: f"{_hour(int(m[1]), late=m[3] in 'pP')}{m[2]}", text)
    if text.isascii():
        return text
    text = text.replace("：", ":")
    return _CHINESE_HALF.sub(lambda m: str(_hour(int(m[2]), late=_is_late(m[1], int(m[2])))), text)


def _is_late(part: str, hour: int) -> bool:
    return part in ("下午", "傍晚", "晚上") or (part == "中午" and hour not in (10, 11))


def _hour(hour: int, *, late: bool) -> int:
    return hour if hour > 12 else hour % 12 + 12 * late


def _day_first(text: str) -> str:
    """A date that begins with its month in the order of RFC 822."""
    if match := _AMERICAN.fullmatch(text):
        month, day, year, time = match.groups()
    elif match := _YEAR_LAST.fullmatch(text):
        month, day, time, year = match.groups()
    else:
        return text
    return f"{day} {month} {year} {time or ''}".rstrip()


def _zone(text: str | None, default_zone: tzinfo) -> tzinfo:
    if not text:
        return default_zone
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    # an offset of a day or more is no zone; the date is then read as UTC
    return timezone(offset if text[0] == "+" else -offset) if offset < timedelta(days=1) else UTC


def _moment(parts: Sequence[int], micros: int, zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second = parts
    if not EARLIEST <= year <= LATEST:
        return None
    try:
        return datetime(year, month, day, hour, minute, second, micros, zone).astimezone(UTC)
    except ValueError:
        return None
