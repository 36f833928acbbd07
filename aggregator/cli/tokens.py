"""Commands about API tokens: make one, see which there are, revoke one."""

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from aggregator import clock
from aggregator.cli.common import Json, app, errors, opened, say
from aggregator.errors import UsageError
from aggregator.store import tokens

group = typer.Typer(help="Look after API tokens.", no_args_is_help=True)
app.add_typer(group, name="token")

Name = Annotated[str, typer.Argument(help="Who or what it is for.")]


@group.command()
def create(
    name: Name,
    scope: Annotated[str, typer.Option(help="read, write or admin, each with those before.")],
    days: Annotated[int | None, typer.Option(help="How long it opens something.")] = None,
    as_json: Json = False,
) -> None:
    """Make a token and print it; it cannot be shown again."""
    chosen: tokens.Scope | None = next((one for one in tokens.SCOPES if one == scope), None)
    if chosen is None:
        raise UsageError(f"--scope: {scope!r}; expected one of: {', '.join(tokens.SCOPES)}.")
    with opened(name, act="token create") as (store, _, _), store.write() as connection:
        secret = tokens.create(connection, name, chosen, clock.wall(), days=days)
    if as_json:
        say({"name": name, "scope": scope, "token": secret})
        return
    sys.stdout.write(secret + "\n")
    errors.print("Keep it well: only its fingerprint is stored.", markup=False)


@group.command("list")
def list_tokens(as_json: Json = False) -> None:
    """Every token with its first signs, scope, last use and end."""
    with opened() as (store, _, _), store.read() as connection:
        found = tokens.everything(connection)
    if as_json:
        say({"tokens": [_document(one) for one in found]})
        return
    table = Table(box=None, header_style="bold")
    for heading in ("name", "begins with", "scope", "made", "last used", "expires", "revoked"):
        table.add_column(heading)
    for one in found:
        said = _document(one)
        keys = ("created_at", "last_used", "expires_at", "revoked_at")
        moments = [(said[key] or "")[:16] for key in keys]
        table.add_row(*map(Text, (one.name, f"{one.prefix}…", one.scope, *moments)))
    Console().print(table if found else "No token has been made.")


@group.command()
def revoke(name: Name) -> None:
    """From now on the token opens nothing."""
    with opened(name, act="token revoke") as (store, _, _), store.write() as connection:
        tokens.revoke(connection, name, clock.wall())
    sys.stdout.write(f"{name}: revoked.\n")


def _document(one: tokens.Token) -> dict[str, str | None]:
    moments = {
        "created_at": one.created_at,
        "last_used": one.last_used,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
    }
    said = {key: moment and clock.iso(moment) for key, moment in moments.items()}
    return {"name": one.name, "prefix": one.prefix, "scope": one.scope, **said}
