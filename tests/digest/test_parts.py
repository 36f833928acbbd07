"""The time that terms rise over, in parts: where each title falls, and how fine the parts are."""

from datetime import UTC, datetime, timedelta

from aggregator.digest import parts
from aggregator.digest.rising import Term

FIRST = datetime(2017, 6, 26, 1, tzinfo=UTC)
BEGINS, END = FIRST + timedelta(weeks=16), FIRST + timedelta(weeks=20)


def of_each_day(since: datetime, until: datetime, a_day: int) -> list[datetime]:
    days = (until - since).days
    return [since + timedelta(days=n) for n in range(days) for _ in range(a_day)]


def a_term(where: tuple[int, ...], earlier: tuple[int, ...]) -> Term:
    return Term("capsules", len(where), len(earlier), 0.01, False, where, earlier)


def test_every_title_is_in_the_part_of_its_day() -> None:
    lately, before = of_each_day(BEGINS, END, 4), of_each_day(FIRST, BEGINS, 4)
    terms = [a_term((0, 27, 28, 111), (0, 447)), a_term((), (28,))]
    found = parts.of(terms, lately, before, (FIRST, BEGINS, END))
    assert [part.since for part in found] == [FIRST + timedelta(weeks=n) for n in range(20)]
    assert [part.titles for part in found] == [28] * 20
    assert [part.lately for part in found] == [False] * 16 + [True] * 4
    assert [part.having[0] for part in found] == [1, *[0] * 14, 1, 2, 1, 0, 1]
    assert [part.having[1] for part in found] == [0, 1, *[0] * 18]


def test_few_titles_make_few_parts_and_none_is_no_share() -> None:
    lately = of_each_day(BEGINS, END, 1)
    found = parts.of([a_term((27,), ())], lately, [BEGINS - timedelta(1)], (FIRST, BEGINS, END))
    assert [part.since for part in found] == [FIRST + n * timedelta(weeks=4) for n in range(5)]
    assert [part.titles for part in found] == [0, 0, 0, 1, 28]
    assert [part.having for part in found] == [(0,), (0,), (0,), (0,), (1,)]
