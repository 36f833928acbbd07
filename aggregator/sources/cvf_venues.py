"""The first days of the conferences whose proceedings CVF publishes."""

from datetime import UTC, datetime

# First day, workshops and tutorials included, as conferences and calls for papers announced it.
# Compared with two public lists: ccfddl/ccf-deadlines (conference/AI/{cvpr,iccv,wacv}.yml, from 2021
# on) and khairulislam/ML-conferences (pages/{CVPR,ICCV}.md, earlier years). Not in them, so perhaps
# a day off: CVPR 2016 and 2017, ICCV 2015, WACV 2020-2024. Where they name the first day of the main
# programme, or a range wider than it was (CVPR 2014, 2020, 2025), this has the first day of workshops.
FIRST_DAYS = {
    "CVPR": (
        "2013-06-23 2014-06-23 2015-06-07 2016-06-26 2017-07-21 2018-06-18 2019-06-15 "
        "2020-06-14 2021-06-19 2022-06-19 2023-06-17 2024-06-17 2025-06-11 2026-06-03"
    ),
    "ICCV": "2013-12-01 2015-12-07 2017-10-22 2019-10-27 2021-10-10 2023-10-02 2025-10-19 2027-10-02",
    "WACV": ("2020-03-01 2021-01-05 2022-01-04 2023-01-03 2024-01-04 2025-02-28 2026-03-06"),
}
USUAL_MONTHS = {"CVPR": 6, "ICCV": 10, "WACV": 2, "ACCV": 12}
"""For years that are not in the table: the middle of this month."""


def first_day(venue: str, year: int) -> datetime:
    """The first day of "CVPR" (or its workshops, "CVPRW") in a year: aware UTC midnight."""
    name = venue.removesuffix("W")
    for day in FIRST_DAYS.get(name, "").split():
        if day.startswith(str(year)):
            return datetime.fromisoformat(day).replace(tzinfo=UTC)
    return datetime(year, USUAL_MONTHS.get(name, 6), 15, tzinfo=UTC)
