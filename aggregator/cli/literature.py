"""Commands about the literature itself: fetch it, tag it, show it, write it out."""

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aggregator import clock, settings, topics
from aggregator.cli import report
from aggregator.cli.common import EXIT_TROUBLE, AsOf, Json, app, errors, moment, opened, say
from aggregator.errors import UsageError
from aggregator.store.db import Store

SHOWN_RUNS = 20  # of `status SOURCE`


@app.command()
def collect(
    source: Annotated[list[str] | None, typer.Argument(help="Only these, due or not.")] = None,
    since: Annotated[str, typer.Option(help="Fetch dated streams back to this day.")] = "",
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Fetch the sources that are due, merge, store and tag."""
    from aggregator import pipeline

    back, now = moment(since, "--since"), moment(as_of, "--as-of")
    with opened() as (store, chosen, config), report.Bar(errors, quiet=as_json) as bar:
        done = pipeline.collect(
            store, chosen, config, source or (), since=back, as_of=now, progress=bar
        )
        pipeline.tag(store, chosen, config)
    if as_json:
        say(report.collected_json(done))
    elif done.sources:
        Console().print(report.collected_table(done))
    else:
        Console().print("No source is due; `daypaper collect SOURCE` asks one all the same.\n")
        status()
    if not done.all_well:
        raise typer.Exit(EXIT_TROUBLE)


@app.command()
def tag(
    everything: Annotated[
        bool, typer.Option("--all", help="All papers, not just untagged ones.")
    ] = False,
    explain: Annotated[
        str, typer.Option(metavar="ID", help="Why this paper has its topics; tags nothing.")
    ] = "",
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic's reasons; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Tag papers with the topics of topics.toml, or say why one has them."""
    from aggregator import pipeline
    from aggregator.collect import works

    if explain:
        _explain(explain, topic or (), as_json)
        return
    with opened() as (store, chosen, config):
        # topics.toml may name other works since the last collect.
        works.load(store, config, clock.wall())
        count = pipeline.tag(store, chosen, config, everything=everything)
    if as_json:
        say({"tagged": count})
    else:
        sys.stdout.write(f"{count} papers tagged.\n")


def _explain(name: str, topics: Sequence[str], as_json: bool) -> None:
    from aggregator.cli import report_tagger
    from aggregator.learn.explaining import explain_paper

    with opened() as (store, chosen, config):
        doc, found = explain_paper(store, chosen, config, name, topics)
    if as_json:
        said = {key: doc[key] for key in ("id", "title", "abstract")}
        say(said | {"topics": [asdict(one) for one in found]})
    else:
        Console().print(
            report_tagger.explained(doc, found, {t.name: t.title for t in config.topics})
        )


@app.command()
def digest(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated.")
    ] = None,
    watch: Annotated[str, typer.Option(help="What this watch selects, instead of topics.")] = "",
    since: Annotated[
        str, typer.Option(help="From this day on; a day before the end without it.")
    ] = "",
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(min=1, help="Papers per topic.")] = 25,
    form: Annotated[str, typer.Option("--format", help="text, markdown, html or json.")] = "text",
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    as_json: Json = False,
) -> None:
    """What is new, by topic. Changes nothing."""
    from aggregator.digest import render
    from aggregator.sending import news
    from aggregator.store.watches import ALL

    until = moment(as_of, "--as-of") or clock.wall()
    first = moment(since, "--since")
    if form not in ("json", *render.FORMATS):
        raise UsageError(f"--format: {form!r} is not known; expected text, markdown, html or json.")
    if lang not in ("en", "zh"):
        raise UsageError(f"--lang: {lang!r} is not known; expected en or zh.")
    if watch and topic:
        raise UsageError("--watch and --topic: both are given; expected one of them.")
    with opened() as (store, chosen, config):
        if watch:
            made, states = news.watch_digest(store, chosen, config, watch, first, until, limit, ALL)
        else:
            made, states = news.digest(store, chosen, config, topic or (), first, until, limit)
    if as_json or form == "json":
        say(render.data(made, states, chosen.base_url))
    else:
        shown = render.FORMATS[form](made, states, chosen.base_url, lang)
        sys.stdout.write(shown.rstrip() + "\n")


@app.command()
def status(
    source: Annotated[str, typer.Argument(help="The last runs of this one instead.")] = "",
    as_json: Json = False,
) -> None:
    """Each source: how it is, since when, and when it is due again; or how one went lately."""
    from aggregator import pipeline
    from aggregator.status import run_state, source_states
    from aggregator.store import health

    with opened() as (store, chosen, config), store.read() as connection:
        sources = pipeline.make_sources(config, chosen)
        if source:
            if source not in {one.name for one in config.sources}:
                known = ", ".join(one.name for one in config.sources) or "none"
                raise UsageError(f'No source "{source}"; expected one of: {known}.')
            found, _ = health.history(connection, source, SHOWN_RUNS)
            states = [run_state(one) for one in found]
        else:
            states = source_states(store, connection, sources, clock.wall())
    if as_json:
        say({"runs": states} if source else {"sources": states})
    else:
        table = report.runs_table if source else report.status_table
        Console().print(table(states))


@app.command()
def check(
    live: Annotated[bool, typer.Option(help="Also reach each upstream once.")] = False,
) -> None:
    """Check the settings and topics.toml without starting anything."""
    from aggregator import pipeline
    from aggregator.learn import taggers
    from aggregator.people import signing, subscribers

    chosen = settings.load()
    config = topics.load(chosen.topics)
    taggers.check(chosen)
    Store(chosen.database, chosen.data_dir).close()
    subscribers.check_file(chosen, config)
    if chosen.secret_key.get_secret_value():
        signing.secret_of(chosen)
    on = sum(s.enabled for s in config.sources)
    trouble = " ".join(filter(None, (taggers.refused(chosen), *settings.unknown())))
    sys.stdout.write(
        f"{chosen.topics}: {len(config.topics)} topics, {on} sources enabled, "
        f"{len(config.watches)} watches, {len(config.subscriptions)} subscriptions"
        f"{'.' if trouble else '; all well.'}\n"
    )
    if trouble:
        sys.stdout.write(f"{trouble}\n")
    if live:
        with opened() as (store, _, _):
            reached = pipeline.reach(store, chosen, config)
        for name, trouble in reached.items():
            sys.stdout.write(f"{name}: {trouble or 'reached'}\n")
        trouble = trouble or any(reached.values())
    if trouble:
        raise typer.Exit(EXIT_TROUBLE)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema and load the representative works."""
    from aggregator.collect import works

    with opened() as (store, _, config):
        works.load(store, config, clock.wall())
    sys.stdout.write("The database is up to date.\n")


@app.command()
def export(
    form: Annotated[
        str,
        typer.Option(
            "--format",
            help="jsonl (one paper a line, all of it), bibtex, ris, csl-json, opml (the feeds) or labels.",
        ),
    ] = "jsonl",
    watch: Annotated[str, typer.Option(help="Only what this watch selects, newest first.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write; stdout without it.")] = None,
) -> None:
    """Every paper with all its entries, as a citation, or the list of feeds."""
    from aggregator.files import exports

    if form not in exports.FORMATS:
        known = ", ".join(exports.FORMATS)
        raise UsageError(f"--format: {form!r} is not known; expected one of: {known}.")
    with opened() as (store, chosen, config):
        text = exports.write(store, chosen, config, form, watch, clock.wall())
        with report.written(out) as stream:
            for piece in text:
                stream.write(piece)
    if out:
        errors.print(f"Written to {out}.", markup=False)
