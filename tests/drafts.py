"""Drafts for tests, as the sources would give them."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aggregator.models import Draft

DAY = datetime(2017, 11, 13, 1, tzinfo=UTC)


def preprint(
    native: str = "1711.00001",
    version: int = 1,
    *,
    title: str = "Deep Widgets for Semantic Gadgets",
    authors: tuple[str, ...] = ("Ada Lovelace", "Alan Turing"),
    published: datetime = DAY,
    first_public: datetime | None = None,
    abstract: str = "We build widgets. They are deep.",
    identifiers: Mapping[str, str] | None = None,
    fidelity: int = 1,
    dated: bool = True,
    **extra: Any,
) -> Draft:
    """An arXiv version."""
    return Draft(
        kind="arxiv",
        native_id=native,
        version=version,
        role="preprint",
        title=title,
        url=f"https://arxiv.org/abs/{native}v{version}",
        published=published,
        first_public=first_public or (published if version == 1 else None),
        abstract=abstract,
        authors=authors,
        year=(first_public or published).year,
        identifiers={"arxiv": native, **(identifiers or {})},
        fidelity=fidelity,
        dated=dated,
        extra={"categories": ["cs.CV"], **extra},
    )


def page(
    native: str = "CVPR2018/Lovelace_Deep_Widgets",
    *,
    title: str = "Deep Widgets for Semantic Gadgets",
    authors: tuple[str, ...] = ("Ada Lovelace", "Alan Turing"),
    published: datetime = datetime(2018, 6, 18, 12, tzinfo=UTC),
    arxiv: str = "",
    abstract: str = "",
    fidelity: int = 0,
    kind: str = "cvf",
) -> Draft:
    """A page of proceedings."""
    return Draft(
        kind=kind,
        native_id=native,
        role="proceedings",
        title=title,
        url=f"https://openaccess.thecvf.com/{native}.html",
        published=published,
        abstract=abstract,
        authors=authors,
        year=published.year,
        identifiers={kind: native, **({"arxiv": arxiv} if arxiv else {})},
        fidelity=fidelity,
        extra={"venue": "CVPR 2018"},
    )


def post(
    native: str = "t3_abc",
    *,
    title: str = "[R] Deep Widgets are out",
    about: str | None = None,
    mentions: tuple[str, ...] = (),
    published: datetime = datetime(2017, 11, 13, 9, tzinfo=UTC),
    abstract: str = "",
    **extra: Any,
) -> Draft:
    """A Reddit post."""
    return Draft(
        kind="reddit",
        native_id=native,
        role="post",
        title=title,
        url=f"https://www.reddit.com/r/MachineLearning/comments/{native.removeprefix('t3_')}/",
        published=published,
        abstract=abstract,
        authors=("u/reader",),
        about=about,
        mentions=mentions,
        extra=extra,
    )
