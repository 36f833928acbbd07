"""What the commands share: the application, its options, the opened store, what is said."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.console import Console

from aggregator import acting, clock, settings, topics
from aggregator.acting import Act
from aggregator.errors import UsageError
from aggregator.settings import Settings
from aggregator.store.db import Store
from aggregator.topics import Config

EXIT_ERROR, EXIT_USAGE, EXIT_TROUBLE = 1, 2, 3
"""EXIT_TROUBLE: done, but some source or some delivery is in trouble."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
errors = Console(stderr=True, highlight=False)


def _tell_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"daypaper {version('daypaper')}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Its version.")
    ] = False,
) -> None:
    """Follows the deep-learning literature and delivers what is new, once."""


Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, nothing else.")]
AsOf = Annotated[str, typer.Option(help="Run as if it were this moment (ISO 8601).")]


@contextmanager
def opened(
    *about: object, act: str = "", migrate: bool = True
) -> Iterator[tuple[Store, Settings, Config]]:
    """Settings, topics and the store at its newest schema. A command by which a person changes
    something names itself, and what it is `about`, for the audit log."""
    chosen = settings.load()
    config = topics.load(chosen.topics)
    store = Store(chosen.database, chosen.data_dir)
    try:
        if migrate:
            store.migrate()
        if act:
            acting.begin(Act("owner", f"daypaper {act}", "command line", [*map(str, about)]))
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
