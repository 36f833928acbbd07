"""The command that takes files in: papers of many forms, labels, lists of feeds."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from aggregator import clock
from aggregator.cli import learn, report
from aggregator.cli.common import Json, app, errors, opened, say
from aggregator.files import bulk, feeds
from aggregator.settings import Settings

FORMS = "auto, arxiv-snapshot, jsonl, paperlists, bibtex, opml or labels"


@app.command("import")
def import_files(
    file: Annotated[list[Path], typer.Argument(help="Files to take in; .gz will do.")],
    form: Annotated[str, typer.Option("--format", help=f"{FORMS}.")] = "auto",
    write: Annotated[
        bool, typer.Option("--write", help="opml: add the feeds to topics.toml, do not just print.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take in papers from files, or the feeds of a feed reader; goes on where it was killed."""
    from aggregator import pipeline

    if form == "labels":
        learn.import_labelled(file, as_json)
        return
    lists = [one for one in file if form == "opml" or (form == "auto" and feeds.fits(one))]
    with opened(*file, act="import") as (store, chosen, config):
        done: dict[str, bulk.Loaded] = {}
        with report.Bar(errors, quiet=as_json) as bar:
            for path in (one for one in file if one not in lists):
                name = path.name
                done[str(path)] = bulk.load(
                    store, path, form, clock.wall(), lambda n, name=name: bar(name, "read", n, None)
                )
        if done:
            pipeline.tag(store, chosen, config)
    added = _take_feeds(lists, chosen, write=write) if lists else None
    if as_json:
        say({"files": {name: asdict(one) for name, one in done.items()}, "feeds": added})
        return
    if added:
        _tell_feeds(added, chosen)
    for name, one in done.items():
        sys.stdout.write(
            f"{name} ({one.form}): {one.new} new, {one.updated} updated, {one.unchanged} unchanged"
            + (f", {one.resumed} read before" if one.resumed else "")
            + ".\n"
        )
    said = bulk.reasons(list(done.values()))
    if said:
        errors.print(said, markup=False, soft_wrap=True)


def _take_feeds(lists: list[Path], chosen: Settings, *, write: bool) -> dict[str, object]:
    """The tables for topics.toml, and whether they were put there."""
    found = [feed for path in lists for feed in feeds.read(path)]
    added = feeds.as_toml(found, chosen.topics.read_text(encoding="utf-8"))
    count = feeds.append(chosen.topics, added) if write else added.count("[[sources]]")
    return {"new": count, "toml": added, "written": write}


def _tell_feeds(added: dict[str, object], chosen: Settings) -> None:
    if added["written"]:
        said = f"{added['new']} feeds were added to {chosen.topics}; restart Daypaper to read them."
    else:
        sys.stdout.write(str(added["toml"]))
        said = f"Put these into {chosen.topics}, or use --write."
    errors.print(said, markup=False)
