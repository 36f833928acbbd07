"""Commands that keep the store safe: a copy of it, and back."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from aggregator import clock, settings
from aggregator.cli import report
from aggregator.cli.common import Json, app, errors, opened, say
from aggregator.files import backup as backups
from aggregator.store.db import Store


@app.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The file to write; replaced if it is there.")],
    as_json: Json = False,
) -> None:
    """Copy the whole store into one file, while everything goes on."""
    with opened() as (store, _, _), report.Bar(errors, quiet=as_json) as bar:
        made = backups.write(
            store, path, clock.wall(), lambda what, n, total: bar("backup", what, n, total)
        )
    _tell(path, made, "written", as_json)


@app.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A file that `backup` wrote.")],
    as_json: Json = False,
) -> None:
    """Fill an empty store from a backup; on SQLite or PostgreSQL, whichever it came from."""
    chosen = settings.load()
    store = Store(chosen.database, chosen.data_dir)
    try:
        with report.Bar(errors, quiet=as_json) as bar:
            made = backups.restore(
                store, path, lambda what, n, total: bar("restore", what, n, total)
            )
    finally:
        store.close()
    _tell(path, made, "restored", as_json)


def _tell(path: Path, made: backups.Copied, done: str, as_json: bool) -> None:
    if as_json:
        size = path.stat().st_size
        say({"papers": made.papers, "rows": made.rows, "taken": made.taken, "bytes": size})
    else:
        sys.stdout.write(
            f"{path} {done}: {made.papers} papers, {made.rows} rows, as of {made.taken}.\n"
        )
