"""Signing in at a real OpenID provider on loopback, one that lies included."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import SecretStr
from starlette.testclient import TestClient

from aggregator.store import people
from aggregator.store.db import Store
from tests.api.mailed import BASE
from tests.api.signed_in import ADA, Lab, lab
from tests.api.test_pages import elements
from tests.oidc_provider import CLIENT, SECRET, OidcProvider, unsigned
from tests.smtp_server import MailServer


@pytest.fixture
def provider() -> Iterator[OidcProvider]:
    with OidcProvider() as running:
        yield running


@pytest.fixture
def at(store: Store, tmp_path: Path, provider: OidcProvider) -> Iterator[Lab]:
    with MailServer() as server, lab(store, tmp_path, server, **named(provider)) as made:
        yield made


def named(provider: OidcProvider) -> dict[str, Any]:
    """Settings that name the provider."""
    return {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_client_secret": SecretStr(SECRET),
    }


def go(browser: TestClient, back: str = "/") -> str:
    """Go to the provider; returns the address that it sends the browser back to, of our site."""
    there = browser.get("/sign-in/provider", params={"back": back})
    assert there.status_code == 303
    answer = httpx.get(there.headers["location"])
    assert answer.status_code == 302
    address = answer.headers["location"]
    assert address.startswith(f"{BASE}/sign-in/callback?")
    return address.removeprefix(BASE)


def nobody(browser: TestClient) -> bool:
    return browser.get("/account").status_code == 303


def test_the_provider_signs_in(at: Lab, provider: OidcProvider) -> None:
    browser = at.browser()
    page = browser.get("/sign-in?back=/topics/gan").text
    elements(page)
    assert 'href="/sign-in/provider?back=/topics/gan"' in page
    done = browser.get(go(browser, "/topics/gan"))
    assert (done.status_code, done.headers["location"]) == (303, "/topics/gan")
    assert ADA in browser.get("/account").text
    again = at.browser()
    again.get(go(again))
    assert ADA in again.get("/account").text
    assert provider.asked.count("GET /.well-known/openid-configuration") == 1
    assert provider.asked.count("GET /keys") == 1


def test_the_account_is_that_of_the_address(at: Lab) -> None:
    by_mail, by_provider = at.signed_in(ADA), at.browser()
    by_provider.get(go(by_provider))
    assert "Signed in in 2 browsers." in by_mail.get("/account").text


def test_the_request_carries_pkce_state_and_nonce(at: Lab) -> None:
    asked = []
    for browser in (at.browser(), at.browser()):
        there = browser.get("/sign-in/provider").headers["location"]
        asked.append({k: v[0] for k, v in parse_qs(urlsplit(there).query).items()})
    one, other = asked
    assert one["redirect_uri"] == f"{BASE}/sign-in/callback"
    assert one["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) >= 32
        assert one[name] != other[name]


def _without(*names: str) -> Callable[[dict[str, Any]], None]:
    def lie(claims: dict[str, Any]) -> None:
        for name in names:
            del claims[name]

    return lie


LIES: dict[str, Callable[[dict[str, Any]], None]] = {
    "another's nonce": lambda c: c.update(nonce="of another attempt"),
    "no nonce": _without("nonce"),
    "no nonce, said to be unsupported": lambda c: c.update(nonce="", nonce_supported=False),
    "another audience": lambda c: c.update(aud="another client"),
    "another audience, azp ours": lambda c: c.update(aud="another client", azp=CLIENT),
    "two audiences, azp another's": lambda c: c.update(aud=[CLIENT, "x"], azp="x"),
    "no audience": _without("aud"),
    "expired": lambda c: c.update(exp=c["iat"] - 3600, iat=c["iat"] - 7200),
    "no expiry": _without("exp"),
    "from the future": lambda c: c.update(iat=c["iat"] + 3600, exp=c["iat"] + 7200),
    "another issuer": lambda c: c.update(iss="https://evil.example"),
    "no issuer": _without("iss"),
    "no subject": _without("sub"),
    "a subject of another form": lambda c: c.update(sub={"a": 1}),
    "a subject that no database takes": lambda c: c.update(sub="a\0b"),
    "an endless subject": lambda c: c.update(sub="x" * 300),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_does_not_hold_signs_nobody_in(
    at: Lab, provider: OidcProvider, lie: str
) -> None:
    provider.lie = LIES[lie]
    _refused(at, 502)


def _refused(at: Lab, status: int) -> None:
    browser = at.browser()
    answer = browser.get(go(browser))
    assert answer.status_code == status
    elements(answer.text)
    assert not any(one.startswith("__Host-session") for one in browser.cookies)
    assert nobody(browser)
    with at.store.read() as connection:
        assert people.find(connection, f"email:{ADA}") is None


def test_a_token_that_nobody_signed_signs_nobody_in(at: Lab, provider: OidcProvider) -> None:
    for name in ("none", "None", ""):
        provider.forge = lambda _, claims, name=name: unsigned({"alg": name}, claims) + "."
        _refused(at, 502)
    provider.forge = lambda token, _: token.rpartition(".")[0] + "."
    _refused(at, 502)


def test_a_token_signed_with_another_key_signs_nobody_in(at: Lab, provider: OidcProvider) -> None:
    stranger = RSAKey.generate_key(2048)
    for kid in ("first", "unknown"):
        header = {"alg": "RS256", "kid": kid}
        provider.forge = lambda _, claims, header=header: jwt.encode(header, claims, stranger)
        _refused(at, 502)


def test_a_token_signed_with_the_public_key_as_a_secret_signs_nobody_in(
    at: Lab, provider: OidcProvider
) -> None:
    def forge(_: str, claims: dict[str, Any]) -> str:
        head = unsigned({"alg": "HS256", "kid": "first"}, claims)
        public = provider.key.as_pem(private=False)
        mac = hmac.digest(public, head.encode(), hashlib.sha256)
        return f"{head}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"

    provider.forge = forge
    _refused(at, 502)


def test_a_changed_token_signs_nobody_in(at: Lab, provider: OidcProvider) -> None:
    def forge(token: str, claims: dict[str, Any]) -> str:
        header, _, signature = token.split(".")
        changed = unsigned({}, claims | {"email": "owner@example.org"}).partition(".")[2]
        return f"{header}.{changed}.{signature}"

    provider.forge = forge
    _refused(at, 502)


def test_the_provider_may_change_its_keys(at: Lab, provider: OidcProvider) -> None:
    browser = at.browser()
    browser.get(go(browser))
    provider.key = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
    provider.keys.append(provider.key)
    later = at.browser()
    later.get(go(later))
    assert not nobody(later)
    assert provider.asked.count("GET /keys") == 2


def test_what_came_back_is_good_once_and_in_one_browser(at: Lab, provider: OidcProvider) -> None:
    browser, other = at.browser(), at.browser()
    path = go(browser)
    assert other.get(path).status_code == 410  # a code that was slipped under somebody
    go(other)  # with an attempt of its own
    assert other.get(path).status_code == 410
    assert nobody(other)
    assert browser.get(path).status_code == 303
    attempt = browser.get("/sign-in/provider", params={"back": "/"})  # not led: signed in again
    assert attempt.status_code == 303
    replayed = browser.get(path)
    assert replayed.status_code == 410
    assert provider.asked.count("POST /token") == 1


def test_another_state_code_or_issuer_signs_nobody_in(at: Lab) -> None:
    for changed in (
        {"state": "made-up"},
        {"state": "a\0b"},
        {"code": "made-up"},
        {"code": ""},
        {"iss": "https://evil.example"},
    ):
        browser = at.browser()
        query = {k: v[0] for k, v in parse_qs(urlsplit(go(browser)).query).items()}
        answer = browser.get("/sign-in/callback", params=query | changed)
        assert answer.status_code in (400, 403, 410, 502)
        elements(answer.text)
        assert nobody(browser)
    refused = at.browser().get("/sign-in/callback?error=access_denied&state=x")
    assert refused.status_code == 403
    assert at.browser().get("/sign-in/callback").status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": "eve@elsewhere.example"},
        {"email": "ada@example.org@elsewhere.example"},
        {"email": "ada@example.org, eve@elsewhere.example"},
        {"email": ["ada@example.org"]},
        {"email": ""},
        {"email": None},
    ],
)
def test_who_has_no_proven_address_that_is_let_in_stays_out(
    at: Lab, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    provider.claims |= claims
    _refused(at, 403)


def test_an_address_may_be_said_by_userinfo_alone(at: Lab, provider: OidcProvider) -> None:
    said = {**provider.claims}
    provider.claims = {"sub": said["sub"]}
    provider.userinfo = said | {"sub": "somebody else"}
    _refused(at, 502)
    provider.userinfo = said
    browser = at.browser()
    browser.get(go(browser))
    assert ADA in browser.get("/account").text


def test_an_address_given_to_somebody_else_opens_nothing(at: Lab, provider: OidcProvider) -> None:
    first, second, third = at.browser(), at.browser(), at.browser()
    first.get(go(first))
    provider.claims["sub"] = "ada-2"
    assert second.get(go(second)).status_code == 403
    assert nobody(second)
    # The first one is known by the provider's name, whatever the address is now.
    provider.claims |= {"sub": "ada-1", "email": "married@example.org"}
    third.get(go(third))
    assert ADA in third.get("/account").text


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/.well-known/openid-configuration", 500, b"{}"),
        ("/.well-known/openid-configuration", 302, b""),
        ("/.well-known/openid-configuration", 200, b"<html>"),
        ("/.well-known/openid-configuration", 200, b"[]"),
        ("/.well-known/openid-configuration", 200, b"{" * 100_000),
        ("/keys", 200, b"[]"),
        ("/keys", 200, b'{"keys": 5}'),
        ("/keys", 200, b'{"keys": [{"kty": "RSA"}]}'),
        ("/keys", 404, b"{}"),
        ("/token", 200, b"{}"),
        ("/token", 200, b'{"id_token": 5, "access_token": "x"}'),
        ("/token", 200, b'{"id_token": "a.b.c", "access_token": "x"}'),
        ("/token", 200, b"\xff\xfe"),
        ("/token", 503, b"later"),
    ],
)
def test_a_broken_provider_is_said(
    at: Lab, provider: OidcProvider, path: str, status: int, body: bytes
) -> None:
    provider.answers[path] = (status, body)
    browser = at.browser()
    answer = browser.get("/sign-in/provider")
    if answer.status_code == 303:
        answer = browser.get(go(browser))
    assert answer.status_code == 502
    assert "cannot be asked now" in answer.text
    assert nobody(browser)
    del provider.answers[path]
    browser.get(go(browser))
    assert not nobody(browser)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://127.0.0.1:1/token"},
        {"token_endpoint": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "http://evil.example/"},
        {"jwks_uri": None},
        {"id_token_signing_alg_values_supported": ["none"]},
        {"id_token_signing_alg_values_supported": ["HS256"]},
    ],
)
def test_a_provider_that_leads_astray_is_not_followed(
    at: Lab, provider: OidcProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    assert at.browser().get("/sign-in/provider").status_code == 502


def test_keys_and_tokens_are_not_fetched_from_private_addresses(
    at: Lab, provider: OidcProvider
) -> None:
    """Of loopback only the issuer's own host and port is asked."""
    provider.metadata = {"jwks_uri": "https://127.0.0.1:1/keys"}
    browser = at.browser()
    assert browser.get(go(browser)).status_code == 502
    assert provider.asked[-1] == "POST /token"


def test_a_provider_that_is_away_is_said(store: Store, tmp_path: Path) -> None:
    with OidcProvider() as gone:
        given = named(gone)
    with MailServer() as server, lab(store, tmp_path, server, **given) as at:
        assert at.browser().get("/sign-in/provider").status_code == 502
        at.signed_in(ADA)  # mail still works


def test_without_mail_there_is_the_provider_alone(
    store: Store, tmp_path: Path, provider: OidcProvider
) -> None:
    with MailServer() as server:
        more = {**named(provider), "smtp_url": SecretStr("")}
        with lab(store, tmp_path, server, **more) as at:
            browser = at.browser()
            page = browser.get("/sign-in").text
            assert "/sign-in/provider" in page
            assert 'type="email"' not in page
            browser.get(go(browser))
            assert ADA in browser.get("/account").text


def test_without_a_provider_there_is_none(store: Store, tmp_path: Path) -> None:
    with MailServer() as server, lab(store, tmp_path, server) as at:
        assert "/sign-in/provider" not in at.browser().get("/sign-in").text
        for path in ("/sign-in/provider", "/sign-in/callback?code=x&state=y"):
            assert at.browser().get(path).status_code == 404
