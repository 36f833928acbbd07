"""The channel Slack: hands letters to a workspace's channels and members, and says what became of it."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from slack_sdk import WebClient

from aggregator.deliver.base import Letter, Outcome
from aggregator.deliver.slack.api import PACE, Pace, SlackTrouble, client_of
from aggregator.deliver.slack.posting import Posting
from aggregator.errors import UsageError
from aggregator.settings import Settings

log = logging.getLogger(__name__)

TIMEOUT = 15
_NAME = re.compile(r"#[\w-]{1,80}")
_ID = re.compile(r"[CGUW][A-Z0-9]{2,20}")

_TARGETS = {
    "channel_not_found": "Slack knows no {target} that the bot can see: check the name, and if it is "
    "private, invite the bot there with /invite @Daypaper.",
    "not_in_channel": "The bot is not in {target}: invite it there with /invite @Daypaper.",
    "is_archived": "{target} is archived: unarchive it, or choose another channel.",
    "user_not_found": "Slack knows no member {target}.",
    "users_not_found": "Slack knows no member {target}.",
    "user_not_visible": "The bot cannot see the member {target}.",
    "user_disabled": "The member {target} is deactivated.",
    "cannot_dm_bot": "{target} is a bot, which cannot be written to.",
    "messages_tab_disabled": "The app takes no messages to members: switch its Messages tab on.",
    "restricted_action": "The workspace does not let the bot post in {target}.",
    "restricted_action_read_only_channel": "Only some may post in {target}: let the bot, too.",
    "restricted_action_thread_locked": "The thread in {target} is locked.",
}
"""Refusals that are about the target."""
_APP = {
    "invalid_auth": "Slack does not know DAYPAPER_SLACK_BOT_TOKEN: check it.",
    "not_authed": "Slack got no token: set DAYPAPER_SLACK_BOT_TOKEN.",
    "token_revoked": "DAYPAPER_SLACK_BOT_TOKEN has been revoked: install the app again, and set the "
    "new token.",
    "token_expired": "DAYPAPER_SLACK_BOT_TOKEN has expired: install the app again without rotation.",
    "account_inactive": "The app is not in the workspace any more: install it again, and set the new "
    "token.",
    "missing_scope": "The app lacks the scope {needed}: add what docs/slack-manifest.yml has, and "
    "install the app again.",
    "unreachable": "Slack cannot be reached.",
    "silent": "Slack did not answer; the message may be there all the same.",
    "broken": "Slack is in trouble; the message may be there all the same.",
}
"""What is not the target's fault."""


class Slack:
    """Letters to Slack. A target is a channel ("#papers", or its id, which outlives renaming) or a
    member's id."""

    name = "slack"
    connections = 4

    def __init__(self, settings: Settings, *, timeout: int = TIMEOUT, pace: Pace = PACE) -> None:
        self._settings = settings
        self._timeout = timeout
        self._pace = pace
        self._ids: dict[str, str] = {}

    @classmethod
    def of(cls, settings: Settings) -> "Slack":
        """As the settings have it."""
        return cls(settings)

    def normal(self, target: str) -> str:
        """ "#Papers" -> "#papers"; ids stay. Raises UsageError."""
        value = target.strip()
        if _ID.fullmatch(value):
            return value
        if _NAME.fullmatch(value):
            return value.lower()
        raise UsageError(
            f"target: {target[:100]!r} is nothing in Slack; expected #channel, a channel's id such as "
            "C0123ABCDEF, or a member's id such as U0123ABCDEF."
        )

    def redacted(self, target: str) -> str:
        """Names and ids are no secrets."""
        return target

    def advice(self, target: str) -> str:
        """A channel must have invited the bot."""
        if target[0] in "UW":
            return ""
        return f"Invite the bot to {target} with /invite @Daypaper, or it cannot post there."

    def trouble(self) -> str:
        """Without a bot token nothing can be posted."""
        if not self._settings.slack_bot_token.get_secret_value():
            return "DAYPAPER_SLACK_BOT_TOKEN is not set; docs/slack.md says how to get one."
        if not self._settings.slack_api_url.startswith(("http://", "https://")):
            return "DAYPAPER_SLACK_API_URL: expected a web address."
        return ""

    @contextmanager
    def session(self) -> Iterator["SlackSession"]:
        """Slack is asked request by request: there is nothing to keep open."""
        client = client_of(self._settings, self._timeout)
        yield SlackSession(client, self._pace, self._ids)


class SlackSession:
    """Sends letters, one after the other."""

    def __init__(self, client: WebClient, pace: Pace, ids: dict[str, str]) -> None:
        self._client = client
        self._pace = pace
        self._ids = ids

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        """Post the letter's messages; `again`: only those that are not there yet."""
        posting = Posting(self._client, self._pace, letter, self._ids)
        try:
            if again:
                posting.look()
            posting.post(letter)
        except SlackTrouble as trouble:
            # What was posted, now or by the try before, must be looked for the next time.
            return outcome(trouble, letter.target, unsure=again or posting.posted > 0)
        except Exception as error:
            log.exception("a letter to Slack failed")
            said = f"Sending failed with {type(error).__name__}, which has been logged."
            return Outcome("deferred", said, unsure=True, blames_target=False)
        return Outcome("sent", f"Posted {posting.posted} messages.")


def outcome(trouble: SlackTrouble, target: str, *, unsure: bool = False) -> Outcome:
    """What became of a letter to `target`, in words."""
    code, unsure = trouble.code, unsure or trouble.unsure
    if code in _TARGETS:
        return Outcome("refused", _TARGETS[code].format(target=target), unsure=unsure)
    if trouble.retry_after is not None:
        seconds = f"{trouble.retry_after.total_seconds():.0f}"
        said = f"Slack asks to wait for {seconds} seconds."
        return Outcome("deferred", said, trouble.retry_after, unsure, blames_target=False)
    said = _APP.get(code, f'Slack says "{code}".').format(needed=trouble.needed or "it needs")
    return Outcome("deferred", said, unsure=unsure, blames_target=False)
