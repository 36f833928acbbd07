"""Storing what a plan decided, in the caller's transaction: entries, papers, names, events, search."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator.merge.plan import Plan
from aggregator.models import Entry
from aggregator.store import events, labels, said, search, tags
from aggregator.store.rows import of_entry, of_paper
from aggregator.store.sql import (
    alias,
    chunks,
    entry,
    insert_into,
    insert_missing,
    mention,
    newest,
    next_keys,
    paper,
    sighting,
    tag,
    upsert,
)


def apply(connection: Connection, plan: Plan) -> None:
    """Store the plan. Everything is an upsert by key: applying it twice is harmless."""
    known, was_withdrawn = _stored(connection, [i for i in plan.papers if i not in plan.made])
    search.remove(connection, list(known.values()))
    turned = [i for i in known if plan.papers[i].withdrawn is not (i in was_withdrawn)]
    keys = _store_papers(connection, plan, known)
    spoken_of = said.note(connection, plan)
    _store_entries(connection, plan)
    note_newest(
        connection,
        ((name, e.draft.published) for e, _ in plan.entries.values() for name in e.sources),
    )
    _move_entries(connection, plan.moved)
    before = events.told_before(connection, plan)
    events.move(connection, plan)
    said.settle(connection, spoken_of, plan.gone)
    _remove_merged(connection, plan.gone)
    _store_names(connection, plan)
    events.store(connection, plan, before)
    events.withdrawn_again(connection, [i for i in turned if plan.papers[i].withdrawn], plan)
    events.bring_back(connection, [i for i in turned if not plan.papers[i].withdrawn], plan.now)
    _store_mentions(connection, [e for e, _ in plan.entries.values()])
    search.store(connection, [(keys[i], merged.doc) for i, merged in plan.papers.items()])


def _store_papers(connection: Connection, plan: Plan, known: dict[str, int]) -> dict[str, int]:
    """Insert the papers, or rewrite those that are `known`; returns their keys (`pk`) by id."""
    drawn = next_keys(connection, paper, len(plan.made)) if plan.made else []
    made = [i for i in plan.papers if i in plan.made]
    keys = known | dict(zip(made, drawn, strict=True))
    topics = _topics(connection, {keys[i]: i for i in plan.papers if i not in plan.made})
    rows: list[dict[str, Any]] = [
        {"pk": keys[i]} | of_paper(i, merged, topics.get(i, []), plan.now)
        for i, merged in plan.papers.items()
    ]
    upsert(connection, paper, rows)
    rewritten = [row for row in rows if row["id"] not in plan.made]
    tags.move(connection, {row["pk"]: (row["at"], row["heat"]) for row in rewritten})
    _store_sightings(connection, rows, rewritten)
    return keys


def _stored(connection: Connection, ids: Sequence[str]) -> tuple[dict[str, int], set[str]]:
    """(the keys of the papers that are stored, by id, those of them that are withdrawn)"""
    keys, withdrawn = dict[str, int](), set[str]()
    for part in chunks(ids):
        asked = sa.select(paper.c.id, paper.c.pk, paper.c.withdrawn).where(paper.c.id.in_(part))
        for row in connection.execute(asked):
            keys[row.id] = row.pk
            if row.withdrawn:
                withdrawn.add(row.id)
    return keys, withdrawn


def _keys(connection: Connection, name: sa.Column[str], values: Sequence[str]) -> dict[str, int]:
    """The primary keys of the rows that are there, by their name."""
    found: dict[str, int] = {}
    for part in chunks(values):
        asked = sa.select(name, name.table.c.pk).where(name.in_(part))
        found |= {row[0]: row[1] for row in connection.execute(asked)}
    return found


def _topics(connection: Connection, ids: Mapping[int, str]) -> dict[str, list[dict[str, Any]]]:
    """The tags that a rewritten paper keeps until the tagger has looked again."""
    found: dict[str, list[dict[str, Any]]] = {}
    for part in chunks(list(ids)):
        asked = sa.select(paper.c.id, paper.c.doc).where(paper.c.pk.in_(part))
        for row in connection.execute(asked):
            found[row.id] = row.doc.get("topics", [])
    return found


def _store_sightings(
    connection: Connection, rows: Sequence[dict[str, Any]], rewritten: Sequence[dict[str, Any]]
) -> None:
    if rewritten:
        gone = sa.delete(sighting).where(sighting.c.paper_pk == sa.bindparam("key"))
        connection.execute(gone, [{"key": row["pk"]} for row in rewritten])
    seen = [
        {"source": name, "paper_pk": row["pk"], "at": row["at"]}
        for row in rows
        for name in sorted({name for e in row["doc"]["entries"] for name in e["sources"]})
    ]
    if seen:
        connection.execute(sa.insert(sighting), seen)


def note_newest(connection: Connection, entries: Iterable[tuple[str, datetime]]) -> None:
    """When each source's newest entry was published, of these (source, published)."""
    found: dict[str, datetime] = {}
    for name, published in entries:
        found[name] = max(found.get(name, published), published)
    if found:
        statement = insert_into(connection, newest)
        later = statement.excluded.published
        statement = statement.on_conflict_do_update(
            index_elements=["source"],
            set_={"published": later},
            where=newest.c.published < later,
        )
        connection.execute(
            statement, [{"source": name, "published": moment} for name, moment in found.items()]
        )


def _store_entries(connection: Connection, plan: Plan) -> None:
    keys = _keys(connection, entry.c.key, list(plan.entries))
    missing = [e.key for e, _ in plan.entries.values() if e.key not in keys]
    keys |= dict(zip(missing, next_keys(connection, entry, len(missing)), strict=True))
    upsert(
        connection,
        entry,
        [
            {"pk": keys[e.key]} | of_entry(e, content, plan.now)
            for e, content in plan.entries.values()
        ],
    )


def _move_entries(connection: Connection, moved: Mapping[str, str]) -> None:
    if moved:
        change = (
            sa.update(entry)
            .where(entry.c.key == sa.bindparam("moved"))
            .values(paper_id=sa.bindparam("to"))
        )
        connection.execute(change, [{"moved": key, "to": to} for key, to in moved.items()])


def _store_names(connection: Connection, plan: Plan) -> None:
    for part in chunks([i for i in plan.papers if i not in plan.made]):
        old = sa.delete(alias).where(alias.c.paper_id.in_(part), ~alias.c.name.startswith("id:"))
        connection.execute(old)
    rows = [
        {"name": name, "paper_id": paper_id}
        for paper_id, merged in plan.papers.items()
        for name in merged.names
    ]
    if rows:
        connection.execute(sa.insert(alias), rows)
    gone = [{"name": f"id:{old}", "paper_id": new} for old, new in plan.gone.items()]
    insert_missing(connection, alias, gone, ("name", "paper_id"))


def _remove_merged(connection: Connection, gone: Mapping[str, str]) -> None:
    """Papers merged into another: their names and events move, their second `new` is superseded."""
    for old, survivor in gone.items():
        mine = alias.c.paper_id == old
        connection.execute(sa.delete(alias).where(mine, ~alias.c.name.startswith("id:")))
        connection.execute(sa.update(alias).where(mine).values(paper_id=survivor))
        events.merged_away(connection, old, survivor)
        labels.move(connection, old, survivor)
        key = connection.execute(sa.select(paper.c.pk).where(paper.c.id == old)).scalar_one()
        connection.execute(sa.delete(tag).where(tag.c.paper_pk == key))
        connection.execute(sa.delete(sighting).where(sighting.c.paper_pk == key))
        search.remove(connection, [key])
        connection.execute(sa.delete(paper).where(paper.c.id == old))


def _store_mentions(connection: Connection, entries: Sequence[Entry]) -> None:
    for part in chunks([known.key for known in entries if known.draft.role == "post"]):
        connection.execute(sa.delete(mention).where(mention.c.entry_key.in_(part)))
    rows = [
        {"entry_key": known.key, "name": name} for known in entries for name in known.draft.mentions
    ]
    insert_missing(connection, mention, rows, ("entry_key", "name"))
