"""The tables of the tagger: models made here, what each topic was last tagged by, and retraining."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Index, Text
from sqlmodel import Field, SQLModel

from aggregator.store.keys import BIG, counted
from aggregator.store.tables import _json, _text


class Model(SQLModel, table=True):
    """A model that was made here from the store: every process reads it from here, so that all of
    them tag alike."""

    __table_args__ = (Index(None, "kind", "name", "pk"),)

    pk: int | None = counted("model.pk")
    kind: str  # taught: the tagger after people's words; own: a topic's own model;
    # reading: how the papers of the store speak, which tastes are learned with
    name: str  # the topic; "" for taught and reading
    basis: str  # what it was made of: the version of the tagger, or the topic's words
    version: str  # of its data; "" where no model could be made
    at: datetime  # logical time of its making
    reach: int = Field(default=0, sa_column=Column(BIG, nullable=False))  # newest paper then
    figures: dict[str, Any] = _json()
    # Base64 of the bytes of its file: a backup holds rows of plain values.
    data: str | None = Field(default=None, sa_column=Column(Text, nullable=True))
    in_use: bool  # false: an earlier one, kept for taking the later one back


class TopicState(SQLModel, table=True):
    """By what a topic's tags were made, and by what they are made anew where that is another."""

    __tablename__ = "topic_state"  # pyright: ignore[reportAssignmentType]

    topic: str = Field(primary_key=True)
    version: str = _text()  # every tagged paper has this topic's tag by this version or a later one
    wanted: str = _text()  # what papers are tagged by now; the walk is over where both are the same


class TagBlock(SQLModel, table=True):
    """Papers that the walk has still to look at, those of neighbouring keys together."""

    __tablename__ = "tag_block"  # pyright: ignore[reportAssignmentType]

    block: int = Field(sa_column=Column(BIG, primary_key=True, autoincrement=False))  # key // 512


class Training(SQLModel, table=True):
    """One attempt at learning from people's words, kept as history."""

    pk: int | None = counted("training.pk")
    at: datetime  # logical
    words: int  # how many words of people there were
    outcome: str  # kept, worse, rolled_back, failed
    message: str = _text()
    figures: dict[str, Any] = _json()
