"""Signing in at an OpenID provider: authorisation code with PKCE, by Authlib over our own HTTP client.

The protocol is Authlib's: what is asked, the token's signature, issuer, audience, times and nonce. Here
is what surrounds it: which addresses may be asked, which algorithms count, when an address is proven.
"""

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.oauth2.base import OAuth2Error
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc.errors import JoseError

from aggregator.digest.show import clean
from aggregator.errors import SourceError
from aggregator.fetch.client import Posted, Sender
from aggregator.parse import addresses
from aggregator.people.signin import Identity, ProviderError
from aggregator.settings import Settings

KEPT_FOR = 3600.0
"""Seconds for which what a provider says of itself is believed; its keys are asked for again earlier if
a token names one that is not known."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
ALGORITHMS = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)
"""Signatures with a key of the provider's own: not `none`, and no HS256, whose key we would share."""
SCOPE = "openid email"
MOST_SUBJECT = 255
"""Signs of a subject (OpenID Connect Core, 2)."""


class Provider(OpenIDMixin):
    """One provider, asked when somebody signs in. May be used by several threads."""

    def __init__(self, settings: Settings, redirect_uri: str) -> None:
        self.client_id = settings.oidc_client_id
        self.server_metadata: dict[str, Any] = {}
        self._issuer = settings.oidc_issuer
        self._secret = settings.oidc_client_secret.get_secret_value()
        self._redirect_uri = redirect_uri
        self._believed_until = 0.0
        self._lock = threading.Lock()
        self._sender = Sender(
            settings.contact,
            allow_private=settings.allow_private_upstreams,
            own_hosts=(addresses.split(self._issuer).netloc,),
            seconds=10.0,  # a person waits
        )

    def authorization_url(self, state: str, browser: str) -> str:
        """Where a browser goes to sign in. `state` names the attempt, `browser` is a secret of that
        browser alone: nonce and code verifier are made from both. Raises ProviderError."""
        metadata = self.load_server_metadata()
        nonce, verifier = _derived("nonce", state, browser), _derived("verifier", state, browser)
        url, _ = self._client(metadata).create_authorization_url(
            metadata["authorization_endpoint"], state=state, code_verifier=verifier, nonce=nonce
        )
        return str(url)

    def identity(self, code: str, state: str, browser: str) -> Identity:
        """Who signed in, by the code that the provider sent the browser back with. Raises
        ProviderError."""
        metadata = self.load_server_metadata()
        try:
            token = self._client(metadata).fetch_token(
                metadata["token_endpoint"],
                grant_type="authorization_code",
                code=code,
                code_verifier=_derived("verifier", state, browser),
            )
            if "id_token" not in token:
                raise ProviderError("The provider sent no id_token.")
            nonce = _derived("nonce", state, browser)
            said = self.parse_id_token(token, nonce, self._claims(), CodeIDToken, LEEWAY)
            claims: dict[str, Any] = {**(said or {})}
            if "email" not in claims and "userinfo_endpoint" in metadata:
                claims |= self._userinfo(metadata["userinfo_endpoint"], token, claims["sub"])
        except (OAuth2Error, JoseError, ValueError, TypeError, KeyError) as error:
            self.server_metadata.pop("jwks", None)  # they may be what is wrong
            raise ProviderError(
                f"What the provider said does not hold ({type(error).__name__}: {clean(str(error))})."
            ) from error
        proven = claims.get("email_verified") is True
        address = str(claims.get("email", "")) if proven else ""
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject.isprintable() or len(subject) > MOST_SUBJECT:
            raise ProviderError("The provider names somebody in a form that is none.")
        return Identity(self._issuer, subject, address)

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself; asked for once an hour. Raises ProviderError."""
        with self._lock:
            if time.monotonic() >= self._believed_until:
                url = get_well_known_url(self._issuer, external=True)
                self.server_metadata = _checked(_object(self._get(url)), self._issuer)
                self._believed_until = time.monotonic() + KEPT_FOR
            return self.server_metadata

    def _claims(self) -> dict[str, Any]:
        """What the token must say besides what Authlib looks at."""
        issuer = self.server_metadata["issuer"]
        return {
            "iss": {"essential": True, "value": issuer},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
            "exp": {"essential": True},
            "iat": {"essential": True},
        }

    def _client(self, metadata: Mapping[str, Any]) -> OAuth2Client:
        taken = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        by_post = "client_secret_basic" not in taken and "client_secret_post" in taken
        named = "client_secret_post" if by_post else "client_secret_basic"
        return OAuth2Client(
            _Session(self),
            self.client_id,
            self._secret or None,
            token_endpoint_auth_method=named if self._secret else "none",
            scope=SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    def _userinfo(self, url: str, token: Mapping[str, Any], subject: str) -> dict[str, Any]:
        """For providers whose token does not say the address; it must speak of the same subject."""
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        found = _object(self._get(url, bearer))
        if found.get("sub") != subject:
            raise ProviderError("The provider's userinfo speaks of somebody else.")
        return {name: found[name] for name in ("email", "email_verified") if name in found}

    def _get(self, url: str, headers: Mapping[str, str] | None = None) -> "_Answer":
        return self.ask("GET", url, b"", {"Accept": "application/json", **(headers or {})})

    def ask(self, method: str, url: str, body: bytes, headers: Mapping[str, str]) -> "_Answer":
        """Ask the provider, and no redirects. Raises ProviderError."""
        try:
            posted = self._sender.ask(method, url, body, headers)
        except SourceError as error:
            raise ProviderError(str(error)) from error
        if not posted.status:
            raise ProviderError(posted.problem)
        return _Answer(posted)

    def _get_session(self) -> "_Session":
        return _Session(self)


class _Answer:
    """An answer of our client in the form that Authlib reads."""

    def __init__(self, posted: Posted) -> None:
        self.status_code = posted.status
        self._body = posted.body

    def json(self) -> Any:
        return json.loads(self._body)

    def raise_for_status(self) -> None:
        if self.status_code >= 300:
            raise ProviderError(f"The provider answered with status {self.status_code}.")


class _Session:
    """Our client in the form that Authlib asks with."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __enter__(self) -> "_Session":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is kept open."""

    def request(self, method: str, url: str, **_: Any) -> _Answer:
        return self._provider.ask(method, url, b"", {"Accept": "application/json"})

    def post(
        self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: Any
    ) -> _Answer:
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return self._provider.ask("POST", url, body.encode(), sent)


def _derived(purpose: str, state: str, browser: str) -> str:
    """43 signs that only this browser's attempt has; each purpose its own."""
    digest = hashlib.sha256(f"{purpose}\n{state}\n{browser}".encode()).digest()
    return urlsafe_b64encode(digest).decode().rstrip("=")


def _object(answer: _Answer) -> dict[str, Any]:
    answer.raise_for_status()
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderError("The provider answered with something that is no JSON object.")
    return found


def _checked(metadata: dict[str, Any], issuer: str) -> dict[str, Any]:
    """The discovery document, if it is this issuer's and whole. Raises ProviderError."""
    if str(metadata.get("issuer", "")).rstrip("/") != issuer.rstrip("/"):
        raise ProviderError("The provider calls itself by another name than DAYPAPER_OIDC_ISSUER.")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        url = str(metadata.get(name, ""))
        if not url.startswith("https://") and not addresses.same_origin(url, issuer):
            raise ProviderError(f"The provider's {name} does not begin with https://.")
    named = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    taken = [one for one in named if one in ALGORITHMS]
    if not taken:
        raise ProviderError("The provider signs by no algorithm that counts here.")
    return metadata | {"id_token_signing_alg_values_supported": taken}
