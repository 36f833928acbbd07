"""Bytes of a web page -> text, and whether it is a bot wall instead of what was asked."""

import re

_CHARSET = re.compile(rb"""charset\s*=\s*["']?([\w-]{2,30})""", re.IGNORECASE)
_HTML = re.compile(
    rb"^(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*"
    # some feeds begin with the document type of a page
    rb"<(?:!doctype\s+html(?![^>]*>\s*(?:<!--.*?-->\s*)*<(?:rss|feed|(?:\w+:)?rdf)\b)|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)
# Words of Cloudflare's, Anubis', Turnstile's and common firewalls' interstitial pages.
_WALL = re.compile(
    r"just a moment|checking your browser|verif(?:y|ying) (?:that )?you are (?:a )?human|cf-chl|"
    r"challenge-platform|turnstile|captcha|anubis|making sure you.re not a bot|"
    r"enable javascript and cookies|access denied|unusual traffic|attention required",
    re.IGNORECASE,
)


def decode(body: bytes, content_type: str | None = None) -> str:
    """Bytes of a page -> text. Never raises; what cannot be decoded becomes U+FFFD.

    UTF-8 is tried first, whatever is declared: a text that is valid UTF-8 by chance does not occur.
    Then what header or page declare, then windows-1252, as browsers do.
    """
    declared = _CHARSET.search((content_type or "").encode("utf-8", "replace"))
    declared = declared or _CHARSET.search(body[:2048])
    for name in ("utf-8-sig", declared[1].decode() if declared else "windows-1252"):
        try:
            return body.decode(name)
        except (LookupError, UnicodeError):
            continue
    return body.decode("windows-1252", "replace")


def is_html(body: bytes) -> bool:
    """Whether the bytes begin as an HTML page does."""
    return _HTML.match(body[:4096]) is not None


def is_wall(text: str) -> bool:
    """Whether a page that holds nothing of what was asked speaks as bot walls do."""
    return _WALL.search(text[:20_000]) is not None
