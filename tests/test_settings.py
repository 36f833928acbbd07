"""Settings come from the environment, secrets also from files, and broken ones stop the start."""

from pathlib import Path

import pytest

from aggregator import settings
from aggregator.errors import UsageError
from aggregator.store.db import Store


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No `.env` and no settings of the machine at hand."""
    monkeypatch.chdir(tmp_path)
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(settings.PREFIX + name.upper(), raising=False)


def test_by_default_an_sqlite_file_in_the_data_dir(tmp_path: Path) -> None:
    assert settings.load().database == f"sqlite:///{tmp_path / 'data' / 'daypaper.sqlite3'}"


def test_secrets_come_from_files_and_do_not_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg://me:hunter2@host/name\n")
    monkeypatch.setenv("DAYPAPER_DATABASE_URL_FILE", str(tmp_path / "url"))
    found = settings.load()
    assert found.database == "postgresql+psycopg://me:hunter2@host/name"
    assert "hunter2" not in repr(found)


def test_env_file_is_read_and_others_keys_in_it_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DAYPAPER_CONTACT=me@example.org\nPOSTGRES_PASSWORD=x\n")
    assert settings.load().contact == "me@example.org"


def test_a_broken_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYPAPER_ALLOW_PRIVATE_UPSTREAMS", "perhaps")
    with pytest.raises(
        UsageError, match=r"DAYPAPER_ALLOW_PRIVATE_UPSTREAMS: expected true or false\.$"
    ):
        settings.load()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BASE_URL", "foo", "BASE_URL: 'foo'; expected a web address"),
        ("CONTACT", "nobody", "CONTACT: 'nobody'; expected an e-mail address"),
        ("REDDIT_CLIENT_ID", "x", "one is missing; expected both or none"),
        ("OPENREVIEW_PASSWORD", "x", "OPENREVIEW_USER and _PASSWORD: one is missing"),
    ],
)
def test_settings_that_cannot_be_meant(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"DAYPAPER_{name}", value)
    with pytest.raises(UsageError, match=says):
        settings.load()


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAYPAPER_REDDIT_CLIENT_ID_FILE", "/nowhere/id")
    with pytest.raises(UsageError, match="DAYPAPER_REDDIT_CLIENT_ID_FILE: cannot read /nowhere/id"):
        settings.load()


def test_what_is_not_utf_8_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_bytes(b"\xff")
    monkeypatch.setenv("DAYPAPER_SECRET_KEY_FILE", "key")
    with pytest.raises(UsageError, match="DAYPAPER_SECRET_KEY_FILE: key is not UTF-8 at byte 0"):
        settings.load()
    (tmp_path / ".env").write_bytes(b"DAYPAPER_CONTACT=\xff\n")
    with pytest.raises(UsageError, match=r"\.env: not UTF-8 at byte 17"):
        settings.load()


@pytest.mark.parametrize(
    "url",
    [
        *("nonsense", "mysql://host/name", "://", "sqlite://data/file", "sqlite+none:///file"),
        "postgresql+psycopg://me:hunter2@host:54x/name",
    ],
)
def test_a_broken_database_url_is_named(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"DAYPAPER_DATABASE_URL: .*expected"):
        Store(url, tmp_path)


def test_a_name_that_is_no_setting_is_told_with_what_may_be_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAYPAPER_SMPT_URL", "smtp://mail.example.org")
    monkeypatch.setenv("DAYPAPER_TEST_DATABASE_URL", "of the tests")
    monkeypatch.setenv("DAYPAPER_BASE_URL", "https://daypaper.example")
    (tmp_path / ".env").write_text(
        "DAYPAPER_QXZ=1\nPOSTGRES_PASSWORD=x\ndaypaper_contact=a@b.org\n"
    )
    assert settings.unknown() == [
        "DAYPAPER_QXZ is no setting: docs/settings.md has them all.",
        "DAYPAPER_SMPT_URL is no setting: did you mean DAYPAPER_SMTP_URL?",
    ]
    settings.load()  # is no reason not to start
