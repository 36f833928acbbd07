"""The app's manifest and the documentation of Slack against the code."""

from pathlib import Path

import yaml

from aggregator.deliver.slack.channel import _APP, _TARGETS
from api.slack.app import PATHS
from api.slack.commands import COMMANDS

DOCS = Path(__file__).parents[2] / "docs"
MANIFEST = (DOCS / "slack-manifest.yml").read_text(encoding="utf-8")
PAGE = (DOCS / "slack.md").read_text(encoding="utf-8")


def test_the_manifest_has_what_the_bot_uses() -> None:
    made = yaml.safe_load(MANIFEST)
    assert made["settings"]["socket_mode_enabled"] is True
    assert made["features"]["slash_commands"][0]["command"] == "/daypaper"
    assert made["features"]["unfurl_domains"] == ["arxiv.org"]
    assert set(made["settings"]["event_subscriptions"]["bot_events"]) == {
        "app_home_opened",
        "link_shared",
    }
    needed = {"chat:write", "commands", "links:write", "users:read", "channels:history", "im:write"}
    assert needed <= set(made["oauth_config"]["scopes"]["bot"])


def test_the_manifest_for_http_names_every_path() -> None:
    lines = [line.replace("# ", "", 1) for line in MANIFEST.splitlines() if "url: https://" in line]
    assert sorted(line.split("example.com")[1] for line in lines) == sorted(PATHS)
    bare = "\n".join(
        line.replace("# ", "", 1) if "url: https://" in line else line
        for line in MANIFEST.splitlines()
    )
    made = yaml.safe_load(bare)
    assert made["features"]["slash_commands"][0]["url"].endswith(PATHS[0])
    assert made["settings"]["interactivity"]["request_url"].endswith(PATHS[1])
    assert made["settings"]["event_subscriptions"]["request_url"].endswith(PATHS[2])


def test_the_page_names_every_command() -> None:
    for name in set(COMMANDS) - {"help"}:
        assert f"`/daypaper {name}" in PAGE
    for code in ("channel_not_found", "not_in_channel", "is_archived"):
        assert code in _TARGETS
        assert f"`{code}`" in PAGE
    for code in ("token_revoked", "invalid_auth", "account_inactive", "missing_scope"):
        assert code in _APP
        assert f"`{code}`" in PAGE
