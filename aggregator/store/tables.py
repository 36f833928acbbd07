"""The tables. Every moment is aware UTC; JSON columns hold plain values.

Rows are written from checked drafts only: SQLModel table classes do not validate.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    Double,
    ForeignKey,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from aggregator.store.keys import BIG, counted

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
SQLModel.metadata.naming_convention = NAMING

_JSON = JSON().with_variant(JSONB(), "postgresql")


def _json() -> Any:
    return Field(sa_column=Column(_JSON, nullable=False))


def _text(default: str = "") -> Any:
    return Field(default=default, sa_column=Column(Text, nullable=False))


def _heat() -> Any:
    return Field(default=0.0, sa_column=Column(Double, nullable=False, server_default="0"))


class Entry(SQLModel, table=True):
    """One item as published; never deleted."""

    __table_args__ = (
        Index(None, "kind", "native_id"),
        Index(None, "kind", "published"),
        Index(None, "title_key"),
        Index(None, "people_key"),
    )

    pk: int | None = counted("entry.pk")
    key: str = Field(unique=True)  # kind:native_id[vN]
    kind: str
    native_id: str
    version: int | None
    role: str  # preprint, proceedings, post, work, citing
    paper_id: str = Field(foreign_key="paper.id", index=True)  # the paper it is about
    title: str = _text()
    title_key: str | None  # normal form for matching; null where the title must not match (posts)
    people_key: (
        str | None
    )  # the same for entries by the same people; null for posts, and one person
    abstract: str = _text()
    url: str = _text()
    authors: list[str] = _json()
    year: int | None
    published: datetime  # when the public could first see this item; never changes once stored
    first_public: datetime | None  # that of the work's first version, where the place tells
    identifiers: dict[str, str] = _json()  # what it is: {"arxiv": "1711.03678"}
    about: str | None  # posts: the identifier they link to, "arxiv:1711.03678"
    mentions: list[str] = _json()  # other identifiers it speaks of
    fidelity: int  # 0 a notice, 1 the full record
    dated: bool  # false while `published` is only when a notice came by
    extra: dict[str, Any] = _json()  # what only some places have
    sources: list[str] = _json()  # names of the sources that saw it, sorted
    digest: str  # hash of the content, to know what is unchanged
    seen_at: datetime  # logical time at which it was first stored
    changed_at: datetime  # logical time of the last change of content


class Paper(SQLModel, table=True):
    """What entries are about, merged from them."""

    __table_args__ = (
        Index(None, "kind", "at", "pk"),
        Index(None, "at", "pk"),
        Index(None, "kind", "heat", "pk"),
        Index(None, "heat", "pk"),
        Index(None, "venue", "at"),
        # Those that wait for their tags, in the order in which they get them.
        Index(
            "ix_paper_waiting",
            "at",
            "pk",
            sqlite_where=text("tagged_by IS NULL"),
            postgresql_where=text("tagged_by IS NULL"),
        ),
    )

    pk: int | None = counted("paper.pk")
    id: str = Field(unique=True)  # opaque, never used again
    kind: str  # paper, or post: a post that is about no paper
    title: str = _text()
    at: datetime  # when the public could first see it; what pages and digests sort by
    heat: float = _heat()  # its place in the hot list (`digest.rank.hot`)
    changed_at: datetime  # logical time of the last merge that changed it
    withdrawn: bool = False
    starter: bool = False  # only known as a representative work of topics.toml: no news
    # In lower case, as it is asked for; on PostgreSQL in the order of bytes ("C", migration 0009), since
    # languages pass over the blank that ends a prefix.
    venue: str | None
    provenance: dict[str, str] = _json()  # field -> key of the entry it was taken from
    doc: dict[str, Any] = _json()  # the paper as the API gives it; rewritten on merge or tag
    tagged_by: str | None  # null: to be tagged, by every topic; single topics: `topic_state`


class Alias(SQLModel, table=True):
    """Every name of a paper: "arxiv:1711.03678", "doi:…", "cvf:…", and ids merged away ("id:…").

    A DOI may name two papers (two arXiv ids that were never one); the older paper answers to it.
    """

    name: str = Field(primary_key=True)
    paper_id: str = Field(primary_key=True, foreign_key="paper.id", index=True)


class Sighting(SQLModel, table=True):
    """A source saw an entry of a paper; `at` repeats the paper's: what one source has is an index walk."""

    __table_args__ = (Index(None, "source", "at", "paper_pk"),)

    paper_pk: int = Field(
        sa_column=Column(BIG, ForeignKey("paper.pk"), primary_key=True, autoincrement=False)
    )
    source: str = Field(primary_key=True)
    at: datetime


class Newest(SQLModel, table=True):
    """When the newest entry that a source ever brought was published."""

    source: str = Field(primary_key=True)
    published: datetime


class Ruling(SQLModel, table=True):
    """What a person decided of two entries: they are of one paper, or they are not. It stays."""

    a: str = Field(primary_key=True)  # kind:native_id, the smaller of the two
    b: str = Field(primary_key=True)
    together: bool
    by: str  # who: a token's name, or the command line
    at: datetime


class Mention(SQLModel, table=True):
    """An entry speaks of a paper that it is not about: a weekly thread mentions twenty."""

    entry_key: str = Field(primary_key=True, foreign_key="entry.key")
    name: str = Field(primary_key=True, index=True)  # an alias; may not be known here yet


class Citation(SQLModel, table=True):
    """An entry cites a work that is watched; `cited` events follow from these rows."""

    entry_key: str = Field(primary_key=True, foreign_key="entry.key")
    name: str = Field(primary_key=True, index=True)  # an alias; may not be known here yet
    seen_at: datetime  # logical time at which it was first told
    backfill: bool  # told on the first walk through the work's citations


class Event(SQLModel, table=True):
    """Something that happened to a paper; what subscriptions deliver."""

    __table_args__ = (
        UniqueConstraint("paper_id", "kind", "cause"),
        Index(None, "kind", "at"),
        Index(None, "kind", "cause"),
    )

    id: int | None = counted("event.id")
    paper_id: str = Field(foreign_key="paper.id")  # the unique constraint has it first
    kind: str  # new, new_version, published, withdrawn, cited, discussed
    cause: str  # the entry key; "" for new, which happens once; the citing paper's id for cited
    at: datetime = Field(index=True)  # when the public could first see it
    seen_at: datetime = Field(index=True)  # logical time at which it was stored
    backfill: bool  # from a first run or --since: shown, never mailed
    superseded: bool = False  # the second `new` after a merge
    # The id that it had first, if it was given another since; null means its own.
    first_id: int | None = Field(default=None, sa_column=Column(BIG, nullable=True))


class Tag(SQLModel, table=True):
    """Paper × topic × probability; `at` repeats the paper's, `heat` is its place in the topic's hot list
    (`digest.rank.hot_in_topic`): a topic's page is one index walk."""

    __table_args__ = (
        Index(None, "topic", "tagged", "at", "paper_pk"),
        Index(None, "topic", "tagged", "heat", "paper_pk"),
    )

    paper_pk: int = Field(
        sa_column=Column(BIG, ForeignKey("paper.pk"), primary_key=True, autoincrement=False)
    )
    topic: str = Field(primary_key=True)
    probability: float
    tagged: bool  # the probability reaches the topic's threshold
    by: str  # model, keywords, child (topic), works (of topics.toml), person
    at: datetime
    heat: float = _heat()


class TopicSize(SQLModel, table=True):
    """How many papers carry a topic's tag, without posts and starters; triggers keep it (0016)."""

    __tablename__ = "topic_size"  # pyright: ignore[reportAssignmentType]

    topic: str = Field(primary_key=True)
    papers: int


class Upstream(SQLModel, table=True):
    """The politeness ledger: one row per upstream, shared by every source and worker."""

    name: str = Field(primary_key=True)
    next_allowed: datetime | None  # wall time before which no request may start
    cooldown_until: datetime | None  # logical time before which it is left alone
    cooldown_reason: str = _text()


class Spending(SQLModel, table=True):
    """Requests that an upstream with a daily budget was sent on a day (UTC, logical)."""

    upstream: str = Field(primary_key=True)
    day: str = Field(primary_key=True)  # 2017-11-13
    used: int
    most: int  # the budget as the last one to spend of it knew it


class Validated(SQLModel, table=True):
    """What a source sends with the next conditional request; saved when the answer was stored. Of what
    another source read, under another name before perhaps, "not modified" would tell this one nothing."""

    source: str = Field(primary_key=True)
    url: str = Field(primary_key=True)
    etag: str | None
    last_modified: str | None
    digest: str  # SHA-256 of the body


class Checkpoint(SQLModel, table=True):
    """How far a stream of a source has been read and stored."""

    source: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    value: Any = _json()


class Run(SQLModel, table=True):
    """One attempt at one source, kept as history."""

    __table_args__ = (Index(None, "source", "id"),)

    id: int | None = counted("run.id")
    source: str
    at: datetime  # logical
    started: datetime  # wall
    finished: datetime | None  # wall; null while it runs, or if its process was killed
    status: str | None  # one of the nine; null until finished
    message: str = _text()  # in words; while running: how far it is
    backfill: bool = False
    fetched: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0  # items that could not be read
    requests: int = 0
    failures: int = 0  # bad runs in a row, this one included


class Wish(SQLModel, table=True):
    """A person asked for a source to be fetched now; of each source the latest asking."""

    source: str = Field(primary_key=True)
    asked_at: datetime  # logical
    run_id: int | None = Field(default=None, sa_column=Column(BIG, nullable=True))  # the run that
    # answers it; null while it waits


class Lookup(SQLModel, table=True):
    """An identifier that a post or a work named and nothing here had: asked for, three times at most."""

    name: str = Field(primary_key=True)  # "arxiv:1711.03678"
    found: bool = False
    tries: int = 0
    asked_at: datetime | None  # logical; null: still to ask


class Gone(SQLModel, table=True):
    """Of each table the highest key that was ever deleted."""

    name: str = Field(primary_key=True)  # the table
    highest: int = Field(sa_column=Column(BIG, nullable=False))
