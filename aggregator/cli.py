"""The command line: decode, call the pipeline, print. Results go to stdout, all else to stderr."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.logging import RichHandler

from aggregator import clock, report, settings, topics
from aggregator.errors import DaypaperError, UsageError
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config

EXIT_ERROR, EXIT_USAGE, EXIT_SOURCES = 1, 2, 3

app = typer.Typer(
    help="Follows the deep-learning literature and delivers what is new, once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
AsOf = Annotated[str, typer.Option(help="Run as if it were this moment (ISO 8601).")]


def main() -> None:
    """Entry point: errors become one sentence and an exit code."""
    if errors.is_terminal:
        handler, form = RichHandler(console=errors, show_path=False), "%(message)s"
    else:  # one line each, for whoever searches a file of them
        handler, form = logging.StreamHandler(), "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])
    logging.captureWarnings(True)
    for noisy in ("httpx", "alembic", "apscheduler", "arxiv", "stamina"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app(args=spread(sys.argv[1:]))
    except UsageError as error:
        errors.print(f"daypaper: {error}", soft_wrap=True, markup=False)
        sys.exit(EXIT_USAGE)
    except DaypaperError as error:
        errors.print(f"daypaper: {error}", soft_wrap=True, markup=False)
        sys.exit(EXIT_ERROR)


def spread(args: list[str]) -> list[str]:
    """`--corpus A B` -> `--corpus A --corpus B`: a shell's FILE* gives several files to one option,
    which click knows for arguments only."""
    made: list[str] = []
    option = ""
    for arg in args:
        if arg.startswith("-"):
            option = arg if arg in ("--corpus", "--labels") else ""
            made.append(arg)
        else:
            made += [option, arg] if option and made[-1] != option else [arg]
    return made


@contextmanager
def opened(*, migrate: bool = True) -> Iterator[tuple[Store, Settings, Config]]:
    """Settings, topics and the store at its newest schema."""
    chosen = settings.load()
    config = topics.load(chosen.topics)
    store = Store(chosen.database, chosen.data_dir)
    try:
        if migrate:
            store.migrate()
        yield store, chosen, config
    finally:
        store.close()


def moment(text: str, option: str) -> datetime | None:
    """An option's moment; "" is None. Raises UsageError if it is none."""
    try:
        return clock.parse_moment(text) if text else None
    except ValueError:
        raise UsageError(
            f"{option}: {text!r} is no date or time; expected ISO 8601 such as 2017-11-13 "
            "or 2017-11-13T12:00:00Z."
        ) from None


def say(document: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


@app.command()
def run(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
) -> None:
    """Serve API and pages, and collect on schedule, in one process."""
    from api import serve

    with opened() as (store, chosen, config):
        listening = serve.listen(host, port)
        errors.print(f"Daypaper on http://{host}:{port} (stop with Ctrl-C)", markup=False)
        if not chosen.contact:
            errors.print(
                "No DAYPAPER_CONTACT is set: arXiv and Reddit ask for an address to write to.",
                markup=False,
            )
        serve.run(store, chosen, config, listening)


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
        raise typer.Exit(EXIT_SOURCES)


@app.command()
def tag(
    everything: Annotated[
        bool, typer.Option("--all", help="All papers, not just untagged ones.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Tag papers with the topics of topics.toml."""
    from aggregator import pipeline

    with opened() as (store, chosen, config):
        count = pipeline.tag(store, chosen, config, everything=everything)
    if as_json:
        say({"tagged": count})
    else:
        sys.stdout.write(f"{count} papers tagged.\n")


@app.command()
def digest(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated.")
    ] = None,
    since: Annotated[
        str, typer.Option(help="From this day on; a day before the end without it.")
    ] = "",
    as_of: AsOf = "",
    limit: Annotated[int, typer.Option(min=1, help="Papers per topic.")] = 25,
    form: Annotated[str, typer.Option("--format", help="text, markdown, html or json.")] = "text",
    as_json: Json = False,
) -> None:
    """What is new, by topic. Changes nothing."""
    from aggregator import news
    from aggregator.digest import render

    until = moment(as_of, "--as-of") or clock.wall()
    first = moment(since, "--since")
    if form not in ("json", *render.FORMATS):
        raise UsageError(f"--format: {form!r} is not known; expected text, markdown, html or json.")
    with opened() as (store, chosen, config):
        made, states = news.digest(store, chosen, config, topic or (), first, until, limit)
    if as_json or form == "json":
        say(render.data(made, states, chosen.base_url))
    else:
        sys.stdout.write(render.FORMATS[form](made, states, chosen.base_url).rstrip() + "\n")


@app.command()
def predict(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines of id, title, abstract; - is stdin.")
    ] = Path("-"),
) -> None:
    """Tag papers from a file, in its order; touches no database."""
    from aggregator.tag import model
    from aggregator.tag.files import predictions

    tagger = model.load(settings.load().tagger)
    with report.read(file) as stream:
        for line in predictions(tagger, stream, str(file)):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")


@app.command()
def train(
    corpus: Annotated[
        list[Path] | None, typer.Option(help="Unlabelled papers, JSON Lines.")
    ] = None,
    labels: Annotated[list[Path] | None, typer.Option(help="Labelled papers, JSON Lines.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model file; in the data dir without it.")
    ] = None,
) -> None:
    """Fit the tagger on labelled papers; prints its cross-validated figures."""
    from aggregator.tag import train as training

    if not labels:
        raise UsageError("--labels: missing; expected at least one file of labelled papers.")
    result = training.train(corpus or [], labels, now=clock.wall())
    chosen = settings.load()
    path = out or chosen.own_tagger
    path.parent.mkdir(parents=True, exist_ok=True)
    training.save(result, path)
    Console().print(report.training_table(result.figures))
    errors.print(f"Written to {path}.", markup=False)


@app.command()
def evaluate(
    labels: Annotated[list[Path] | None, typer.Option(help="Labelled papers, JSON Lines.")] = None,
    model_file: Annotated[Path | None, typer.Option("--model", help="Not the shipped one.")] = None,
    as_json: Json = False,
) -> None:
    """Measure the tagger on labelled papers."""
    from aggregator.tag import evaluate as evaluation
    from aggregator.tag import model
    from aggregator.tag.files import read_labelled

    if not labels:
        raise UsageError("--labels: missing; expected at least one file of labelled papers.")
    rows = [row for path in labels for row in read_labelled(path)]
    measured = evaluation.evaluate(model.load(model_file or settings.load().tagger), rows)
    if as_json:
        say(asdict(measured))
    else:
        Console().print(report.evaluation_table(measured))


@app.command()
def status(as_json: Json = False) -> None:
    """Each source: how it is, since when, and when it is due again."""
    from aggregator import pipeline
    from aggregator.status import source_states

    with opened() as (store, chosen, config), store.read() as connection:
        sources = pipeline.make_sources(config, chosen)
        states = source_states(store, connection, sources, clock.wall())
    if as_json:
        say({"sources": states})
    else:
        Console().print(report.status_table(states))


@app.command()
def check(
    live: Annotated[bool, typer.Option(help="Also reach each upstream once.")] = False,
) -> None:
    """Check the settings and topics.toml without starting anything."""
    from aggregator import pipeline

    chosen = settings.load()
    config = topics.load(chosen.topics)
    Store(chosen.database, chosen.data_dir).close()
    on = sum(s.enabled for s in config.sources)
    sys.stdout.write(
        f"{chosen.topics}: {len(config.topics)} topics, {on} sources enabled; all well.\n"
    )
    if live:
        with opened() as (store, _, _):
            reached = pipeline.reach(store, chosen, config)
        for name, trouble in reached.items():
            sys.stdout.write(f"{name}: {trouble or 'reached'}\n")
        if any(reached.values()):
            raise typer.Exit(EXIT_SOURCES)


@app.command()
def migrate() -> None:
    """Bring the database to the newest schema and load the representative works."""
    from aggregator import works

    with opened() as (store, _, config):
        works.load(store, config, clock.wall())
    sys.stdout.write("The database is up to date.\n")


@app.command()
def export(
    form: Annotated[str, typer.Option("--format", help="jsonl: one paper a line.")] = "jsonl",
    out: Annotated[Path | None, typer.Option(help="File to write; stdout without it.")] = None,
) -> None:
    """Every paper with all its entries."""
    from aggregator.store import papers

    if form != "jsonl":
        raise UsageError(f"--format: {form!r} is not known; expected jsonl.")
    with opened() as (store, _, _), report.written(out) as stream, store.read() as connection:
        for doc in papers.iterate(connection):
            stream.write(json.dumps(doc, ensure_ascii=False) + "\n")
