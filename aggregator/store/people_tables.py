"""The tables of people: who they are, what they watch, what they were told, what they said."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, UniqueConstraint, false
from sqlmodel import Field, SQLModel

from aggregator.store.keys import BIG, counted
from aggregator.store.tables import _json, _text


def _refers(to: str, *, nullable: bool = False, index: bool = False, primary: bool = False) -> Any:
    column = Column(
        BIG,
        ForeignKey(to),
        nullable=nullable,
        index=index,
        primary_key=primary,
        autoincrement=False,
    )
    return Field(sa_column=column)


class Person(SQLModel, table=True):
    """An address, an account, or a browser that keeps papers. The one-machine default has one person
    of its own, "local"."""

    pk: int | None = counted("person.pk")
    id: str = Field(unique=True)  # opaque, in signed links
    address: str = Field(unique=True)  # "email:ada@example.org", "slack:U123", "browser:…", "local"
    lang: str = "en"
    tz: str = "UTC"
    created_at: datetime
    confirmed_at: datetime | None  # null: the address has not been proven


class Erased(SQLModel, table=True):
    """An address whose owner had everything about them erased, as a keyed digest: it can be compared by
    who has the installation's secret, and not be read. topics.toml subscribes none of these."""

    digest: str = Field(primary_key=True)  # signing.Signer.erased


class SavedWatch(SQLModel, table=True):
    """A watch that was made here; topics and the watches of topics.toml stand in the file."""

    __tablename__ = "watch"  # pyright: ignore[reportAssignmentType]

    name: str = Field(primary_key=True)
    filter: dict[str, Any] = _json()  # watches.Watch without its name
    owner: int | None = _refers("person.pk", nullable=True)  # who made it; null: the installation
    created_at: datetime


class Subscription(SQLModel, table=True):
    """Person × watch × channel × target; one that ended is kept, so that nothing is told again when
    it begins anew."""

    __table_args__ = (
        UniqueConstraint("watch", "channel", "target"),
        Index(None, "state", "next_due"),
        Index(None, "channel", "target"),
    )

    pk: int | None = counted("subscription.pk")
    id: str = Field(unique=True)  # opaque, for people to name it by
    person_pk: int = _refers("person.pk", index=True)
    watch: str
    watch_owner: int | None = _refers("person.pk", nullable=True)  # whose own the watch is; null:
    # everybody's. One of the same name that is saved later is another watch
    channel: str
    target: str
    terms: dict[str, Any] = _json()  # watches.Terms
    state: str  # pending, active, paused, suspended, ended
    declined: bool = Field(  # ended by its owner, who has not asked for it since
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )
    origin: str  # cli, file, api, signup, slack, web
    since: datetime | None  # the first digest goes back to here (`at`); null: a day before it
    begun_id: int = Field(default=0, sa_column=Column(BIG, nullable=False))  # events up to here
    # were known when its owner's word came: the first digest tells of its period, and of all later ones
    started_at: datetime | None  # logical time of the first digest; null before it
    started_id: int = Field(default=0, sa_column=Column(BIG, nullable=False))  # events up to here
    # were known at the first digest: of them only those of its period are told
    covered: int = Field(default=0, sa_column=Column(BIG, nullable=False))  # events up to here
    # have been looked at; ids grow in the order of storing, so that no clock has a say
    told_at: datetime | None  # logical time of the latest digest
    next_due: datetime | None  # logical; null: at once
    paused_at: datetime | None
    skipped_since: datetime | None  # what came since then was skipped by a pause; null once said
    refusals: int = 0  # of the target, in a row
    trouble: str = _text()  # why the latest try failed; "" when all is well
    created_at: datetime
    asked_at: datetime | None  # its owner is asked for their word since then; null: is not
    confirmed_at: datetime | None


class Letter(SQLModel, table=True):
    """One digest on its way to one target: claimed in the transaction that writes its deliveries."""

    __table_args__ = (Index(None, "channel", "target"), Index(None, "state", "next_try"))

    pk: int | None = counted("letter.pk")
    key: str = Field(unique=True)  # in Message-ID and idempotency keys, the same on every try
    channel: str
    target: str
    lang: str
    at: datetime  # logical time of the digest
    subscriptions: list[int] = _json()  # whose it is, in their order
    state: str  # claimed, deferred, refused, sent, folded (what it tells went into a later one)
    sender: str  # who claimed it; a claim whose sender is gone is taken over
    tries: int = 0  # how often it began to be handed over
    repeats: int = 0  # of those, how many may have followed one that got through
    unsure: bool = False  # the latest try may have got through
    next_try: datetime | None  # logical
    handed_at: datetime | None  # wall time of the latest try; null where its sender has not begun
    outcome: str = _text()  # what the other side said, in words
    late_since: datetime | None
    paused_since: datetime | None


class Delivery(SQLModel, table=True):
    """The ledger: a subscription was told an event, or is being told, or it was counted among more.

    Ordered by event first: a day's rows lie together, and a merged or split paper finds its own.
    """

    __table_args__ = (Index(None, "letter_pk"), {"sqlite_with_rowid": False})

    event_id: int = _refers("event.id", primary=True)
    subscription_pk: int = _refers("subscription.pk", primary=True)
    letter_pk: int | None = _refers("letter.pk", nullable=True)  # null: told before a split
    outcome: str  # shown, summarised


class Feedback(SQLModel, table=True):
    """What a person says of a paper and a topic; the latest word counts."""

    paper_id: str = Field(primary_key=True, foreign_key="paper.id")
    topic: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", primary=True)
    relevant: bool
    at: datetime


class Passed(SQLModel, table=True):
    """A person passed a paper by when asked whether it is about a topic: not now, perhaps later."""

    paper_id: str = Field(primary_key=True, foreign_key="paper.id")
    topic: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", primary=True)
    at: datetime


class Kept(SQLModel, table=True):
    """What a reader does with a paper: star it, put it by for later, hide it, have read it, note
    something. A row without any of it is deleted."""

    __table_args__ = (
        Index(None, "person_pk", "starred_at"),
        Index(None, "person_pk", "later_at"),
        Index(None, "person_pk", "hidden_at"),
        Index(None, "person_pk", "noted_at"),
    )

    person_pk: int = _refers("person.pk", primary=True)
    paper_id: str = Field(primary_key=True, foreign_key="paper.id", index=True)
    starred_at: datetime | None
    later_at: datetime | None
    hidden_at: datetime | None
    read_at: datetime | None
    note: str = _text()
    noted_at: datetime | None  # of the latest change of the note; null without one


class FeedbackOfEntry(SQLModel, table=True):
    """What a person said of a paper that is one with others now, by the entry that held its id: the
    word goes with it when they part."""

    __tablename__ = "feedback_of_entry"  # pyright: ignore[reportAssignmentType]

    entry_key: str = Field(primary_key=True)
    topic: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", primary=True)
    relevant: bool
    at: datetime


class KeptOfEntry(SQLModel, table=True):
    """As `FeedbackOfEntry`, of what a reader keeps."""

    __tablename__ = "kept_of_entry"  # pyright: ignore[reportAssignmentType]

    entry_key: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", primary=True)
    starred_at: datetime | None
    later_at: datetime | None
    hidden_at: datetime | None
    read_at: datetime | None
    note: str = _text()
    noted_at: datetime | None


class Audit(SQLModel, table=True):
    """One request or command that changed something by a person's will; none of it is a secret."""

    pk: int | None = counted("audit.pk")
    at: datetime = Field(index=True)  # wall time
    who: str = _text()  # token PREFIX (NAME), person NUMBER, slack MEMBER, owner, visitor
    what: str = _text()  # a command or a route
    about: str = _text()  # names of what was changed
    place: str = _text()  # a network address, "command line" or "slack"


class Token(SQLModel, table=True):
    """An API token; the secret itself is shown once and kept as its SHA-256 only."""

    pk: int | None = counted("token.pk")
    name: str = Field(unique=True)
    prefix: str  # the first signs, to tell tokens apart
    digest: str = Field(unique=True)
    scope: str  # read, write, admin
    created_at: datetime
    last_used: datetime | None
    expires_at: datetime | None  # null: never
    revoked_at: datetime | None
