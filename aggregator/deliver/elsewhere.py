"""The channel apprise: chat and push services, each by the URL that the library Apprise has for it."""

import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any

import apprise
from apprise import AppriseAsset, NotifyBase, NotifyFormat, plugins
from apprise.conversion import convert_between

from aggregator.deliver import short
from aggregator.deliver.base import Letter, Outcome
from aggregator.digest.show import clean
from aggregator.errors import RefusedError, UnreachableError, UsageError
from aggregator.fetch.client import PROJECT_PAGE
from aggregator.fetch.reach import Guard, Lookup, guarded, lookup, resolve
from aggregator.parse import addresses
from aggregator.settings import Settings

FIXED = (
    *("cliq", "dingtalk", "discord", "feishu", "flock", "gchat", "groupme", "guilded", "kook"),
    *("lark", "line", "notifiarr", "pbul", "pover", "prowl", "pushplus", "pushy", "ryver", "schan"),
    *("simplepush", "spush", "tgram", "twist", "webex", "wecombot", "wxpusher", "wxteams", "zoom"),
)
"""Services at addresses that Apprise knows."""
HOSTED = (
    *("bark", "barks", "form", "forms", "gotify", "gotifys", "hassio", "hassios", "json", "jsons"),
    *("matrix", "matrixs", "mmost", "mmosts", "nctalk", "nctalks", "ntfy", "ntfys"),
    *("pushdeer", "pushdeers", "rocket", "rockets", "signal", "signals", "synology", "synologys"),
    *("workflow", "workflows", "xml", "xmls", "zulip"),
)
"""Services at an address in the URL, which must not be a private one."""
DENIED = {
    *("attach", "call", "cto", "discovery", "email", "emojis", "file_url", "filename", "format"),
    *("optional", "overflow", "redirect", "retry", "rto", "store", "template", "verify", "wait"),
}
"""Parameters that read files or fetch addresses, reach others, switch checks off, or hide a failure."""
MOST_TARGET = 2_000
MOST_BYTES = 12_000
"""Of a message, whatever the service takes: beyond, the page is easier to read."""
_TAKES = {"ntfy": 4_000, "ntfys": 4_000}
"""Where Apprise allows more than the service does: ntfy.sh makes a file of what has more bytes."""
_GONE = {401, 403, 404, 410}
_ANSWER = re.compile(r"error=(\d{3})\b")
_NOT_THERE = re.compile("refused|NameResolution|ConnectTimeout|NewConnection|unreachable|SSLError")

log = logging.getLogger(__name__)


class Apprise:
    """Hands messages to one recipient each; who holds a URL may write there, so none is shown whole."""

    name = "apprise"
    connections = 2

    def __init__(self, *, allow_private: bool = False, ask: Lookup = lookup) -> None:
        """`ask` looks names up before a message; tests hand in another."""
        self._allow_private, self._ask = allow_private, ask

    @classmethod
    def of(cls, settings: Settings) -> "Apprise":
        """As the settings say."""
        return cls(allow_private=settings.allow_private_upstreams)

    def normal(self, target: str) -> str:
        """The URL as given, its scheme in lower case. Raises UsageError, which shows the scheme only."""
        text = target.strip(" ")
        scheme, colon, rest = text.partition("://")
        normal = f"{scheme.lower()}{colon}{rest}"
        service = self.service(normal)
        host = _host(service)
        if host and not self._allow_private and not addresses.may_be_public(host):
            raise UsageError(
                f"{scheme}:// leads to a private address (DAYPAPER_ALLOW_PRIVATE_UPSTREAMS allows it)."
            )
        return normal

    def redacted(self, target: str) -> str:
        """Of a URL what holds no secret."""
        try:
            service = self.service(target)
        except UsageError:
            return f"{clean(target.partition('://')[0], 20)}://…" if "://" in target else "…"
        host = _host(service)
        shown = str(service.url(privacy=True)).partition("?")[0]
        return f"{shown.partition('://')[0]}://{host}/…" if host else shown

    def advice(self, target: str) -> str:
        """Nothing: all that a service needs stands in its URL."""
        return ""

    def trouble(self) -> str:
        """Nothing needs to be set."""
        return ""

    @contextmanager
    def session(self) -> Iterator["AppriseSession"]:
        """Each message has a connection of its own."""
        yield AppriseSession(self)

    def service(self, url: str) -> NotifyBase:
        """What Apprise makes of a URL. Raises UsageError."""
        shown = clean(url.partition("://")[0], 20) + "://"
        if len(url) > MOST_TARGET or not url.isprintable() or " " in url or "://" not in url:
            raise UsageError("The target is no Apprise URL such as tgram://BOT_TOKEN/CHAT_ID.")
        _load()
        try:
            read = plugins.url_to_dict(url) or {}
        except Exception as error:  # whatever a service's own reader trips over
            log.debug("Apprise cannot read a %s URL: %s", shown, type(error).__name__)
            read = {}
        scheme = read.get("schema", "")
        if read and scheme not in (*FIXED, *HOSTED):
            raise UsageError(f"{shown} is not among the services that may be used.")
        for name in read.get("qsd") or {}:
            if name.strip().lower() in DENIED:
                raise UsageError(f"{shown}: the parameter {clean(name, 20)} may not be used.")
        service = apprise.Apprise.instantiate(url, asset=_asset()) if read else None
        if service is None:
            raise UsageError(f"{shown} is no URL that Apprise understands, or not complete.")
        if len(service) != 1:
            raise UsageError(f"{shown} names {len(service)} recipients; expected one.")
        if hasattr(service, "discovery"):
            # A public host could name a private one as the one to talk to.
            service.discovery = False  # pyright: ignore[reportAttributeAccessIssue]
        return service

    def refuse_private(self, service: NotifyBase) -> None:
        """Raises RefusedError if the service's host is a private address now."""
        host = _host(service)
        if not host or self._allow_private:
            return
        url = f"https://[{host}]/" if ":" in host else f"https://{host}/"
        try:
            addresses.refuse_private(url, resolve(url, self._ask))
        except UnreachableError:
            return  # no name: either Apprise cannot find it either, or it is a token at a known host

    def guard(self, service: NotifyBase) -> AbstractContextManager[Guard]:
        """Around a message, since Apprise looks the name up once more: it gets no connection to a private
        address, if the service's host must not be one."""
        free = self._allow_private or not _host(service)
        return nullcontext(Guard()) if free else guarded()


class AppriseSession:
    """Sends messages one after the other."""

    def __init__(self, channel: Apprise) -> None:
        self._channel = channel

    def send(self, letter: Letter, *, again: bool) -> Outcome:
        """Hand the message over. These services cannot tell a repeated one."""
        try:
            service = self._channel.service(letter.target)
            self._channel.refuse_private(service)
        except (UsageError, RefusedError) as error:
            return Outcome("refused", str(error))
        markdown = service.resolve_format(NotifyFormat.TEXT) == NotifyFormat.MARKDOWN
        # Without a field for the title Apprise puts it above the body.
        title = short.title(letter, markdown=markdown and service.title_maxlen <= 0)
        given = NotifyFormat.MARKDOWN if markdown else NotifyFormat.TEXT
        body = short.message(letter, _fits(service, title, given), markdown=markdown)
        sender = apprise.Apprise(asset=_asset())
        sender.add(service)
        with self._channel.guard(service) as guard:
            result = sender.notify(
                body=body, title=title, body_format=given, log_level=logging.DEBUG
            )
        if guard.refused:
            return Outcome("refused", f"{_host(service)} leads to a private address by now.")
        return _judge(service, result)


def _fits(service: NotifyBase, title: str, given: NotifyFormat) -> short.Fits:
    """Is a message within what the service takes, title included, however it counts?"""
    scheme = str(service.url()).partition("://")[0]
    most = min(service.body_maxlen, _TAKES.get(scheme, MOST_BYTES), MOST_BYTES)
    room = most - len(title.encode()) - 16  # a line end or two, the marks of a heading

    def fits(body: str) -> bool:
        sent = convert_between(given, service.resolve_format(given), body)
        return max(len(body.encode()), len(sent.encode())) <= room

    return fits


def _judge(service: NotifyBase, result: Any) -> Outcome:
    """What Apprise says of it; of its log only the number of an answer is shown."""
    name = clean(str(service.service_name), 40)
    if result:
        return Outcome("sent", f"{name} took it.")
    said = "\n".join(str(entry.message) for entry in result.logs())
    found = _ANSWER.search(said)
    if found:
        status = "refused" if int(found[1]) in _GONE else "deferred"
        return Outcome(status, f"{name} answered {found[1]}.")
    if _NOT_THERE.search(said):
        return Outcome("deferred", f"{name} cannot be reached.")
    return Outcome("deferred", f"{name} did not say that it took it.", unsure=True)


def _host(service: NotifyBase) -> str:
    """The host that the URL names, "" where it names none."""
    scheme = str(service.url()).partition("://")[0]
    return (service.host or "").strip("[]").lower() if scheme in HOSTED else ""


@cache
def _load() -> None:
    """Have Apprise import its services, and keep its log, which may hold secrets, from ours."""
    apprise.logger.setLevel(logging.DEBUG)
    apprise.logger.propagate = False
    with warnings.catch_warnings():
        # One of them imports imghdr, which Python 3.11 calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        apprise.Apprise().details()


def _asset() -> AppriseAsset:
    return AppriseAsset(
        app_id="Daypaper",
        app_desc="Daypaper",
        app_url=PROJECT_PAGE,
        image_url_mask="",
        image_url_logo="",
        async_mode=False,
        http_redirects=False,
        secure_logging=True,
    )
