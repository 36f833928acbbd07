"""The command line: decode, call the pipeline, print. Results go to stdout, all else to stderr."""

import io
import logging
import sys

import stamina.instrumentation
from rich.logging import RichHandler

from aggregator.cli import (
    audit,
    bulk,
    delivery,
    keeping,
    learn,
    literature,
    papers,
    serving,
    tagger,
    tokens,
    watches,
)
from aggregator.cli.common import EXIT_ERROR, EXIT_USAGE, app, errors
from aggregator.errors import DaypaperError, UsageError
from aggregator.store.db import OperationalError, unusable

COMMANDS = (
    serving,
    literature,
    watches,
    delivery,
    tokens,
    tagger,
    learn,
    papers,
    keeping,
    bulk,
    audit,
)
"""The modules that add their commands to `app`, in the order of the help."""
_ORDER = [module.__name__ for module in COMMANDS]
# They were added in the order of the imports, which is that of the alphabet.
app.registered_commands.sort(key=lambda one: _ORDER.index(getattr(one.callback, "__module__", "")))


def main() -> None:
    """Entry point: errors become one sentence and an exit code."""
    # A title may have what the terminal's encoding has not.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if errors.is_terminal:
        handler, form = RichHandler(console=errors, show_path=False), "%(message)s"
    else:  # one line each, for whoever searches a file of them
        handler, form = logging.StreamHandler(), "%(asctime)s %(levelname)s %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=[handler])
    logging.captureWarnings(True)
    # With structlog installed, stamina would write to stdout, which belongs to results.
    stamina.instrumentation.set_on_retry_hooks([stamina.instrumentation.LoggingOnRetryHook])
    for noisy in ("httpx", "alembic", "apscheduler", "arxiv", "stamina", "procrastinate"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app(args=spread(sys.argv[1:]))
    except UsageError as error:
        errors.print(f"daypaper: {error}", soft_wrap=True, markup=False)
        sys.exit(EXIT_USAGE)
    except OperationalError as error:  # full, gone, or locked by another program for too long
        errors.print(f"daypaper: {unusable(error)}", soft_wrap=True, markup=False)
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
