"""Commands about what people say of tags: what to judge next, teaching the tagger, taking that back."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from aggregator import clock
from aggregator.cli import report_tagger
from aggregator.cli.common import Json, app, opened, say

labels = typer.Typer(help="What people said of papers and topics.", no_args_is_help=True)
app.add_typer(labels, name="labels")


@labels.command("next")
def next_labels(
    topic: Annotated[
        list[str] | None, typer.Option(help="Only this topic; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="Papers per topic.")] = 10,
    as_json: Json = False,
) -> None:
    """The papers whose label would teach the tagger most."""
    from aggregator.learn.labels import next_to_label

    with opened() as (store, _, config):
        found = next_to_label(store, config, topic or (), limit, clock.wall())
    if as_json:
        say({"items": found})
    else:
        Console().print(report_tagger.to_label(found))


def import_labelled(files: list[Path], as_json: bool) -> None:
    """What `daypaper import --format labels` does: say what the files say, of papers that are here."""
    from aggregator.learn.labels import import_labels

    with opened(*files, act="import") as (store, _, config):
        done = {str(one): import_labels(store, config, one, clock.wall()) for one in files}
    if as_json:
        say({"files": {name: asdict(one) for name, one in done.items()}})
        return
    for name, one in done.items():
        Console().print(
            f"{name}: {one.words} words said; {one.unknown_papers} papers are not here, "
            f"{one.left_out} grades were left out.",
            markup=False,
        )


def in_the_store(*, feedback: bool, reading: bool) -> None:
    """What `daypaper train` does with `--feedback`, `--reading` or, without either, `--rollback`."""
    if feedback:
        teach_by_feedback()
    elif reading:
        read_papers()
    else:
        roll_back()


def read_papers() -> None:
    """What `daypaper train --reading` does."""
    from aggregator.learn import tastes

    with opened(act="train --reading") as (store, _, _config):
        papers = tastes.read(store, clock.wall())
    said = f"Learned how {papers:,} papers speak." if papers else "Too few papers to learn from."
    Console().print(said)


def teach_by_feedback() -> None:
    """What `daypaper train --feedback` does."""
    from aggregator.learn.learning import learn

    with opened(act="train --feedback") as (store, chosen, config):
        attempt = learn(store, chosen, config, clock.wall())
    Console().print(report_tagger.attempt(attempt))


def roll_back() -> None:
    """What `daypaper train --rollback` does."""
    from aggregator.learn import learning

    with opened(act="train --rollback") as (store, _, _config):
        gone = learning.roll_back(store, clock.wall())
    sentence = (
        "The models before are used again." if gone else "Nothing was taught; nothing changed."
    )
    Console().print(sentence)
