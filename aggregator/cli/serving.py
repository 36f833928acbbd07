"""Commands that go on until they are told to stop: the pages, the jobs behind them, or both."""

from typing import Annotated

import typer

from aggregator import settings
from aggregator.cli.common import app, errors, opened
from aggregator.settings import Settings

Host = Annotated[str, typer.Option(help="Address to listen on.")]
Port = Annotated[int, typer.Option(help="Port to listen on.")]


@app.command()
def run(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve API and pages, and collect on schedule, in one process."""
    from api import serve

    with opened() as (store, chosen, config):
        _look_over(chosen)
        listening = serve.listen(host, port)
        errors.print(f"Daypaper on http://{host}:{port} (stop with Ctrl-C)", markup=False)
        _ask_for_contact(chosen)
        serve.run(store, chosen, config, listening)


@app.command()
def api(host: Host = "127.0.0.1", port: Port = 8000) -> None:
    """Serve API and pages; workers do the rest."""
    from api import serve

    with opened() as (store, chosen, config):
        _look_over(chosen)
        listening = serve.listen(host, port)
        errors.print(f"Daypaper's pages on http://{host}:{port} (stop with Ctrl-C)", markup=False)
        serve.api(store, chosen, config, listening)


@app.command()
def worker() -> None:
    """Collect, tag and send on schedule, without pages; with PostgreSQL as many as you like."""
    from api import serve

    with opened() as (store, chosen, config):
        _look_over(chosen)
        errors.print("Daypaper's worker (stop with Ctrl-C)", markup=False)
        _ask_for_contact(chosen)
        serve.work(store, chosen, config)


def _look_over(chosen: Settings) -> None:
    """Better not to start than to collect what cannot be tagged; and what was set in vain is said."""
    from aggregator.learn import taggers

    taggers.check(chosen)
    for sentence in settings.unknown():
        errors.print(sentence, markup=False)


def _ask_for_contact(chosen: Settings) -> None:
    if not chosen.contact:
        errors.print(
            "No DAYPAPER_CONTACT is set: arXiv and Reddit ask for an address to write to.",
            markup=False,
        )
