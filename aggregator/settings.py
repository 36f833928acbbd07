"""Settings from the environment or `.env`: one typed object, built by the entry point, handed down."""

import os
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

from pydantic import Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, SettingsConfigDict

from aggregator.errors import UsageError
from aggregator.expected import in_words

PREFIX = "DAYPAPER_"
SECRETS = (
    "database_url",
    "secret_key",
    "smtp_url",
    "dkim_key",
    "slack_bot_token",
    "slack_signing_secret",
    "slack_app_token",
    "reddit_client_id",
    "reddit_client_secret",
    "openreview_user",
    "openreview_password",
    "s2_api_key",
    "openalex_api_key",
    "oidc_client_secret",
)
"""Settings that may also come from a file named by `DAYPAPER_<NAME>_FILE`."""


LIMITS = ("reads", "searches", "writes", "signups", "attempts")
"""What is limited, by `limit_<name>` each: how often one client may ask for it."""


class Settings(BaseSettings):
    """What an installation can set; `DAYPAPER_<NAME>` each, see `.env.example`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    database_url: SecretStr = Field(default=SecretStr(""))
    data_dir: Path = Path("data")
    topics: Path = Path("topics.toml")
    base_url: str = ""
    contact: str = ""
    patience_seconds: float = Field(default=60.0, gt=0, le=600)
    embeddings: bool = False
    secret_key: SecretStr = SecretStr("")
    public_read: bool = True
    limit_reads: str = "1200/minute"
    limit_searches: str = "300/minute"
    limit_writes: str = "120/minute"
    limit_signups: str = "10/hour"
    limit_attempts: str = "30/minute"
    trusted_proxies: str = ""
    accounts: bool = False
    owners: str = ""
    accounts_for: str = ""
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    mail_from: str = ""
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key: SecretStr = SecretStr("")
    slack_bot_token: SecretStr = SecretStr("")
    slack_signing_secret: SecretStr = SecretStr("")
    slack_app_token: SecretStr = SecretStr("")
    slack_api_url: str = "https://slack.com/api/"
    reddit_client_id: SecretStr = SecretStr("")
    reddit_client_secret: SecretStr = SecretStr("")
    openreview_user: SecretStr = SecretStr("")
    openreview_password: SecretStr = SecretStr("")
    s2_api_key: SecretStr = SecretStr("")
    openalex_api_key: SecretStr = SecretStr("")
    database_url_file: str = ""
    secret_key_file: str = ""
    smtp_url_file: str = ""
    dkim_key_file: str = ""
    slack_bot_token_file: str = ""
    slack_signing_secret_file: str = ""
    slack_app_token_file: str = ""
    reddit_client_id_file: str = ""
    reddit_client_secret_file: str = ""
    openreview_user_file: str = ""
    openreview_password_file: str = ""
    s2_api_key_file: str = ""
    openalex_api_key_file: str = ""
    oidc_client_secret_file: str = ""
    allow_private_upstreams: bool = False

    @model_validator(mode="before")
    @classmethod
    def _secrets_from_files(cls, given: dict[str, Any]) -> dict[str, Any]:
        files = {name: given.get(f"{name}_file") for name in SECRETS}
        return given | {name: _from_file(name, path) for name, path in files.items() if path}

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.base_url and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"{PREFIX}BASE_URL: {self.base_url!r}; expected a web address")
        if self.contact and "@" not in self.contact:
            raise ValueError(f"{PREFIX}CONTACT: {self.contact!r}; expected an e-mail address")
        _check_pair(
            "REDDIT_CLIENT_ID and _SECRET", self.reddit_client_id, self.reddit_client_secret
        )
        _check_pair("OPENREVIEW_USER and _PASSWORD", self.openreview_user, self.openreview_password)
        _check_mail(self)
        for name in LIMITS:
            _check_limit(f"limit_{name}", getattr(self, f"limit_{name}"))
        for proxy in self.proxies:
            _checked("TRUSTED_PROXIES", _network, proxy)
        _check_accounts(self)
        return self

    @property
    def database(self) -> str:
        """The database's URL; by default an SQLite file in the data dir."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite:///{(self.data_dir / 'daypaper.sqlite3').absolute()}"

    @property
    def public_url(self) -> str:
        """The address that links in messages begin with: the public one, else where `run` serves."""
        return (self.base_url or "http://127.0.0.1:8000").rstrip("/")

    @property
    def proxies(self) -> list[str]:
        """The addresses and networks of proxies that are believed when they name their client."""
        return [one.strip() for one in self.trusted_proxies.split(",") if one.strip()]

    @property
    def own_tagger(self) -> Path:
        """Where `daypaper train` puts a model of this installation's own."""
        return self.data_dir / "tagger.npz"

    @property
    def tagger(self) -> Path | None:
        """The model file to use: this installation's own, else None for the shipped one."""
        return self.own_tagger if self.own_tagger.exists() else None


def load() -> Settings:
    """Read the environment and `.env`.

    Raises UsageError with one sentence naming the setting and what was expected.
    """
    try:
        return Settings()
    except UnicodeDecodeError as error:
        raise UsageError(f".env: not UTF-8 at byte {error.start}; expected UTF-8 text.") from None
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        message = in_words(first)
        raise UsageError(f"{name}: {message}." if first["loc"] else f"{message}.") from None


def unknown() -> list[str]:
    """A sentence for each variable of the environment or `.env` that has our prefix and is no setting, as
    one that is misspelt; those of the tests and benchmarks are known."""
    given = {name.upper() for name in (*os.environ, *DotEnvSettingsSource(Settings).env_vars)}
    ours = {name.removeprefix(PREFIX) for name in given if name.startswith(PREFIX)}
    known = [name.upper() for name in Settings.model_fields]
    found = []
    for name in sorted(ours - {*known}):
        if not name.startswith(("TEST_", "BENCH_")):
            like = get_close_matches(name, known, 1)
            meant = f"did you mean {PREFIX}{like[0]}?" if like else "docs/settings.md has them all."
            found.append(f"{PREFIX}{name} is no setting: {meant}")
    return found


def _check_pair(names: str, *parts: SecretStr) -> None:
    """Raises ValueError where one part of a log-in is given without the other."""
    given = [bool(part.get_secret_value()) for part in parts]
    if any(given) and not all(given):
        raise ValueError(f"{PREFIX}{names}: one is missing; expected both or none")


def _check_mail(settings: Settings) -> None:
    """Raises ValueError; the sentence names the setting and holds no secret."""
    if url := settings.smtp_url.get_secret_value():
        from aggregator.deliver.smtp import parse_url

        _checked("SMTP_URL", parse_url, url)
    if settings.mail_from:
        from aggregator.deliver.mail import parse_sender

        _checked("MAIL_FROM", parse_sender, settings.mail_from)
    dkim = (settings.dkim_domain, settings.dkim_selector, settings.dkim_key.get_secret_value())
    if any(dkim):
        if not all(dkim):
            raise ValueError(
                f"{PREFIX}DKIM_DOMAIN, _SELECTOR and _KEY: some are missing; expected all or none"
            )
        from aggregator.deliver.dkim import Signer

        Signer(*dkim)


def _check_limit(name: str, rule: str) -> None:
    """Raises ValueError for what the library of limits does not understand."""
    if rule and rule != Settings.model_fields[name].default:
        from limits import parse_many

        try:
            parse_many(rule)
        except ValueError:
            raise ValueError(
                f"{PREFIX}{name.upper()}: {rule!r}; expected a number and a time such as "
                "100/minute, or nothing for no limit"
            ) from None


def _network(text: str) -> None:
    try:
        ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"{text!r}; expected IP addresses or networks with commas") from None


def _check_accounts(settings: Settings) -> None:
    """Raises ValueError with a sentence that names the setting."""
    if settings.accounts or settings.oidc_issuer or settings.oidc_client_id:
        from aggregator.people import accounts

        accounts.check(settings)


def _checked(name: str, parse: Callable[[str], object], value: str) -> None:
    try:
        parse(value)
    except ValueError as error:
        raise ValueError(f"{PREFIX}{name}: {error}") from None


def _from_file(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{PREFIX}{name.upper()}_FILE: {path} is not UTF-8 at byte {error.start}; expected text"
        ) from None
    except OSError as error:
        reason = error.strerror or "not readable"
        raise ValueError(f"{PREFIX}{name.upper()}_FILE: cannot read {path}: {reason}") from None


def processors() -> int:
    """How many processors this process may use; where the system does not tell, how many there are."""
    allowed = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(allowed(0)) if allowed else os.cpu_count() or 1
