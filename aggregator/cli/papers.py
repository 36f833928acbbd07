"""Commands about one paper: what it is made of, and taking that apart or together."""

import sys
from typing import Annotated, Any

import typer

from aggregator import clock
from aggregator.cli.common import Json, app, opened, say
from aggregator.collect import rulings
from aggregator.store import news, papers

group = typer.Typer(help="Look at a paper and its entries; split or join.", no_args_is_help=True)
app.add_typer(group, name="papers")

Paper = Annotated[str, typer.Argument(help="Its id, or an external one: arxiv:1512.03385.")]
BY = "the command line"


@group.command()
def show(paper: Paper, as_json: Json = False) -> None:
    """A paper with its entries, names and timeline."""
    with opened() as (store, _, _), store.read() as connection:
        doc = papers.by_name(connection, paper).doc
        timeline = news.timeline(connection, doc["id"])
        origins = papers.provenance(connection, doc["id"])
    if as_json:
        say({**doc, "timeline": timeline, "provenance": origins})
    else:
        sys.stdout.write(_told(doc, timeline, origins))


@group.command()
def split(
    paper: Paper,
    entry: Annotated[list[str], typer.Argument(help="Keys of the entries, as `show` gives them.")],
    as_json: Json = False,
) -> None:
    """Take entries out of a paper, for good: they become a paper of their own."""
    acting = opened(paper, *entry, act="papers split")
    with acting as (store, _, _), store.write() as connection:
        kept, made = rulings.split(connection, paper, entry, BY, clock.wall())
    if as_json:
        say({"paper": kept, "made": made})
    else:
        sys.stdout.write(f"{kept} keeps the rest; made: {', '.join(made)}.\n")


@group.command()
def join(
    paper: Annotated[list[str], typer.Argument(help="Two papers or more, by any of their names.")],
    as_json: Json = False,
) -> None:
    """Make one paper of several, for good; the oldest keeps its id."""
    with opened(*paper, act="papers join") as (store, _, _), store.write() as connection:
        joined = rulings.join(connection, paper, BY, clock.wall())
    if as_json:
        say({"paper": joined})
    else:
        sys.stdout.write(f"They are paper {joined} now.\n")


def _told(doc: dict[str, Any], timeline: list[Any], origins: dict[str, str]) -> str:
    names = [f"{kind}:{one}" for kind, all_of in doc["identifiers_all"].items() for one in all_of]
    lines = [
        doc["title"],
        ", ".join(doc["authors"]) or "no authors known",
        f"id {doc['id']}; {', '.join(names) or 'no other names'}",
        "",
        "entries",
        *(
            f"  {e['key']}  {e['published'][:10]}  {', '.join(e['sources'])}  {e['url']}"
            for e in doc["entries"]
        ),
        "",
        "happened",
        *(f"  {e['at'][:10]}  {e['kind']}  {e.get('cause', '')}".rstrip() for e in timeline),
        "",
        "taken from",
        *(f"  {field}: {key}" for field, key in sorted(origins.items())),
    ]
    return "\n".join(lines) + "\n"
