"""How much a request may bring: everything we are sent is small."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

MOST_BYTES = 256 * 1024
"""Of a request's body; a Slack interaction with a long message in it has some 50 kB."""
_SAID = f"The request is too large; expected at most {MOST_BYTES // 1024} KB."


class BodyLimit:
    """Answers 413 to a body that is too large, before the rest of it is read."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > MOST_BYTES:
            answer = problem(413, _SAID, headers={"Connection": "close"})
            await answer(scope, receive, send)
            return
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST_BYTES:
                raise HTTPException(413, _SAID)
            return message

        await self.app(scope, counted, send)
