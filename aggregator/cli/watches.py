"""Commands about watches: save a filter, see which there are, delete one."""

import sys
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator import clock
from aggregator.cli.common import Json, app, errors, opened, say
from aggregator.errors import NotFoundError, UsageError
from aggregator.expected import in_words
from aggregator.store import watches
from aggregator.topics import Config
from aggregator.watches import Watch

group = typer.Typer(help="Look after watches: saved filters.", no_args_is_help=True)
app.add_typer(group, name="watch")

Name = Annotated[str, typer.Argument(help="Lower-case letters, digits, - and _.")]
Several = list[str] | None


@group.command()
def create(
    name: Name,
    topic: Annotated[Several, typer.Option(help="Any of these topics.")] = None,
    query: Annotated[str, typer.Option(help="Words that must all occur.")] = "",
    author: Annotated[Several, typer.Option(help="Any of these authors.")] = None,
    venue: Annotated[Several, typer.Option(help="Any of these venues.")] = None,
    source: Annotated[Several, typer.Option(help="Seen by any of these sources.")] = None,
    min_probability: Annotated[
        float | None, typer.Option(help="At least this probability of a topic.")
    ] = None,
    exclude_topic: Annotated[Several, typer.Option(help="None of these topics.")] = None,
    exclude_query: Annotated[str, typer.Option(help="Words that must not all occur.")] = "",
    exclude_author: Annotated[Several, typer.Option(help="None of these authors.")] = None,
    exclude_venue: Annotated[Several, typer.Option(help="None of these venues.")] = None,
    exclude_source: Annotated[Several, typer.Option(help="None of these sources.")] = None,
    max_per_day: Annotated[int | None, typer.Option(help="Papers shown in a day.")] = None,
    as_json: Json = False,
) -> None:
    """Save a watch; every option given must hold, of a repeated one any value suffices."""
    made = _watch(
        {
            "name": name,
            "topics": topic or (),
            "query": query,
            "authors": author or (),
            "venues": venue or (),
            "sources": source or (),
            "min_probability": min_probability,
            "exclude_topics": exclude_topic or (),
            "exclude_query": exclude_query,
            "exclude_authors": exclude_author or (),
            "exclude_venues": exclude_venue or (),
            "exclude_sources": exclude_source or (),
            "max_per_day": max_per_day,
        }
    )
    with opened(name, act="watch create") as (store, _, config), store.write() as connection:
        if config.watch(name):
            raise UsageError(f'"{name}" stands in topics.toml; expected another name.')
        if _exists(connection, config, name):
            raise UsageError(f'There is a watch "{name}" already; delete it first.')
        watches.save(connection, config, made, clock.wall())
    known = {one.name for one in config.sources}
    for unknown in sorted({*made.sources, *made.exclude_sources} - known):
        errors.print(f'There is no source "{unknown}" in topics.toml.', markup=False)
    if as_json:
        say(made.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{name}: saved.\n")


@group.command("list")
def list_watches(as_json: Json = False) -> None:
    """Every watch: the topics, those of topics.toml, those saved here."""
    with opened() as (store, _, config), store.read() as connection:
        found = watches.everything(connection, config, watches.ALL)
    if as_json:
        say({"watches": [one.model_dump(mode="json") for one in found]})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("watch", "from", "selects"):
        table.add_column(heading, overflow="fold")
    for one in found:
        table.add_row(*map(Text, (one.name, _origin(config, one.name), _in_words(one))))
    Console().print(table)


@group.command()
def show(name: Name, as_json: Json = False) -> None:
    """One watch."""
    with opened() as (store, _, config), store.read() as connection:
        found = watches.find(connection, config, name, watches.ALL)
    if as_json:
        say(found.model_dump(mode="json"))
    else:
        sys.stdout.write(f"{name} ({_origin(config, name)}): {_in_words(found)}\n")


@group.command()
def delete(name: Name) -> None:
    """Delete a watch that was saved here, and end its subscriptions."""
    with opened(name, act="watch delete") as (store, _, config), store.write() as connection:
        ended = watches.delete(connection, config, name, watches.ALL)
    sys.stdout.write(f"{name}: deleted; {len(ended)} subscriptions ended.\n")


def _watch(given: dict[str, Any]) -> Watch:
    try:
        return Watch.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0]) if first["loc"] else ""
        message = in_words(first)
        if key == "name":
            raise UsageError(
                f"{given['name']!r}: expected a name of lower-case letters, digits, - and _."
            ) from None
        several = key.endswith("s") and not key.endswith("query")
        option = "--" + (key[:-1] if several else key).replace("_", "-")
        raise UsageError(f"{option}: {message}." if key else f"{message}.") from None


def _exists(connection: Any, config: Config, name: str) -> bool:
    try:
        watches.find(connection, config, name, watches.ALL)
    except NotFoundError:
        return False
    return True


def _origin(config: Config, name: str) -> str:
    if config.topic(name):
        return "topic"
    return "topics.toml" if config.watch(name) else "saved here"


def _in_words(watch: Watch) -> str:
    """ "topics: gan, rl; query: diffusion" """
    said = watch.model_dump(mode="json", exclude={"name"}, exclude_defaults=True)
    return "; ".join(
        f"{key}: {', '.join(value) if isinstance(value, list) else value}"
        for key, value in said.items()
    )
