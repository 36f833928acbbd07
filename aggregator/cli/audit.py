"""The command that shows who changed what."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator import clock
from aggregator.cli.common import Json, app, moment, opened, say
from aggregator.store import audit as log


@app.command()
def audit(
    since: Annotated[str, typer.Option(help="From this moment on (ISO 8601).")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 100,
    as_json: Json = False,
) -> None:
    """Who changed what, and from where, the newest first; kept for a year."""
    first = moment(since, "--since")
    with opened() as (store, _, _), store.read() as connection:
        found = log.newest(connection, first, limit)
    if as_json:
        lines = [
            {
                "at": clock.iso(one.at),
                "who": one.who,
                "what": one.what,
                "about": one.about,
                "from": one.place,
            }
            for one in found
        ]
        say({"audit": lines})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("when", "who", "what", "about", "from"):
        table.add_column(heading)
    for one in found:
        words = (clock.iso(one.at)[:19], one.who, one.what, one.about, one.place)
        table.add_row(*map(Text, words))
    Console().print(table if found else "Nothing was changed by hand.")
