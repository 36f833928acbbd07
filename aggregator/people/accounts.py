"""Who may sign in and who owns the installation, by the settings."""

from dataclasses import dataclass
from functools import lru_cache

from aggregator.deliver.mail import parse_sender
from aggregator.settings import Settings

EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Policy:
    """Whose e-mail addresses are let in; in their normal form."""

    owners: frozenset[str]
    addresses: frozenset[str]
    domains: frozenset[str]
    everybody: bool

    def owns(self, address: str) -> bool:
        """Is this one of the owners, who may change what is everybody's?"""
        return address in self.owners

    def admits(self, address: str) -> bool:
        """May this address have an account?"""
        domain = address.rpartition("@")[2]
        known = address in self.owners or address in self.addresses
        return known or self.everybody or domain in self.domains


def policy(settings: Settings) -> Policy:
    """What DAYPAPER_OWNERS and DAYPAPER_ACCOUNTS_FOR say. Raises ValueError as `parse`."""
    return parse(settings.owners, settings.accounts_for)


@lru_cache
def parse(owners: str, accounts_for: str) -> Policy:
    """Lists with commas between: addresses; addresses, domains, or `*`. Raises ValueError."""
    lists = [{part.strip() for part in text.split(",")} - {""} for text in (owners, accounts_for)]
    named = {part for part in lists[1] if "@" in part}
    return Policy(
        frozenset(parse_sender(part).address for part in lists[0]),
        frozenset(parse_sender(part).address for part in named),
        frozenset(map(_domain, lists[1] - named - {EVERYBODY})),
        EVERYBODY in lists[1],
    )


def _domain(text: str) -> str:
    if " " in text:
        raise ValueError("expected one domain")
    return parse_sender(f"x@{text}").domain


def check(settings: Settings) -> None:
    """Raises ValueError with a sentence, where accounts are on and cannot be used, or where a
    provider is named by halves or without them."""
    issuer, client = settings.oidc_issuer, settings.oidc_client_id
    if not (issuer and client) and (issuer or client):
        raise ValueError(
            "DAYPAPER_OIDC_ISSUER and _CLIENT_ID: one is missing; expected both or none"
        )
    if issuer and not settings.accounts:
        raise ValueError("DAYPAPER_OIDC_ISSUER: expected DAYPAPER_ACCOUNTS to be true with it")
    if issuer and not issuer.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ValueError("DAYPAPER_OIDC_ISSUER: expected an address that begins with https://")
    if not settings.accounts:
        return
    try:
        owners = policy(settings).owners
    except ValueError:
        raise ValueError(
            "DAYPAPER_OWNERS and DAYPAPER_ACCOUNTS_FOR: expected e-mail addresses with commas "
            "between, in the second one also domains, or *"
        ) from None
    if not owners:
        raise ValueError("DAYPAPER_OWNERS: none; expected an e-mail address where accounts are on")
    if not settings.smtp_url.get_secret_value() and not issuer:
        raise ValueError(
            "DAYPAPER_ACCOUNTS: true, but nobody could sign in; expected DAYPAPER_SMTP_URL for "
            "links by mail, or DAYPAPER_OIDC_ISSUER"
        )
