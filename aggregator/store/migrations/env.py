"""Alembic's entry: the engine comes from `Store.migrate`, there is no ini file."""

from typing import Any

from alembic import context
from sqlmodel import SQLModel

import aggregator.store.sql  # noqa: F401 - registers the tables

OURS_ELSEWHERE = ("paper_fts", "paper_search")  # search tables: made by hand, unlike per database


def _ours(_object: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    return not (kind == "table" and name is not None and name.startswith(OURS_ELSEWHERE))


def _reached(ctx: Any, step: Any, heads: Any, run_args: Any) -> None:
    del ctx, heads, run_args
    if tell := context.config.attributes.get("reached"):
        tell(step.up_revision_id)


with context.config.attributes["engine"].connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,
        include_object=_ours,
        compare_type=False,
        on_version_apply=_reached,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
