"""Models made here: what people taught the tagger, topics' own, and how the store's papers speak; the latest
and the one before."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.store.sql import model, one_at_a_time, paper, training

Kind = Literal["taught", "own", "reading"]
KEPT = 2  # models of one kind and name: the one in use and the one before


@dataclass(frozen=True, slots=True)
class Made:
    """A model without its data, as in `model_tables.Model`."""

    pk: int
    kind: str
    name: str
    basis: str
    version: str
    at: datetime
    reach: int
    figures: Mapping[str, Any]


_ABOUT = [c for c in model.c if c.name not in ("data", "in_use")]


def in_use(connection: Connection) -> dict[tuple[str, str], Made]:
    """(kind, name) -> the model in use."""
    asked = sa.select(*_ABOUT).where(model.c.in_use).order_by(model.c.pk)
    return {(row.kind, row.name): Made(*row) for row in connection.execute(asked)}


def data(connection: Connection, pk: int) -> bytes | None:
    """The bytes of a model's file; None if it is gone, or never was."""
    text = connection.scalar(sa.select(model.c.data).where(model.c.pk == pk))
    return None if text is None else b64decode(text)


def swap_in(
    connection: Connection,
    kind: Kind,
    name: str,
    *,
    basis: str,
    version: str,
    now: datetime,
    figures: Mapping[str, Any],
    content: bytes | None,
) -> None:
    """Use this model from now on; the one before is kept for `take_back`, older ones go."""
    one_at_a_time(connection, "models")
    mine = (model.c.kind == kind) & (model.c.name == name)
    connection.execute(sa.update(model).where(mine).values(in_use=False))
    row = {
        "kind": kind,
        "name": name,
        "basis": basis,
        "version": version,
        "at": now,
        "reach": newest_paper(connection),
        "figures": dict(figures),
        "data": None if content is None else b64encode(content).decode(),
        "in_use": True,
    }
    connection.execute(sa.insert(model), [row])
    kept = sa.select(model.c.pk).where(mine).order_by(model.c.pk.desc()).limit(KEPT)
    keys = list(connection.scalars(kept))
    connection.execute(sa.delete(model).where(mine, model.c.pk.not_in(keys)))


def take_back(connection: Connection, kind: Kind, name: str) -> bool:
    """Delete the model in use and use the one before, if there is one; False if none was in use."""
    one_at_a_time(connection, "models")
    mine = (model.c.kind == kind) & (model.c.name == name)
    gone = connection.scalar(sa.select(model.c.pk).where(mine, model.c.in_use))
    if gone is None:
        return False
    connection.execute(sa.delete(model).where(model.c.pk == gone))
    before = sa.select(sa.func.max(model.c.pk)).where(mine).scalar_subquery()
    connection.execute(sa.update(model).where(model.c.pk == before).values(in_use=True))
    return True


def learned_last(connection: Connection) -> list[tuple[Kind, str]]:
    """(kind, name) of the models in use that the latest learning brought of which any is in use."""
    kept = sa.select(training.c.at).where(training.c.outcome == "kept")
    asked = sa.select(model.c.kind, model.c.name, model.c.at).where(
        model.c.in_use, model.c.kind.in_(("taught", "own")), model.c.at.in_(kept)
    )
    rows = connection.execute(asked).all()
    latest = max((row.at for row in rows), default=None)
    return [(row.kind, row.name) for row in rows if row.at == latest]


def newest_paper(connection: Connection) -> int:
    """The greatest key of a paper; 0 in an empty store."""
    return connection.scalar(sa.select(sa.func.max(paper.c.pk))) or 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at learning from people's words, as in `model_tables.Training`."""

    at: datetime
    words: int
    outcome: str
    message: str
    figures: Mapping[str, Any]


def note_attempt(connection: Connection, attempt: Attempt) -> None:
    """Keep an attempt in the history."""
    row = {name: getattr(attempt, name) for name in Attempt.__slots__}
    connection.execute(sa.insert(training), [row | {"figures": dict(attempt.figures)}])


def last_attempt(connection: Connection) -> Attempt | None:
    """The latest attempt, if there was one."""
    columns = [training.c[name] for name in Attempt.__slots__]
    row = connection.execute(sa.select(*columns).order_by(training.c.pk.desc()).limit(1)).first()
    return Attempt(*row) if row else None
