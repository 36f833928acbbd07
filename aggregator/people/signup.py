"""Sign-up by e-mail: an address is asked once whether it wants this, and nobody learns who is there."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from aggregator.deliver.base import Outcome
from aggregator.deliver.mail import Email, Notice
from aggregator.deliver.notices import confirmation
from aggregator.people import subscribers
from aggregator.people.signing import Signer
from aggregator.settings import Settings
from aggregator.store import subscriptions
from aggregator.store.db import Store
from aggregator.store.subscriptions import Row
from aggregator.store.watches import Viewer
from aggregator.topics import Config
from aggregator.watches import Wanted

log = logging.getLogger(__name__)

MAIL_GAP = timedelta(hours=1)
"""An address gets at most one confirmation mail in this time, whoever asks for how many watches."""


def carry_out(
    store: Store,
    settings: Settings,
    config: Config,
    wanted: Wanted,
    now: datetime,
    viewer: Viewer = None,
) -> None:
    """Store a sign-up as waiting for its owner's word, and ask for that by mail.

    `wanted` names an e-mail address in its normal form and a watch that exists for `viewer`. What is
    subscribed already stays as its owner has it, and no mail is sent: neither to them nor in answer. What
    is paused or suspended stays so, too, until its owner says in answer that it shall go on. Raises
    nothing that depends on who is subscribed; call it after the answer was given, so that its time
    tells nothing either.
    """
    with store.write() as connection:
        subscribers.alone(connection)
        known = subscriptions.of_target(connection, "email", wanted.target)
        asked = asked_lately(known, now)
        same = next((row for row in known if row.watch == wanted.watch), None)
        if same and (same.state == "active" or (asked and same.asked_at)):
            return
        if same and same.state != "pending":
            row = subscriptions.ask(connection, same.id, now)
        else:
            row = subscribers.add(
                connection, config, wanted, now, origin="signup", confirmed=False, viewer=viewer
            )
    if asked:
        return  # the mail that is there already opens a page that lists all that waits
    outcome = send_confirmation(settings, config, row, now)
    if outcome.status != "sent" and not outcome.unsure:
        with store.write() as connection:  # so that asking again is not too soon
            subscriptions.not_asked(connection, row.id)


def asked_lately(known: Sequence[Row], now: datetime) -> bool:
    """Did a confirmation mail go to the owner of these, so lately that none may follow?"""
    return any(row.asked_at is not None and row.asked_at > now - MAIL_GAP for row in known)


def send_confirmation(settings: Settings, config: Config, row: Row, now: datetime) -> Outcome:
    """Ask the owner of an e-mail subscription for their word; raises nothing of the mail server's."""
    token = Signer.of(settings, lambda: now).confirm_token(row.id)
    topic = config.topic(row.watch)
    zh = topic.title_zh if topic and row.terms.lang == "zh" else ""
    title = zh or (topic.title if topic else row.watch)
    link = f"{settings.public_url}/confirm/{token}"
    said = confirmation(row.terms.lang, title, row.terms, link)
    key = f"confirm-{row.id}-{int(now.timestamp())}"
    notice = Notice(row.target, said.subject, said.text, said.html, key, row.terms.lang)
    with Email.of(settings).session() as session:
        outcome = session.send_notice(notice)
    if outcome.status != "sent":
        log.warning("a confirmation mail was not sent: %s", outcome.message)
    return outcome
