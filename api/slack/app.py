"""The bot itself: where Slack's requests come in, by HTTP or by Socket Mode, and who answers them."""

import json
import logging
import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request, Response
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.adapter.starlette.handler import to_starlette_response
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from starlette.concurrency import run_in_threadpool

from aggregator.acting import Act, acting
from aggregator.deliver.slack.api import client_of
from aggregator.deliver.slack.blocks import ACTION
from aggregator.deliver.slack.channel import TIMEOUT
from aggregator.deliver.slack.text import said
from aggregator.deliver.slack.words import words
from aggregator.errors import DaypaperError, UsageError
from api.deps import Services
from api.problems import problem
from api.slack import commands, home, interactions, unfurl
from api.slack.bot import Bot, Reply

log = logging.getLogger(__name__)

PATHS = ("/slack/commands", "/slack/interactions", "/slack/events")
MOST_BYTES = 1_000_000
"""Slack's own requests are some ten kilobytes."""
_ACK = 2.0
"""Slack waits 3 seconds for an answer; what takes longer follows at the `response_url`."""
_QUICK = 2  # seconds for a question to Slack that an answer waits for
_AGAIN, _AGAIN_MOST = 5.0, 300.0  # seconds until the next try to connect


def install(app: FastAPI, services: Services) -> None:
    """Take Slack's requests, if a signing secret is set.

    Raises UsageError if it is set without a bot token.
    """
    secret = services.settings.slack_signing_secret.get_secret_value()
    if not secret:
        return
    verifier = SignatureVerifier(secret)
    bolt = bolt_app(bot_of(services))

    async def receive(request: Request) -> Response:
        body = await request.body()
        if len(body) > MOST_BYTES:
            return problem(413, "The request is too large.")
        if not _is_signed(verifier, body, request):
            return problem(401, "The request is not signed by Slack, or too old.")
        try:
            asked = BoltRequest(mode=_READ, body=_read(body), headers=dict(request.headers))
        except (ValueError, TypeError, AttributeError):
            return problem(400, "The request is not one of Slack's.")
        return to_starlette_response(await run_in_threadpool(bolt.dispatch, asked))

    for path in PATHS:
        # Not among the API's routes: these are Slack's, and their signature is their token.
        app.router.add_route(path, receive, methods=["POST"], include_in_schema=False)


class SocketMode:
    """A connection to Slack that needs no public address; `close` it when done."""

    def __init__(self, handler: SocketModeHandler) -> None:
        self._handler = handler
        self._closed = threading.Event()
        threading.Thread(target=self._connect, name="slack-socket-mode", daemon=True).start()

    def close(self) -> None:
        """Disconnect."""
        self._closed.set()
        self._handler.close()

    def _connect(self) -> None:
        """Connect, however long that takes; a connection that is lost later is renewed by itself."""
        seconds = _AGAIN
        while not self._closed.is_set():
            try:
                self._handler.connect()
                if self._closed.is_set():  # while it connected
                    self._handler.close()
                return
            except (SlackApiError, OSError) as error:
                log.warning("Socket Mode: no connection (%s); trying again.", type(error).__name__)
            self._closed.wait(seconds)
            seconds = min(seconds * 2, _AGAIN_MOST)


def start_socket_mode(services: Services) -> SocketMode | None:
    """Connect in the background, if an app token is set; else None.

    Raises UsageError if it is set without a bot token.
    """
    token = services.settings.slack_app_token.get_secret_value()
    if not token:
        return None
    bot = bot_of(services)
    client = WebClient(base_url=services.settings.slack_api_url, timeout=TIMEOUT)
    return SocketMode(SocketModeHandler(bolt_app(bot), token, web_client=client))


def bot_of(services: Services) -> Bot:
    """The bot with its clients. Raises UsageError without a bot token."""
    settings = services.settings
    if not settings.slack_bot_token.get_secret_value():
        raise UsageError("DAYPAPER_SLACK_BOT_TOKEN: missing; the Slack bot needs it to answer.")
    return Bot(services, client_of(settings, TIMEOUT), client_of(settings, _QUICK))


def bolt_app(bot: Bot) -> App:
    """The handlers, for requests whose sender has been proven."""
    token = bot.services.settings.slack_bot_token.get_secret_value()
    pool = ThreadPoolExecutor(5, "slack")

    def authorize(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id, bot_token=token)

    bolt = App(
        name="daypaper",
        client=WebClient(base_url=bot.services.settings.slack_api_url),
        authorize=authorize,
        signing_secret="",
        request_verification_enabled=False,
        token_verification_enabled=False,
    )

    @bolt.command("/daypaper")
    def on_command(ack: Any, command: dict[str, Any], respond: Any) -> None:
        user = str(command["user_id"])
        work = pool.submit(_said, bot, user, "/daypaper", lambda: commands.answer(bot, command))
        if wait([work], timeout=_ACK).done:
            ack(_body(work.result()))
        else:
            # Slack may be what is slow: it is not asked for the member's language, too.
            ack(words(bot.members.known(user).lang)("moment"))
            respond(_body(work.result()))

    @bolt.action(re.compile(f"^{ACTION}"))
    def on_action(ack: Any, action: dict[str, Any], body: dict[str, Any], respond: Any) -> None:
        ack()
        user = str(body["user"]["id"])
        reply = _said(bot, user, "button", lambda: interactions.answer(bot, user, action))
        if reply and body.get("response_url"):
            respond(_body(reply))

    @bolt.event("link_shared")
    def on_link(event: dict[str, Any]) -> None:
        unfurl.unfurl(bot, event)

    @bolt.event("app_home_opened")
    def on_home(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            home.publish(bot, str(event["user"]))

    return bolt


def _said(bot: Bot, user: str, what: str, work: Callable[[], Reply | None]) -> Reply | None:
    """The reply, or what went wrong in a sentence: a member is never left without an answer."""
    try:
        with acting(Act(f"slack {user}", what, "slack")):
            return work()
    except DaypaperError as error:
        return Reply(bot.words(user)("wrong", reason=said(str(error), 500)))
    except Exception:
        log.exception("the Slack bot failed")
        return Reply(bot.words(user)("broken"))


def _body(reply: Reply | None) -> dict[str, Any]:
    return reply.body() if reply else {}


_READ = "socket_mode"
"""What the library calls requests that are proven and read already; by itself it loses every form
whose text contains "payload"."""


def _is_signed(verifier: SignatureVerifier, body: bytes, request: Request) -> bool:
    """Has Slack signed it in the last five minutes? Checked before anything is read."""
    try:
        return verifier.is_valid_request(body, dict(request.headers))
    except (ValueError, TypeError, OverflowError):  # no moment of ours, signs that are not ASCII
        return False


def _read(body: bytes) -> dict[str, Any]:
    """An event is JSON; a command is a form; an interaction is JSON in a form. Raises ValueError."""
    text = body.decode()
    if text.startswith("{"):
        return dict(json.loads(text))
    form = dict(parse_qsl(text, keep_blank_values=True))
    return dict(json.loads(form["payload"])) if "payload" in form else form
