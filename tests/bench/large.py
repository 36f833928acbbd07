"""Makes a store of a million papers within minutes: some thousand real papers are taken in as an import
would, and then copied by the database itself with other ids, later keys and earlier days, search index
and tags included. The newest day is a busy one.
"""

from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from aggregator import pipeline, topics
from aggregator.digest import rank
from aggregator.files import bulk
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.store.rowids import KEY_BITS
from tests.bench.addresses import BUSY_DAY
from tests.bench.bulk import NOW, write_snapshot

BASE = 20_000
BUSY = 1_200
"""Papers of the newest day, made up to be more than a day of the categories that are followed brings."""


class Sql(NamedTuple):
    """What each database writes in its own way; `{}` stands for a column or an id, `{n}` for days. Keys
    of a copy are by `step` higher than those of the copy before; on PostgreSQL they have no gaps, since
    Daypaper looks at papers from everywhere by their keys."""

    step: int
    earlier: str
    that_day: str
    days: str
    named: str


SQLITE = Sql(
    step=1_000_000,
    earlier="strftime('%Y-%m-%d %H:%M:%f000', {}, '-{n} days')",
    that_day=f"'{BUSY_DAY} 01:00:00.000000'",
    days="julianday({})",
    named="json_set(doc, '$.id', {})",
)
POSTGRES = Sql(
    step=BASE,
    earlier="{} - interval '{n} days'",
    that_day=f"timestamptz '{BUSY_DAY} 01:00:00+00'",
    days="extract(epoch FROM {}) / 86400",
    named="jsonb_set(doc, '{{id}}', to_jsonb({}))",
)


def make(store: Store, settings: Settings, config: topics.Config, count: int) -> None:
    """Fill an empty store; on PostgreSQL its statistics, too, which a server makes by itself in time."""
    store.migrate()
    snapshot = store.data_dir / "snapshot.json"
    write_snapshot(snapshot, BASE)
    bulk.load(store, snapshot, "arxiv-snapshot", NOW, lambda _: None)
    pipeline.tag(store, settings, config)
    snapshot.unlink()
    sql = SQLITE if store.is_sqlite else POSTGRES
    moves = [(BASE, sql.earlier.replace("{n}", str(n))) for n in range(1, count // BASE)]
    for n, (most, moved) in enumerate([*moves, (BUSY, sql.that_day)], 1):
        with store.write() as connection:
            if store.is_sqlite:
                connection.exec_driver_sql("PRAGMA cache_size=-400000")
            _copy(connection, sql, n, most, moved)
    if not store.is_sqlite:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _copy(connection: Connection, sql: Sql, n: int, most: int, moved: str) -> None:
    """Everything of papers with keys up to `most` once more: their `n`th copy."""
    step, mark = n * sql.step, f"c{n}"
    at = moved.format("at")
    heat = f"heat + ({sql.days.format(at)} - {sql.days.format('at')}) / {rank.HOT_DAYS}"
    ids = f"(SELECT id FROM paper WHERE pk <= {most})"
    old, named = f"paper_pk <= {most}", f"id || '{mark}'"
    about = {"paper_id": f"paper_id || '{mark}'"}
    for table, which, changed in (
        ("paper", f"pk <= {most}", {"pk": f"pk + {step}", "id": named, "at": at, "heat": heat,
                                    "doc": sql.named.format(named)}),
        ("entry", f"paper_id IN {ids}", about | {"pk": f"pk + {step}", "key": f"key || '{mark}'",
                                                 "native_id": f"native_id || '{mark}'",
                                                 "title_key": f"title_key || '{mark}'",
                                                 "people_key": f"people_key || '{mark}'",
                                                 "published": moved.format("published")}),
        ("alias", f"paper_id IN {ids}", about | {"name": f"name || '{mark}'"}),
        ("event", f"paper_id IN {ids}", about | {"id": f"id + {step}", "at": at}),
        ("tag", old, {"paper_pk": f"paper_pk + {step}", "at": at, "heat": heat}),
        ("sighting", old, {"paper_pk": f"paper_pk + {step}", "at": at}),
    ):  # fmt: skip
        columns = [column["name"] for column in sa.inspect(connection).get_columns(table)]
        values = ", ".join(changed.get(name, f'"{name}"') for name in columns)
        names = ", ".join(f'"{name}"' for name in columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} WHERE {which}"
        )
    connection.exec_driver_sql(_indexed(connection, step, most))


def _indexed(connection: Connection, step: int, most: int) -> str:
    """The statement that copies the search index."""
    if connection.dialect.name != "sqlite":
        copied = f"SELECT pk + {step}, document FROM paper_search WHERE pk <= {most}"
        return f"INSERT INTO paper_search (pk, document) {copied}"
    second = "CAST(strftime('%s', substr(new.at, 1, 19)) AS INTEGER)"
    first = "CAST(strftime('%s', substr(old.at, 1, 19)) AS INTEGER)"
    return (
        f"INSERT INTO paper_fts(rowid, title, body, authors) SELECT {second} << {KEY_BITS} | new.pk, "
        f"c0, c1, c2 FROM paper AS old CROSS JOIN paper AS new ON new.pk = old.pk + {step} "
        f"CROSS JOIN paper_fts_content AS c ON c.id = {first} << {KEY_BITS} | old.pk "
        f"WHERE old.pk <= {most} ORDER BY 1"
    )
