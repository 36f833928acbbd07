"""What the settings page does that has something to say: a test message, a new API token."""

from dataclasses import dataclass

from fastapi import Request

from aggregator.deliver import channels
from aggregator.errors import UsageError
from aggregator.sending import trial
from aggregator.sending.send import Delivered
from aggregator.store import tokens
from aggregator.store.subscriptions import Row
from api.deps import Services
from api.web.language import Language, chosen


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says of what was just done: `text` beside `what` (a subscription's id, a channel
    or "token"), `secret` a token that is shown this once, `target` what to try again. `trouble`: it was
    not done."""

    what: str = ""
    text: str = ""
    trouble: bool = False
    secret: str = ""
    target: str = ""


def send_test(request: Request, services: Services, row: Row) -> Said:
    """Send a marked message to a subscription and say what became of it; not to an address whose
    owner has not answered yet."""
    t = chosen(request)
    if row.state == "pending":
        return Said(row.id, t("test_pending"), trouble=True)
    (done,) = trial.send(
        services.store,
        services.settings,
        services.config,
        channels(services.settings),
        row.id,
        services.now(),
    )
    return Said(row.id, _became(t, done))


def try_channel(request: Request, services: Services, name: str, target: str) -> Said:
    """Send a marked message to a target of a channel and say what became of it."""
    t = chosen(request)
    try:
        (done,) = trial.send_to(
            services.store,
            services.settings,
            services.config,
            channels(services.settings),
            name,
            target,
            t.code,
            services.now(),
        )
    except UsageError as error:
        return Said(name, f"{t('test_wrong')} {error}", trouble=True, target=target)
    return Said(name, _became(t, done), target=target)


def _became(t: Language, done: Delivered) -> str:
    """What became of a message, in words; of one that was taken the server's are not needed."""
    text = t(f"test_{done.status}", n=done.papers)
    return text if done.status == "sent" else f"{text} {done.message}".strip()


def make_token(request: Request, services: Services, name: str, scope: str, days: str) -> Said:
    """Make an API token that lasts so many days ("" without an end), and say it."""
    t = chosen(request)
    known: tokens.Scope | None = next((one for one in tokens.SCOPES if one == scope), None)
    if known is None or (days and not days.isdecimal()):
        return Said("token", t("token_wrong"), trouble=True)
    try:
        with services.store.write() as connection:
            secret = tokens.create(
                connection, name.strip(), known, services.now(), days=int(days) if days else None
            )
    except UsageError as error:
        return Said("token", f"{t('token_wrong')} {error}", trouble=True)
    return Said("token", t("token_made"), secret=secret)
