"""Posts the messages of one letter, each of them once: what is there already is not posted again."""

from typing import Any

from slack_sdk import WebClient

from aggregator.deliver.base import Letter
from aggregator.deliver.slack.api import Pace, SlackTrouble, ask, patiently
from aggregator.deliver.slack.blocks import Message, as_text
from aggregator.deliver.slack.letter import messages

EVENT = "daypaper_digest"
"""Type of the metadata by which a message of ours is known again."""
LOOKED_AT = 1_000
"""Messages of a channel that are looked through for a letter's, newest first."""
_PAGE = 200
_BLOCKS_REFUSED = ("msg_blocks_too_long", "msg_too_long", "invalid_blocks", "invalid_blocks_format")
_MAY_NOT_LOOK = ("missing_scope", "not_in_channel", "channel_not_found", "no_permission")


class Posting:
    """One letter on its way. `ids` remembers which channel a target is."""

    def __init__(self, client: WebClient, pace: Pace, letter: Letter, ids: dict[str, str]) -> None:
        self.posted = 0
        self._client = client
        self._pace = pace
        self._key = letter.key
        self._target = letter.target
        self._ids = ids
        self._channel = ids.get(letter.target, letter.target)
        self._thread: str | None = None
        self._part = 0
        self._told: set[str] = set()

    def look(self) -> None:
        """Find out what of the letter is there. Where the bot may not look, nothing is known, so that
        the letter is told twice rather than not at all. Raises SlackTrouble."""
        try:
            self._find()
        except SlackTrouble as trouble:
            if trouble.code not in _MAY_NOT_LOOK:
                raise

    def post(self, letter: Letter) -> None:
        """Post what is not there yet: the first message to the channel, the others to its thread.

        Raises SlackTrouble; `posted` then says how many messages got through.
        """
        if self._target[0] in "UW":
            self._open()
        for message in messages(letter, self._told):
            self._post(message)

    def _post(self, message: Message) -> None:
        try:
            self._send(message, text=message.text, blocks=message.blocks)
        except SlackTrouble as trouble:
            if trouble.code not in _BLOCKS_REFUSED:
                raise
            self._post_smaller(message)

    def _post_smaller(self, message: Message) -> None:
        """What Slack found too long, in spite of all: in halves, in the end as plain text."""
        if len(message.units) == 1:
            self._send(message, text=as_text(message.units[0]))
            return
        middle = len(message.units) // 2
        self._post(Message(message.text, message.units[:middle]))
        self._post(Message(message.text, message.units[middle:]))

    def _send(self, message: Message, **said: Any) -> None:
        # One text: Slack's types know lists of objects alone (docs.slack.dev, message metadata).
        told = " ".join(unit.id for unit in message.units)
        payload = {"key": self._key, "part": self._part + 1, "told": told}
        answer = patiently(
            self._pace,
            self._channel,
            self._client.chat_postMessage,
            thread_ts=self._thread,
            unfurl_links=False,
            unfurl_media=False,
            metadata={"event_type": EVENT, "event_payload": payload},
            **said,
        )
        self.posted += 1
        self._part += 1
        self._thread = self._thread or answer["ts"]
        # A name was good enough to post; from now on the id is known.
        self._channel = self._ids[self._target] = answer["channel"]

    def _find(self) -> None:
        self._identify()
        history = self._messages(self._client.conversations_history)
        root = next((m for m in history if self._ours(m)), None)
        if root is None:
            return
        self._thread = root["ts"]
        thread = self._messages(self._client.conversations_replies, ts=root["ts"])
        for payload in filter(None, map(self._ours, [root, *thread])):
            self._told.update(str(payload.get("told") or "").split())
            self._part = max(self._part, int(payload.get("part") or 0))

    def _messages(self, method: Any, **arguments: Any) -> list[dict[str, Any]]:
        """The messages of a channel or a thread, as far as they are looked at."""
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < LOOKED_AT:
            page = ask(
                method,
                channel=self._channel,
                include_all_metadata=True,
                limit=_PAGE,
                cursor=cursor,
                **arguments,
            )
            found += page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                break
        return found

    def _ours(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """What we noted with the message, if it is one of this letter's."""
        metadata = message.get("metadata") or {}
        payload = metadata.get("event_payload") or {}
        mine = metadata.get("event_type") == EVENT and payload.get("key") == self._key
        return payload if mine else None

    def _identify(self) -> None:
        """History is asked by id, a channel may be given by its name."""
        if self._target[0] in "UW":
            self._open()
        elif self._target.startswith("#") and self._channel == self._target:
            self._channel = self._named()
            self._ids[self._target] = self._channel

    def _open(self) -> None:
        """The conversation of the bot with a member."""
        if self._channel == self._target:
            answer = ask(self._client.conversations_open, users=self._target)
            self._channel = self._ids[self._target] = answer["channel"]["id"]

    def _named(self) -> str:
        """The id of the channel of that name. Raises SlackTrouble if there is none."""
        cursor = None
        while True:
            page = ask(
                self._client.conversations_list,
                types="public_channel,private_channel",
                exclude_archived=True,
                limit=_PAGE,
                cursor=cursor,
            )
            for channel in page.get("channels") or []:
                if f"#{channel.get('name')}" == self._target:
                    return channel["id"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                raise SlackTrouble("channel_not_found")
