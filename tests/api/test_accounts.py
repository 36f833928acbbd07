"""Signing in by a link that comes by mail: once, soon, in the browser that asked; telling nobody who
has an account."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from aggregator.people.signin import MOST_LINKS
from aggregator.store import accounts, kept, people
from aggregator.store.accounts import SESSION_FOR
from aggregator.store.db import Store
from aggregator.store.sql import is_sqlite
from tests.api.mailed import BASE, part
from tests.api.signed_in import ADA, EVE, OWNER, Lab, lab, proof
from tests.api.test_keep import one
from tests.api.test_pages import elements
from tests.conftest import NOW
from tests.smtp_server import MailServer


@pytest.fixture
def at(store: Store, tmp_path: Path) -> Iterator[Lab]:
    with MailServer() as server, lab(store, tmp_path, server) as made:
        yield made


def test_a_link_signs_in_once(at: Lab) -> None:
    browser = at.browser()
    assert 'href="/sign-in' in browser.get("/").text
    answer = at.ask(browser, " Ada@Example.org ", back="/topics/gan")
    assert answer.status_code == 202
    elements(answer.text)
    (mail,) = at.server.received
    assert mail.recipient == ADA
    assert mail.message["Subject"] == "Sign in to Daypaper"
    path = at.link()
    shown = browser.get(path)
    elements(shown.text)
    assert ADA in shown.text
    assert shown.headers["cache-control"] == "no-store"
    done = at.follow(browser, path)
    assert (done.status_code, done.headers["location"]) == (303, "/topics/gan")
    page = browser.get("/account")
    elements(page.text)
    assert ADA in page.text
    assert "Signed in in this browser alone." in page.text
    assert page.headers["cache-control"] == "no-store"
    assert browser.get("/sign-in").headers["location"] == "/account"
    again = browser.post(path, data={"proof": proof(browser, "/")})
    assert again.status_code == 410
    assert "used already" in again.text
    with at.store.read() as connection:
        assert people.find(connection, f"email:{ADA}") is not None


def test_the_session_is_out_of_reach(at: Lab) -> None:
    browser = at.browser()
    at.ask(browser, ADA)
    set_cookies = at.follow(browser, at.link()).headers.get_list("set-cookie")
    (session,) = [one for one in set_cookies if one.startswith("__Host-session=")]
    for attribute in ("HttpOnly", "Path=/", "SameSite=lax", "Secure", "Max-Age=2592000"):
        assert attribute in session
    assert "Domain" not in session
    assert any(one.startswith('__Host-attempt="";') for one in set_cookies)
    secret = browser.cookies["__Host-session"]
    with at.store.read() as connection:
        found = accounts.find(connection, secret, NOW)
        assert found is not None
        assert secret not in found.session


def test_the_mail_is_in_the_language_of_the_page(at: Lab) -> None:
    browser = at.browser()
    browser.get("/?lang=zh")
    at.ask(browser, ADA)
    message = at.server.received[0].message
    assert message["Subject"] == "登录 Daypaper"
    assert message["Content-Language"] == "zh"
    assert "同一个浏览器" in part(message, "plain")
    assert "登录</a>" in part(message, "html")
    for path in ("/sign-in", at.link()):
        page = browser.get(path)
        elements(page.text)
        assert "登录" in page.text


def test_a_get_changes_nothing(at: Lab) -> None:
    """Programs that look through mail open links, and so may a preview."""
    browser = at.browser()
    at.ask(browser, ADA)
    for _ in range(3):
        assert browser.get(at.link()).status_code == 200
    assert browser.get("/account").status_code == 303
    assert at.follow(browser, at.link()).status_code == 303


def test_another_browser_cannot_use_the_link(at: Lab) -> None:
    """Neither who found the mail, nor who is sent somebody else's link."""
    browser, other = at.browser(), at.browser()
    at.ask(browser, ADA)
    page = other.get(at.link())
    assert page.status_code == 410
    assert "in which it was asked for" in page.text
    assert ADA not in page.text
    assert other.post(at.link(), data={"proof": proof(other, "/")}).status_code == 410
    at.ask(other, EVE)  # with an attempt of its own
    assert other.post(_first_link(at), data={"proof": proof(other, "/")}).status_code == 410
    assert at.follow(browser, _first_link(at)).status_code == 303


def _first_link(at: Lab) -> str:
    found = re.search(rf"{BASE}(/sign-in/\S+)", part(at.server.received[0].message, "plain"))
    assert found
    return found[1]


def test_a_link_is_too_old_after_a_quarter_of_an_hour(at: Lab) -> None:
    browser = at.browser()
    at.ask(browser, ADA)
    at.moment[0] = NOW + timedelta(minutes=15, seconds=1)
    page = browser.get(at.link())
    assert page.status_code == 410
    assert "too old" in page.text
    assert browser.post(at.link(), data={"proof": proof(browser, "/")}).status_code == 410


@pytest.mark.parametrize("token", ["x", "a.b.c", "x" * 3000, "%00"])
def test_a_made_up_link_opens_nothing(at: Lab, token: str) -> None:
    assert at.browser().get(f"/sign-in/{token}").status_code == 410


def test_the_answer_is_the_same_for_everybody(at: Lab) -> None:
    """An account, none yet, one that may have none, one that waits for too many links."""
    at.signed_in(ADA)
    said = set()
    names = (ADA, "new@example.org", "stranger@elsewhere.example", *[EVE] * (MOST_LINKS + 2))
    for name in names:
        answer = at.ask(at.browser(), name)
        text = re.sub(r'(name="proof" value=")[^"]*', r"\1", answer.text).replace(name, "X")
        said.add((answer.status_code, text, tuple(sorted(k for k, _ in answer.headers.items()))))
    assert len(said) == 1
    mails = [mail.recipient for mail in at.server.received]
    assert mails == [ADA, ADA, "new@example.org", *[EVE] * MOST_LINKS]
    at.moment[0] = NOW + timedelta(minutes=16)
    at.ask(at.browser(), EVE)
    assert len(at.server.received) == len(mails) + 1


def test_who_asks_many_times_at_once_gets_no_more_links(at: Lab) -> None:
    browsers = [at.browser() for _ in range(MOST_LINKS + 3)]
    proofs = [proof(one, "/sign-in") for one in browsers]
    with ThreadPoolExecutor(len(browsers)) as pool:
        with at.store.write() as connection:  # all of them come while somebody else is at it
            if not is_sqlite(connection):
                connection.execute(sa.text("LOCK TABLE sign_in IN EXCLUSIVE MODE"))
            asked = [
                pool.submit(one.post, "/sign-in", data={"proof": form, "email": ADA})
                for one, form in zip(browsers, proofs, strict=True)
            ]
            wait(asked, timeout=1)
        assert {one.result().status_code for one in asked} == {202}
    assert len(at.server.received) == MOST_LINKS


def test_one_client_cannot_ask_for_many(at: Lab) -> None:
    browser = at.browser()
    answers = [at.ask(browser, f"a{n}@example.org") for n in range(11)]
    assert [one.status_code for one in answers[-2:]] == [202, 429]
    assert 0 < int(answers[-1].headers["retry-after"]) <= 3600


@pytest.mark.parametrize("reply", ["451 later", "550 no such user"])
def test_a_mail_that_was_not_taken_counts_for_nothing(at: Lab, reply: str) -> None:
    at.server.answer("RCPT", ADA, reply)
    for _ in range(MOST_LINKS + 1):
        assert at.ask(at.browser(), ADA).status_code == 202
    at.server.usual("RCPT", ADA)
    at.signed_in(ADA)


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@example.org, b@example.org", "a@example.org\r\nBcc: x@y.example"]
)
def test_a_wrong_address_is_said(at: Lab, address: str) -> None:
    answer = at.ask(at.browser(), address)
    assert answer.status_code == 400
    elements(answer.text)
    assert at.server.received == []


def test_a_foreign_page_can_neither_ask_nor_sign_in_nor_out(at: Lab) -> None:
    browser = at.browser()
    assert browser.post("/sign-in", data={"email": ADA}).status_code == 403
    at.ask(browser, ADA)
    assert browser.post(at.link()).status_code == 403
    foreign = {"Sec-Fetch-Site": "cross-site"}
    sent = {"proof": proof(browser, at.link())}
    assert browser.post(at.link(), data=sent, headers=foreign).status_code == 403
    at.follow(browser, at.link())
    assert browser.post("/sign-out").status_code == 403
    assert browser.get("/account").status_code == 200


@pytest.mark.parametrize("back", ["//evil.example/", "https://evil.example/", "/\\evil.example"])
def test_signing_in_never_leads_elsewhere(at: Lab, back: str) -> None:
    browser = at.browser()
    at.ask(browser, ADA, back=back)
    assert at.follow(browser, at.link()).headers["location"] == "/"


def test_who_is_not_let_in_any_more_is_out_at_once(at: Lab, tmp_path: Path) -> None:
    browser = at.signed_in(ADA)
    secret = browser.cookies["__Host-session"]
    with lab(at.store, tmp_path, at.server, accounts_for="") as closed:
        same = closed.browser()
        same.cookies.set("__Host-session", secret, domain="daypaper.example", path="/")
        assert same.get("/account").status_code == 303
        mails = len(at.server.received)
        closed.ask(same, ADA)
        assert len(at.server.received) == mails
        closed.signed_in(OWNER)


def test_signing_out_ends_the_session_and_its_forms(at: Lab) -> None:
    paper = one(at.store)
    here, there = at.signed_in(ADA), at.signed_in(ADA)
    assert "Signed in in 2 browsers." in here.get("/account").text
    secret = here.cookies["__Host-session"]
    form = proof(here, "/account")
    out = here.post("/sign-out", data={"proof": form})
    assert (out.status_code, out.headers["location"]) == (303, "/")
    assert out.headers["clear-site-data"] == '"cache"'
    assert "__Host-session" not in here.cookies
    here.cookies.set("__Host-session", secret, domain="daypaper.example", path="/")
    assert here.get("/account").status_code == 303  # also for who kept the cookie
    here.cookies.delete("__Host-session")
    assert here.post("/keep", data={"proof": form, "do": f"star:{paper}"}).status_code == 403
    assert there.get("/account").status_code == 200
    third = at.signed_in(ADA)
    there.post("/sign-out", data={"proof": proof(there, "/account"), "everywhere": "yes"})
    assert third.get("/account").status_code == 303


def test_a_session_ends_by_itself(at: Lab) -> None:
    browser = at.signed_in(ADA)
    at.moment[0] = NOW + SESSION_FOR - timedelta(seconds=1)
    assert browser.get("/account").status_code == 200
    at.moment[0] = NOW + SESSION_FOR
    assert browser.get("/account").status_code == 303
    at.signed_in(EVE)
    with at.store.read() as connection:
        ada = people.find(connection, f"email:{ADA}")
        assert ada is not None
        assert accounts.sessions(connection, ada, NOW) == 0  # and is deleted


def test_who_is_erased_is_signed_out(at: Lab) -> None:
    paper = one(at.store)
    browser = at.signed_in(ADA)
    browser.post("/keep", data={"proof": proof(browser, "/"), "do": f"star:{paper}"})
    found = re.search(r'href="(/preferences/[^"]+)"', browser.get("/account").text)
    assert found
    at.ask(at.browser(), ADA)
    assert browser.post(found[1], data={"action": "erase", "sure": "yes"}).status_code == 200
    assert browser.get("/account").status_code == 303
    with at.store.read() as connection:
        assert people.find(connection, f"email:{ADA}") is None


def test_a_library_is_its_persons_alone(at: Lab) -> None:
    paper = one(at.store)
    ada, eve, guest = at.signed_in(ADA), at.signed_in(EVE), at.browser()
    ada.post("/keep", data={"proof": proof(ada, "/"), "do": f"star:{paper}"})
    ada.post("/note", data={"proof": proof(ada, "/"), "paper": paper, "note": "My secret."})
    elsewhere = at.signed_in(ADA)
    assert "My secret." in elsewhere.get("/library?shelf=noted").text
    assert f'value="unstar:{paper}"' in elsewhere.get("/").text
    for other in (eve, guest):
        for path in ("/library", "/library?shelf=noted", "/", f"/papers/{paper}", "/search?q=deep"):
            page = other.get(path)
            elements(page.text)
            assert "My secret." not in page.text
            assert f'value="unstar:{paper}"' not in page.text
        assert 'Starred <span class="quiet">0' in other.get("/library").text
    # With her form and his session, or without any: refused.
    form = proof(ada, "/")
    assert eve.post("/keep", data={"proof": form, "do": f"unstar:{paper}"}).status_code == 403
    assert guest.post("/keep", data={"proof": form, "do": f"star:{paper}"}).status_code == 403
    answer = guest.post("/keep", data={"proof": proof(guest, "/"), "do": f"star:{paper}"})
    assert answer.status_code == 401
    note = {"proof": proof(guest, "/"), "paper": paper, "note": "x"}
    assert guest.post("/note", data=note).status_code == 401
    assert 'value="star:' not in guest.get("/").text


def test_what_a_browser_kept_before_goes_to_who_signs_in_there(at: Lab, tmp_path: Path) -> None:
    paper = one(at.store)
    with lab(at.store, tmp_path, at.server, accounts=False) as before:
        mine, strangers = before.browser(), before.browser()
        for browser, note in ((mine, "Mine."), (strangers, "A stranger's.")):
            form = proof(browser, "/")
            browser.post("/keep", data={"proof": form, "do": f"star:{paper}"})
            browser.post("/note", data={"proof": form, "paper": paper, "note": note})
        cookie = mine.cookies["reader"]
    owner = at.browser()
    owner.cookies.set("reader", cookie, domain="daypaper.example", path="/")
    at.signed_in(OWNER, owner)
    page = owner.get("/library?shelf=noted").text
    assert "Mine." in page
    assert "stranger" not in page
    owner.post("/sign-out", data={"proof": proof(owner, "/")})
    at.signed_in(OWNER, owner)  # and once more, with nothing to hand over
    with at.store.read() as connection:
        pk = people.find(connection, f"email:{OWNER}")
        assert pk is not None
        assert kept.counts(connection, pk)["starred"] == 1
    owner.post("/sign-out", data={"proof": proof(owner, "/")})
    at.signed_in(EVE, owner)
    assert "Mine." not in owner.get("/library?shelf=noted").text


def test_without_accounts_there_is_nothing_of_them(store: Store, tmp_path: Path) -> None:
    with MailServer() as server, lab(store, tmp_path, server, accounts=False) as at:
        browser = at.browser()
        assert "sign-in" not in browser.get("/").text
        form = {"proof": proof(browser, "/"), "email": ADA}
        for path in ("/sign-in", "/sign-in/x", "/account"):
            assert browser.get(path).status_code == 404
        assert browser.post("/sign-in", data=form).status_code == 404
        assert server.received == []


def test_where_reading_is_not_open_pages_lead_to_signing_in(store: Store, tmp_path: Path) -> None:
    with MailServer() as server, lab(store, tmp_path, server, public_read=False) as at:
        browser = at.browser()
        answer = browser.get("/search?q=deep+nets")
        assert answer.status_code == 303
        assert answer.headers["location"] == "/sign-in?back=/search%3Fq%3Ddeep%2Bnets"
        assert browser.get("/feeds/gan.atom", headers={"Accept": "*/*"}).status_code == 401
        assert browser.get("/api/v1/papers", headers={"Accept": "*/*"}).status_code == 401
        elements(browser.get("/sign-in").text)
        at.signed_in(ADA, browser)
        assert browser.get("/").status_code == 200
        assert browser.get("/api/v1/papers").status_code == 200
        browser.cookies.set("__Host-session", "made-up", domain="daypaper.example", path="/")
        assert browser.get("/").status_code == 303
