"""The tables of accounts: links that sign in, sessions of browsers, identities at a provider."""

from datetime import datetime

from sqlalchemy import UniqueConstraint
from sqlmodel import Field, SQLModel

from aggregator.store.people_tables import _refers


class SignIn(SQLModel, table=True):
    """A link that was sent by mail and waits to be used, once; deleted when it is, or is too old."""

    __tablename__ = "sign_in"  # pyright: ignore[reportAssignmentType]

    id: str = Field(primary_key=True)  # opaque, in the signed link
    address: str = Field(index=True)  # the e-mail address in its normal form
    browser: str  # SHA-256 of the secret in the cookie of the browser that asked
    back: str  # the page to lead back to
    made_at: datetime


class Session(SQLModel, table=True):
    """A browser that signed in; its secret is in its cookie, here is the SHA-256 only."""

    digest: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", index=True)
    made_at: datetime
    ends_at: datetime = Field(index=True)


class Identity(SQLModel, table=True):
    """Whom an OpenID provider knows under a name of its own, which unlike an address is never given
    to somebody else."""

    __table_args__ = (UniqueConstraint("issuer", "person_pk"),)

    issuer: str = Field(primary_key=True)
    subject: str = Field(primary_key=True)
    person_pk: int = _refers("person.pk", index=True)
    made_at: datetime
