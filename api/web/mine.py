"""Lists "for me": in the order of the reader's own taste, each paper with what made it; or why there is
none yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastapi import Request

from aggregator.learn import tastes
from aggregator.store.papers import Page, PaperQuery
from aggregator.tag.taste import LEAST_LIKED
from api.deps import Services
from api.web import reader

BECAUSE = 4
"""Words and authors that are named of a paper."""


@dataclass(frozen=True, slots=True)
class ForMe:
    """A page of a list; `because` is, by paper, what speaks for it (weight > 0) and against it. Without
    a taste it is empty, and `lacks` says what for: "sign_in", "stars" (so many are `missing`), or
    "reading"."""

    page: Page
    because: Mapping[str, Sequence[tuple[str, float]]] = field(default_factory=dict)
    lacks: str = ""
    missing: int = 0


def listed(request: Request, services: Services, query: PaperQuery, cursor: str) -> ForMe:
    """The papers that the query asks for, in the order of the taste of who asks. Raises UsageError for
    a broken cursor."""
    mine = reader.of(request)
    nothing = Page((), None)
    if services.settings.accounts and mine.account is None:
        return ForMe(nothing, lacks="sign_in")
    person = reader.person_of(services, mine)
    if person is None:
        return ForMe(nothing, lacks="stars", missing=LEAST_LIKED)
    with services.store.read() as connection:
        known = tastes.of_person(connection, person)
        if known.taste is None:
            return ForMe(
                nothing, lacks="stars" if known.missing else "reading", missing=known.missing
            )
        found = tastes.page(connection, person, known.taste, query, cursor, BECAUSE)
    return ForMe(found.page, found.because)
