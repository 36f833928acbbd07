"""Style sheets, scripts and icons: their addresses, which change with what they hold, and how long
browsers may keep them."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.web.language import chosen
from api.web.view import STATIC as FOLDER
from api.web.view import page

FOREVER = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False, default_response_class=Response)


class Assets(StaticFiles):
    """The files of a folder; asked for by an address with a version they never change."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200 and b"v=" in scope["query_string"]:
            response.headers["Cache-Control"] = FOREVER
        return response


@router.get("/sw.js")
def service_worker() -> Response:
    """The script that shows a page when there is no connection: at the top, since it may only
    look after what lies below its own address."""
    return FileResponse(FOLDER / "sw.js", media_type="text/javascript", headers=_CHECKED)


@router.get("/offline")
def show_offline(request: Request) -> Response:
    """What a reader sees without a connection."""
    return page(request, "offline.html", {})


@router.get("/manifest.webmanifest")
def manifest(request: Request) -> Response:
    """By which a browser installs the reader as an app."""
    t = chosen(request)
    said = {
        "name": "Daypaper",
        "short_name": "Daypaper",
        "description": t("tagline"),
        "lang": "zh-Hans" if t.code == "zh" else "en",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fcfbf8",
        "theme_color": "#fcfbf8",
        "icons": [
            {"src": "/static/icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any"},
        ],
    }
    return JSONResponse(said, headers=_CHECKED, media_type="application/manifest+json")


_CHECKED = {"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"}
