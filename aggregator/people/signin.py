"""Signing in: a link by mail to who asks, or a provider's word; then a session."""

import logging
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aggregator.deliver.mail import Email, Notice
from aggregator.deliver.notices import sign_in
from aggregator.errors import DaypaperError, UsageError
from aggregator.people.accounts import policy
from aggregator.people.signing import LinkError, Signer
from aggregator.settings import Settings
from aggregator.store import accounts, people
from aggregator.store.accounts import MAIL, PROVIDER
from aggregator.store.db import Store

if TYPE_CHECKING:
    from aggregator.people.oidc import Provider

log = logging.getLogger(__name__)

MOST_LINKS = 3
"""Links that wait for one address: who asks again and again for somebody else fills no mailbox."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A browser (by the secret of its cookie) wants to sign in as the owner of an address."""

    address: str
    browser: str
    back: str
    lang: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A browser (by the secret of its cookie) comes back from the provider; `before` is the address of
    the person that it was without an account."""

    state: str
    code: str
    browser: str
    before: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is at the provider; `address` is empty unless the provider has proven it."""

    issuer: str
    subject: str
    address: str


class ProviderError(DaypaperError):
    """The provider cannot be asked, or what it says does not hold."""


class NotLetInError(DaypaperError):
    """The provider knows them, but they have no account here."""


def send_link(store: Store, settings: Settings, asked: Asked, now: datetime) -> None:
    """Send a link to the address, if it may have an account and is not waiting for too many.

    Raises nothing that depends on the address; call it after the answer was given, so that its time
    tells nothing either.
    """
    if not policy(settings).admits(asked.address):
        log.info("an address that may not have an account asked to sign in")
        return
    with store.write() as connection:
        made = accounts.ask(
            connection, asked.address, asked.browser, asked.back, now, most=MOST_LINKS
        )
    if made is None:
        return
    link = f"{settings.public_url}/sign-in/{Signer.of(settings, lambda: now).sign_in_token(made)}"
    said = sign_in(asked.lang, link)
    key = f"sign-in-{made}"
    notice = Notice(asked.address, said.subject, said.text, said.html, key, asked.lang)
    with Email.of(settings).session() as session:
        outcome = session.send_notice(notice)
    if outcome.status != "sent":
        log.warning("a link to sign in was not sent: %s", outcome.message)
        if not outcome.unsure:
            with store.write() as connection:
                accounts.take_back(connection, made)


def follow(
    store: Store, settings: Settings, link_id: str, browser: str, before: str, now: datetime
) -> tuple[str, str]:
    """Use a link up: (the secret of the session that begins, the page to lead back to).

    `before` is the address of the person that the browser was without an account. Raises LinkError
    for a link that is used, too old, or another browser's.
    """
    with store.write() as connection:
        link = accounts.use(connection, link_id, browser, now)
        if link is None or "@" not in link.address or not policy(settings).admits(link.address):
            raise LinkError("The link was used, or is another browser's.", "invalid")
        pk = people.ensure(connection, MAIL + link.address, now, confirmed=True)
        return accounts.begin(connection, pk, before, now), link.back


def go_to_provider(
    store: Store, provider: "Provider", browser: str, back: str, now: datetime
) -> str:
    """The address at which the browser signs in at the provider. Raises ProviderError."""
    state = secrets.token_urlsafe(24)
    address = provider.authorization_url(state, browser)
    with store.write() as connection:
        accounts.attempt(connection, state, browser, back, now)
    return address


def come_back(
    store: Store,
    settings: Settings,
    provider: "Provider",
    returned: Returned,
    now: datetime,
) -> tuple[str, str]:
    """What `follow` does, for who comes back from the provider. Raises LinkError for an attempt that
    is over or another browser's, NotLetInError for who is not let in, ProviderError."""
    with store.write() as connection:
        link = accounts.use(connection, returned.state, returned.browser, now)
    if link is None or not link.address.startswith(PROVIDER):
        raise LinkError("The attempt is over, or another browser's.", "invalid")
    found = provider.identity(returned.code, returned.state, returned.browser)
    with store.write() as connection:
        pk = _person(connection, settings, found, now)
        return accounts.begin(connection, pk, returned.before, now), link.back


def _person(connection: Any, settings: Settings, found: Identity, now: datetime) -> int:
    """Whom the provider means: who it meant by this name before, else who has the address."""
    known = accounts.known_as(connection, found.issuer, found.subject)
    try:
        address = known[1] if known else Email.of(settings).normal(found.address)
    except UsageError:
        raise NotLetInError("The provider has not proven an e-mail address.") from None
    if not policy(settings).admits(address):
        raise NotLetInError("This address may have no account.")
    if known:
        return known[0]
    pk = people.ensure(connection, MAIL + address, now, confirmed=True)
    if not accounts.link(connection, found.issuer, found.subject, pk, now):
        raise NotLetInError("The provider knew the owner of this address by another name.")
    return pk
