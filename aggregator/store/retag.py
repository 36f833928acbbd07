"""What is to be tagged, block by block, and writing what that changed: any number of processes share it.

Papers that wait for all their tags (`tagged_by` is null) and papers whose tags of some topics are by
another version ("the walk", over the blocks of `tag_block`) are read, tagged outside of any transaction,
and written if they are still as they were read and still wanted by those versions. So a claim
(`Store.claims`) only saves work: what is right does not depend on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Row

from aggregator.digest import rank
from aggregator.models import Tag
from aggregator.store import model, rows
from aggregator.store.sql import (
    chunks,
    is_sqlite,
    one_at_a_time,
    paper,
    tag,
    tag_block,
    topic_state,
    upsert,
)  # fmt: skip
from aggregator.store.tags import TAGGED, said_of
from aggregator.tag.anew import Change, Stored

BLOCK = 512  # keys; some 50 ms of work, and as much of the write lock at most
_SEEN = 16_384  # waiting papers, the newest, among which blocks are looked for
_TAG = ("paper_pk", "topic", "probability", "tagged", "by", "at", "heat")


@dataclass(frozen=True, slots=True)
class Piece:
    """Papers of one block: those that wait for all their tags (`whole`), or the others. `marks` tell
    whether a paper is still the same, `placed` is its moment and heat as the database has them."""

    block: int
    whole: bool
    papers: list[Stored]
    marks: Mapping[int, str]
    placed: Mapping[int, tuple[Any, float]]


class OvertakenError(Exception):
    """Papers are wanted by other versions by now: nothing was written."""


def begun(connection: Connection, versions: Mapping[str, str]) -> frozenset[str] | None:
    """The topics that the walk makes anew so that every topic's tags are of these versions; None if
    papers are not wanted by these versions, yet or any more."""
    known = {row.topic: row for row in connection.execute(sa.select(topic_state))}
    if any(name not in known or known[name].wanted != v for name, v in versions.items()):
        return None
    left = known.keys() - versions.keys()
    if any(known[name].wanted for name in left):
        return None
    return frozenset({n for n, v in versions.items() if known[n].version != v} | left)


def begin(
    connection: Connection,
    versions: Mapping[str, str],
    made: Mapping[tuple[str, str], model.Made],
) -> frozenset[str]:
    """From now on papers are wanted by these versions, for which the models `made` here were read;
    a topic without a version has left, and its tags go. Returns what `begun` does.

    Raises OvertakenError if other models are in use by now.
    """
    one_at_a_time(connection, "ingest")
    if model.in_use(connection) != made:
        raise OvertakenError
    stale = begun(connection, versions)
    if stale is None:
        known = {row.topic: row.version for row in connection.execute(sa.select(topic_state))}
        wanted = {**dict.fromkeys(known, ""), **versions}
        upsert(
            connection,
            topic_state,
            [
                {"topic": name, "version": known.get(name, ""), "wanted": one}
                for name, one in wanted.items()
            ],
        )
        connection.execute(sa.delete(tag_block))
        tagged = sa.select(_BLOCK_OF).where(paper.c.tagged_by.is_not(None)).distinct()
        connection.execute(sa.insert(tag_block).from_select(["block"], tagged))
        stale = begun(connection, versions) or frozenset()
    _end_if_done(connection, stale, versions)
    return stale


def forget(connection: Connection) -> None:
    """Let all tags be made anew."""
    one_at_a_time(connection, "ingest")
    connection.execute(sa.update(topic_state).values(version="", wanted=""))


def waiting_blocks(connection: Connection) -> list[int]:
    """The blocks of papers that wait for all their tags, that of the newest one first; not all if very
    many wait."""
    if not is_sqlite(connection):
        # After an import the planner may not know yet how many papers wait: it would sort them all.
        connection.exec_driver_sql("SELECT set_config('enable_sort', 'off', true)")
    asked = sa.select(_BLOCK_OF).where(paper.c.tagged_by.is_(None))
    asked = asked.order_by(paper.c.at.desc(), paper.c.pk.desc()).limit(_SEEN)
    return list(dict.fromkeys(connection.scalars(asked)))


def backlog(connection: Connection, most: int) -> int:
    """About how many papers are to be tagged; at most about `most` is told."""
    waiting = sa.select(paper.c.pk).where(paper.c.tagged_by.is_(None)).limit(most).subquery()
    count = connection.scalar(sa.select(sa.func.count()).select_from(waiting)) or 0
    return count + BLOCK * len(walk_blocks(connection, 1 + most // BLOCK))


def walk_blocks(connection: Connection, most: int) -> list[int]:
    """Blocks that the walk has still to look at, the latest first."""
    return list(
        connection.scalars(
            sa.select(tag_block.c.block).order_by(tag_block.c.block.desc()).limit(most)
        )
    )


def read(connection: Connection, block: int, *, whole: bool) -> Piece:
    """What is to be tagged of a block; no papers where the walk has looked at it."""
    sqlite = is_sqlite(connection)
    text = () if sqlite else (sa.cast(paper.c.doc, sa.Text).label("text"),)
    found = _papers(connection, block, whole, *text)
    said = said_of(connection, [row.id for row in found])
    tags = _tags(connection, block)
    return Piece(
        block,
        whole,
        [
            Stored(r.pk, r.mark if sqlite else r.text, said.get(r.id, {}), tags.get(r.pk, {}))
            for r in found
        ],
        {r.pk: r.mark for r in found},
        {r.pk: (r.at, r.heat) for r in found},
    )


def save(
    connection: Connection,
    piece: Piece,
    changes: Sequence[Change],
    versions: Mapping[str, str],
    stale: frozenset[str],
) -> int:
    """Write what changed of the papers that are as they were read; the others are there to be read
    again. `stale` are the topics that were made anew. Returns how many papers were looked at.

    Raises OvertakenError if papers are wanted by other versions, or more of them, by now.
    """
    one_at_a_time(connection, "ingest")
    wanted = begun(connection, versions)
    if wanted is None or not wanted <= stale:
        raise OvertakenError
    found = _papers(connection, piece.block, piece.whole)
    said = said_of(connection, [row.id for row in found])
    tags = _tags(connection, piece.block)
    before = {one.pk: one for one in piece.papers}
    same = {
        row.pk
        for row in found
        if row.mark == piece.marks.get(row.pk)
        and before[row.pk].said == said.get(row.id, {})
        and before[row.pk].tags == tags.get(row.pk, {})
    }
    _write(connection, piece, [one for one in changes if one.pk in same])
    if not piece.whole and len(same) == len(found):
        mine = tag_block.c.block == piece.block
        connection.execute(sa.delete(tag_block).where(mine))
        _end_if_done(connection, wanted, versions)
    return len(same)


def _write(connection: Connection, piece: Piece, changes: Sequence[Change]) -> None:
    gone = [(one.pk, name) for one in changes for name in one.gone]
    made = [
        (one.pk, t.topic, t.probability, t.tagged, t.by, at, rank.hot_in_topic(heat, t.probability))
        for one in changes
        for at, heat in (piece.placed[one.pk],)
        for t in one.made
    ]
    shown: list[tuple[int, str | None]] = [
        (one.pk, one.topics) for one in changes if one.topics is not None
    ]
    write = _write_sqlite if is_sqlite(connection) else _write_postgres
    write(connection, gone, shown)
    rows.put(connection, "tag", _TAG, made)
    if piece.whole:
        rest = [one.pk for one in changes if one.topics is None]
        for part in chunks(rest):
            mine = paper.c.pk.in_(part)
            connection.execute(sa.update(paper).where(mine).values(tagged_by=TAGGED))


def _write_sqlite(
    connection: Connection, gone: list[tuple[int, str]], shown: list[tuple[int, str | None]]
) -> None:
    if gone:
        connection.exec_driver_sql("DELETE FROM tag WHERE paper_pk = ? AND topic = ?", gone)
    if shown:
        connection.exec_driver_sql(
            "UPDATE paper SET doc = json_set(doc, '$.topics', json(?2)), tagged_by = ?3 WHERE pk = ?1",
            [(pk, topics, TAGGED) for pk, topics in shown],
        )


def _write_postgres(
    connection: Connection, gone: list[tuple[int, str]], shown: list[tuple[int, str | None]]
) -> None:
    # One statement for all rows: a tenth of what as many statements take.
    if gone:
        connection.execute(
            sa.text(
                "DELETE FROM tag USING unnest(CAST(:pks AS bigint[]), CAST(:names AS text[])) AS g(pk, name)"
                " WHERE tag.paper_pk = g.pk AND tag.topic = g.name"
            ),
            {"pks": [pk for pk, _ in gone], "names": [name for _, name in gone]},
        )
    if shown:
        connection.execute(
            sa.text(
                "UPDATE paper SET doc = jsonb_set(doc, '{topics}', CAST(s.topics AS jsonb)), tagged_by = :by"
                " FROM unnest(CAST(:pks AS bigint[]), CAST(:topics AS text[])) AS s(pk, topics)"
                " WHERE paper.pk = s.pk"
            ),
            {"pks": [pk for pk, _ in shown], "topics": [t for _, t in shown], "by": TAGGED},
        )


def _end_if_done(
    connection: Connection, stale: frozenset[str], versions: Mapping[str, str]
) -> None:
    """Once every block has been looked at, the topics' tags are of these versions; those that have
    left are forgotten."""
    if not stale or walk_blocks(connection, 1):
        return
    left = [name for name in stale if name not in versions]
    connection.execute(sa.delete(topic_state).where(topic_state.c.topic.in_(left)))
    done = [
        {"topic": name, "version": versions[name], "wanted": versions[name]}
        for name in stale
        if name in versions
    ]
    upsert(connection, topic_state, done)


_BLOCK_OF = sa.type_coerce(paper.c.pk.op("/")(BLOCK), sa.Integer)  # whole numbers divide as such


def _papers(
    connection: Connection, block: int, whole: bool, *more: sa.ColumnElement[Any]
) -> Sequence[Row[Any]]:
    """What the database has of a block's papers, values as the driver gives them; `mark` changes with
    every write: on PostgreSQL it is the version of the row, on SQLite the document itself."""
    mark = (
        sa.type_coerce(paper.c.doc, sa.Text)
        if is_sqlite(connection)
        else sa.literal_column("CAST(paper.xmin AS text)", sa.Text)
    )
    at = sa.type_coerce(paper.c.at, sa.Text)
    asked = sa.select(
        paper.c.pk, paper.c.id, at.label("at"), paper.c.heat, mark.label("mark"), *more
    )
    if not whole:
        asked = asked.where(sa.exists().where(tag_block.c.block == block))
    tagged = paper.c.tagged_by.is_(None) if whole else paper.c.tagged_by.is_not(None)
    first = block * BLOCK
    return connection.execute(
        asked.where(paper.c.pk >= first, paper.c.pk < first + BLOCK, tagged)
    ).all()


def _tags(connection: Connection, block: int) -> dict[int, dict[str, Tag]]:
    """The tags that a block's papers have: key -> topic -> tag."""
    found: dict[int, dict[str, Tag]] = {}
    first = block * BLOCK
    mine = (tag.c.paper_pk >= first) & (tag.c.paper_pk < first + BLOCK)
    asked = sa.select(tag.c.paper_pk, tag.c.topic, tag.c.probability, tag.c.tagged, tag.c.by)
    for pk, *one in connection.execute(asked.where(mine)):
        found.setdefault(pk, {})[one[0]] = Tag(*one)
    return found
