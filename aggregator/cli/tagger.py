"""Commands about the tagger: use it, train it, measure it."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aggregator import clock, settings
from aggregator.cli import learn, report
from aggregator.cli.common import EXIT_TROUBLE, Json, app, errors, say
from aggregator.errors import UsageError

SHOWN_SKIPPED = 10
"""Lines that `predict` left out and says why; the others are counted."""


@app.command()
def predict(
    file: Annotated[
        Path, typer.Argument(help="JSON Lines of id, title, abstract; - is stdin.")
    ] = Path("-"),
) -> None:
    """Tag papers from a file, in its order; touches no database. Lines that cannot be read are said
    and left out."""
    from aggregator.learn import taggers
    from aggregator.tag.files import predictions

    chosen = settings.load()
    tagger = taggers.with_meaning(taggers.read_base(chosen), chosen)
    skipped = 0

    def skip(error: UsageError) -> None:
        nonlocal skipped
        skipped += 1
        if skipped <= SHOWN_SKIPPED:
            errors.print(str(error), markup=False, soft_wrap=True)

    with report.read(file) as stream:
        for line in predictions(tagger, stream, str(file), skip):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    if skipped:
        errors.print(f"Lines left out, since they could not be read: {skipped}.")
        raise typer.Exit(EXIT_TROUBLE)


@app.command()
def train(
    corpus: Annotated[
        list[Path] | None, typer.Option(help="Unlabelled papers, JSON Lines.")
    ] = None,
    labels: Annotated[list[Path] | None, typer.Option(help="Labelled papers, JSON Lines.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Model file; in the data dir without it.")
    ] = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Learn the correction by embeddings, too.")
    ] = False,
    feedback: Annotated[
        bool, typer.Option("--feedback", help="Learn from what people said in the store instead.")
    ] = False,
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Use the model before the last --feedback again.")
    ] = False,
    reading: Annotated[
        bool, typer.Option("--reading", help="Learn how the store's papers speak, for tastes.")
    ] = False,
) -> None:
    """Fit the tagger on labelled papers, or teach it what people said; prints its cross-validated
    figures."""
    from aggregator.tag import embedder
    from aggregator.tag import train as training

    chosen_here = [feedback, rollback, reading]
    if any(chosen_here):
        if labels or corpus or out or embeddings or sum(chosen_here) > 1:
            raise UsageError(
                "--feedback, --rollback and --reading: expected one of them, and nothing else."
            )
        learn.in_the_store(feedback=feedback, reading=reading)
        return
    if not labels:
        raise UsageError("--labels: missing; expected at least one file of labelled papers.")
    chosen = settings.load()
    model = embedder.installed() if embeddings or chosen.embeddings else None
    result = training.train(corpus or [], labels, now=clock.wall(), embedder=model)
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
