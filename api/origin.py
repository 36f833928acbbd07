"""Requests that another site makes a reader's browser send: none of them changes anything."""

from urllib.parse import urlsplit

from fastapi import HTTPException, Request

from api.deps import Services

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_HERE = frozenset({"same-origin", "none"})
"""What a browser says of its own pages, and of what its user asked for without a page."""
FROM_ANYWHERE = ("/unsubscribe/",)
"""One click in a mail program (RFC 8058), which may itself be a page; the link is the key."""


def refuse_foreign(request: Request) -> None:
    """Raise a 403 for a request that may change something and comes from a page of another site.

    Browsers say so in Sec-Fetch-Site, and where they do not (plain http) in Origin; programs say
    neither. A page cannot make a browser send a token of the API, so that who has one may say what
    they like.
    """
    if request.method in _SAFE or request.url.path.startswith(FROM_ANYWHERE):
        return
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    site = request.headers.get("sec-fetch-site")
    if site in _HERE if site else _is_ours(request, request.headers.get("origin")):
        return
    raise HTTPException(403, "This came from a page of another site; please use the form here.")


def _is_ours(request: Request, origin: str | None) -> bool:
    """Is it the host that was asked, or the one that links name (behind a proxy that renames it)?"""
    if origin is None:
        return True
    services: Services = request.app.state.services
    asked, public = request.headers.get("host", ""), urlsplit(services.base_url).netloc
    return urlsplit(origin).netloc.lower() in {name.lower() for name in (asked, public) if name}
