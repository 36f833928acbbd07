"""A real OpenID provider on loopback: discovery, keys, codes with PKCE, signed tokens; it lies on request."""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from aggregator import clock

CLIENT, SECRET = "daypaper", "between us"
Lie = Callable[[dict[str, Any]], None]


class OidcProvider:
    """Signs everybody in as `claims` say. `lie` changes a token's claims before it is signed, `forge`
    the signed token; `metadata` goes over the discovery document. `asked` holds what was asked of it."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
        self.keys = [self.key]
        self.claims: dict[str, Any] = {
            "sub": "ada-1",
            "email": "ada@example.org",
            "email_verified": True,
        }
        self.userinfo: dict[str, Any] | None = None
        self.lie: Lie = lambda claims: None
        self.forge: Callable[[str, dict[str, Any]], str] = lambda token, claims: token
        self.metadata: dict[str, Any] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self) -> "OidcProvider":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def issuer(self) -> str:
        """For DAYPAPER_OIDC_ISSUER."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def discovery(self) -> dict[str, Any]:
        """What it says of itself."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
            **self.metadata,
        }

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent back to; its user is signed in here already."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(12)
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """The answer to a code; each is taken once, from who began with it."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        client = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if authorization != f"Basic {client}":
            return 401, {"error": "invalid_client"}
        if (
            asked is None
            or challenge != asked["code_challenge"]
            or form.get("redirect_uri") != asked["redirect_uri"]
        ):
            return 400, {"error": "invalid_grant", "error_description": "x\nforged log line"}
        return 200, {
            "access_token": "opaque",
            "token_type": "Bearer",
            "id_token": self.id_token(asked["nonce"]),
        }

    def id_token(self, nonce: str) -> str:
        """A token of now, or a lie."""
        now = int(clock.wall().timestamp())
        times = {"iat": now, "exp": now + 300}
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": nonce, **times, **self.claims}
        self.lie(claims)
        signed = jwt.encode({"alg": "RS256", "kid": self.key.kid}, claims, self.key)
        return self.forge(signed, claims)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """The first two parts of a token."""
    parts = (base64.urlsafe_b64encode(json.dumps(one).encode()) for one in (header, claims))
    return ".".join(part.decode().rstrip("=") for part in parts)


def _handler(provider: OidcProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            provider.asked.append(f"GET {parts.path}")
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", provider.authorize(query))
                self.end_headers()
            elif parts.path in provider.answers:
                self._answer(*provider.answers[parts.path])
            elif parts.path == "/.well-known/openid-configuration":
                self._json(200, provider.discovery())
            elif parts.path == "/keys":
                self._json(200, dict(KeySet(list(provider.keys)).as_dict(private=False)))
            elif parts.path == "/userinfo" and provider.userinfo:
                assert self.headers["Authorization"] == "Bearer opaque"
                self._json(200, provider.userinfo)
            else:
                self._json(404, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            provider.asked.append(f"POST {self.path}")
            if self.path in provider.answers:
                self._answer(*provider.answers[self.path])
                return
            form = {name: values[0] for name, values in parse_qs(body).items()}
            self._json(*provider.token(form, self.headers.get("Authorization", "")))

        def _json(self, status: int, said: dict[str, Any]) -> None:
            self._answer(status, json.dumps(said).encode())

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    return Handler
