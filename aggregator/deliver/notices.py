"""Mails about subscriptions and accounts themselves, in the reader's language: the one that asks whether
an address is its owner's wish, the one that signs somebody in; pure."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from aggregator.sending.due import parse_schedule
from aggregator.watches import Terms


@dataclass(frozen=True, slots=True)
class Written:
    """A message before it is addressed."""

    subject: str
    text: str
    html: str


_SENTENCES: dict[str, dict[str, Any]] = {
    "en": {
        "subject": "Please confirm: {title} by mail",
        "asked": "Somebody, most likely you, asked for new papers on {title} at this address: "
        "{schedule}.",
        "open": "Please confirm on this page; the first digest follows.",
        "button": "Confirm",
        "else": "The link is good for three days. If this was not you, there is nothing to do: "
        "without your word nothing is sent, and this address is forgotten.",
        "asap": "as soon as they are out",
        "daily": "every day at {clock} ({tz})",
        "weekly": "every {day} at {clock} ({tz})",
        "days": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "sign_in_subject": "Sign in to Daypaper",
        "sign_in_asked": "Somebody, most likely you, wants to sign in to Daypaper with this address.",
        "sign_in_open": "Please open this page in the same browser; nothing happens before you press "
        "the button there.",
        "sign_in_button": "Sign in",
        "sign_in_else": "The link is good for fifteen minutes, once. If this was not you, there is "
        "nothing to do: in another browser the link opens nothing. Do not pass it on.",
    },
    "zh": {
        "subject": "请确认：用邮件订阅“{title}”",
        "asked": "有人（想必就是您）希望用这个邮箱接收“{title}”的新论文：{schedule}。",
        "open": "请在下面的页面上确认，随后即可收到第一期。",
        "button": "确认订阅",
        "else": "链接三天内有效。如果这不是您本人的操作，无需理会："
        "未经确认，我们不会发送任何内容，也不会保留这个地址。",
        "asap": "一有发布立即发送",
        "daily": "每天 {clock}（{tz}）",
        "weekly": "每周{day} {clock}（{tz}）",
        "days": "一 二 三 四 五 六 日",
        "sign_in_subject": "登录 Daypaper",
        "sign_in_asked": "有人（想必就是您）希望用这个邮箱登录 Daypaper。",
        "sign_in_open": "请在刚才的同一个浏览器里打开下面的页面，按下页面上的按钮后才会登录。",
        "sign_in_button": "登录",
        "sign_in_else": "链接十五分钟内有效，只能用一次。如果这不是您本人的操作，无需理会："
        "在别的浏览器里这个链接打不开任何东西。请不要转发。",
    },
}

_HTML = Markup(
    """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
@media (prefers-color-scheme: dark) {{
body {{ background: #16181a !important; color: #e3e0d8 !important }}
.quiet {{ color: #a5a196 !important }}
.button {{ background: #93bfe8 !important; color: #16181a !important }}
}}
</style>
</head>
<body style="margin:0;background:#fbfaf6;color:#22201c;font:17px/1.6 system-ui,sans-serif">
<div style="max-width:36em;margin:0 auto;padding:32px 20px">
<h1 style="font-size:20px;margin:0 0 16px">Daypaper</h1>
<p>{asked}</p>
<p>{open}</p>
<p style="margin:24px 0"><a class="button" href="{link}" style="display:inline-block;padding:10px 22px;border-radius:4px;background:#1f4e79;color:#ffffff;text-decoration:none">{button}</a></p>
<p class="quiet" style="color:#5f5a50;font-size:15px">{else}</p>
</div>
</body>
</html>
"""  # noqa: E501
)


def confirmation(lang: str, title: str, terms: Terms, link: str) -> Written:
    """The mail of the double opt-in; `title` is the watch's, in that language."""
    said = _SENTENCES[lang]
    title = " ".join(title.split())
    values = {
        "subject": said["subject"].format(title=title),
        "asked": said["asked"].format(title=title, schedule=schedule_in_words(lang, terms)),
        "open": said["open"],
        "button": said["button"],
        "else": said["else"],
    }
    return _written(lang, values, link)


def sign_in(lang: str, link: str) -> Written:
    """The mail with the link that signs its reader in."""
    said = _SENTENCES[lang]
    parts = ("subject", "asked", "open", "button", "else")
    return _written(lang, {part: said[f"sign_in_{part}"] for part in parts}, link)


def _written(lang: str, said: dict[str, str], link: str) -> Written:
    values = {**said, "link": link, "lang": "zh-Hans" if lang == "zh" else "en"}
    text = "\n\n".join([values["asked"], values["open"], link, values["else"]]) + "\n"
    return Written(values["subject"], text, str(_HTML.format(**values)))


def schedule_in_words(lang: str, terms: Terms) -> str:
    """ "every Monday at 08:00 (Europe/Berlin)" """
    said, schedule = _SENTENCES[lang], parse_schedule(terms.schedule)
    if schedule.clock is None:
        return said["asap"]
    key = "daily" if schedule.weekday is None else "weekly"
    day = said["days"].split()[schedule.weekday or 0]
    return said[key].format(clock=f"{schedule.clock:%H:%M}", tz=terms.tz, day=day)
