"""Commands about delivery: subscribe a target to a watch, look after subscriptions, send what is due."""

import sys
from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy import Connection

from aggregator import clock
from aggregator.cli import report
from aggregator.cli.common import EXIT_TROUBLE, AsOf, Json, app, errors, moment, opened, say
from aggregator.errors import UsageError
from aggregator.expected import in_words
from aggregator.store import subscriptions
from aggregator.store.subscriptions import Row
from aggregator.watches import EVENTS, LIMIT, Wanted

subscribed = typer.Typer(help="Look after subscriptions.", no_args_is_help=True)
app.add_typer(subscribed, name="subscriptions")

Id = Annotated[str, typer.Argument(help="As `subscriptions list` shows it.")]


@app.command()
def subscribe(
    watch: Annotated[str, typer.Option(help="A watch; every topic is one.")],
    channel: Annotated[str, typer.Option(help="email, slack, webhook or apprise.")],
    target: Annotated[str, typer.Option(help="Address, channel or URL to send to.")],
    schedule: Annotated[
        str, typer.Option(help="asap, daily@08:00 or weekly@mon-08:00.")
    ] = "daily@08:00",
    tz: Annotated[str, typer.Option(help="Time zone of the schedule.")] = "UTC",
    lang: Annotated[str, typer.Option(help="en or zh.")] = "en",
    events: Annotated[
        str,
        typer.Option(
            help="Of new, published, new_version, withdrawn, cited, discussed; with commas."
        ),
    ] = ",".join(EVENTS),
    limit: Annotated[int, typer.Option(help="Papers shown; the rest is counted.")] = LIMIT,
    min_probability: Annotated[
        float | None, typer.Option(help="At least this probability of the watch's topics.")
    ] = None,
    empty: Annotated[
        str, typer.Option(help="Without news: skip, or say why it is quiet.")
    ] = "skip",
    since: Annotated[str, typer.Option(help="The first digest goes back to this day.")] = "",
    confirmed: Annotated[
        bool, typer.Option("--confirmed", help="Without a confirmation mail.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send what a watch selects to a target, from now on."""
    try:
        wanted = Wanted.model_validate(
            {
                "watch": watch,
                "channel": channel,
                "target": target,
                "schedule": schedule,
                "tz": tz,
                "lang": lang,
                "events": tuple(part.strip() for part in events.split(",") if part.strip()),
                "limit": limit,
                "min_probability": min_probability,
                "empty": empty,
            }
        )
    except ValidationError as error:
        raise UsageError(_said(error)) from None
    row, note = _subscribe(wanted, moment(since, "--since"), confirmed)
    if as_json:
        say(report.subscription_json(row))
    else:
        t = row.terms
        sys.stdout.write(
            f"{row.id}: {row.watch} to {row.channel}, {row.state}: {t.schedule} {t.tz}, {t.lang}, "
            f"{', '.join(t.events)}, at most {t.limit} papers, without news {t.empty}.\n"
        )
    if note:
        errors.print(note, markup=False)


@subscribed.command("list")
def list_subscriptions(as_json: Json = False) -> None:
    """Every subscription: what, whereto, when."""
    from aggregator.deliver import channels

    with opened() as (store, chosen, _), store.read() as connection:
        rows = subscriptions.everything(connection)
        ways = channels(chosen)
    if as_json:
        say({"subscriptions": [report.subscription_json(row) for row in rows]})
    else:
        shown = {row.id: ways[row.channel].redacted(row.target) for row in rows}
        Console().print(report.subscriptions_table(rows, shown))


@subscribed.command()
def pause(subscription: Id) -> None:
    """Send nothing until `resume`; what comes meanwhile is skipped."""
    _change("pause", subscriptions.pause, subscription)


@subscribed.command()
def resume(subscription: Id) -> None:
    """Send again, after a pause or a suspension."""
    _change("resume", subscriptions.resume, subscription)


@subscribed.command()
def delete(subscription: Id) -> None:
    """End a subscription."""
    _change("delete", subscriptions.end, subscription)


@app.command()
def send(
    as_of: AsOf = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be sent; change nothing.")
    ] = False,
    test: Annotated[
        str,
        typer.Option(
            metavar="SUBSCRIPTION|CHANNEL:TARGET",
            help="Send a marked test message to this subscription, or anywhere.",
        ),
    ] = "",
    as_json: Json = False,
) -> None:
    """Deliver what is due, and what was put off before."""
    from aggregator import deliver
    from aggregator.people import subscribers
    from aggregator.sending import trial
    from aggregator.sending.send import Sender

    now = moment(as_of, "--as-of") or clock.wall()
    with opened() as (store, chosen, config):
        subscribers.follow_file(store, chosen, config, now)
        channels = deliver.channels(chosen)
        name, to_target, target = test.partition(":")  # no subscription's id has one
        if to_target:
            done = trial.send_to(store, chosen, config, channels, name, target, "en", now)
        elif test:
            done = trial.send(store, chosen, config, channels, test, now)
        else:
            sender = Sender(store, chosen, config, channels, now, impatient=True)
            done = sender.preview() if dry_run else sender.run()
    if as_json:
        say(report.deliveries_json(done))
    else:
        shown = {one.subscription: channels[one.channel].redacted(one.target) for one in done}
        Console().print(report.deliveries_table(done, shown))
    if any(one.status in ("deferred", "failed", "suspended") for one in done):
        raise typer.Exit(EXIT_TROUBLE)


def _subscribe(wanted: Wanted, since: datetime | None, confirmed: bool) -> tuple[Row, str]:
    """(the subscription, what its maker must know)."""
    from aggregator import deliver
    from aggregator.people import signup, subscribers

    now = clock.wall()
    with opened(wanted.watch, act="subscribe") as (store, chosen, config):
        channel = deliver.channels(chosen)[wanted.channel]
        wanted = wanted.model_copy(update={"target": channel.normal(wanted.target)})
        confirmed = confirmed or wanted.channel != "email"
        trouble = channel.trouble()
        if trouble and not confirmed:
            raise UsageError(
                f"No confirmation mail can be sent: {trouble} --confirmed does without one."
            )
        with store.write() as connection:
            row = subscribers.add(
                connection,
                config,
                wanted,
                now,
                origin="cli",
                confirmed=confirmed,
                since=since,
                viewer="all",
            )
        if row.asked_at:
            outcome = signup.send_confirmation(chosen, config, row, now)
            asked = "A confirmation mail was sent; nothing else is until it is answered."
            return row, asked if outcome.status == "sent" else f"Not confirmed: {outcome.message}"
        return row, trouble or channel.advice(wanted.target)


def _change(
    word: str, action: Callable[[Connection, str, datetime], Row], subscription: str
) -> None:
    changing = opened(subscription, act=f"subscriptions {word}")
    with changing as (store, _, _), store.write() as connection:
        row = action(connection, subscription, clock.wall())
    sys.stdout.write(f"{row.id}: {row.state}.\n")


def _said(error: ValidationError) -> str:
    """One sentence about the first option that is wrong."""
    first = error.errors()[0]
    option = "--" + "-".join(str(part) for part in first["loc"][:1]).replace("_", "-")
    message = in_words(first)
    return f"{option}: {first['input']!r}; {message[0].lower()}{message[1:]}."
