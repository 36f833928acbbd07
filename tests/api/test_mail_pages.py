"""The pages that mails lead to: each link opens its own, a GET changes nothing, a POST does it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import sqlalchemy as sa
from sqlmodel import SQLModel

from aggregator.people import subscribers
from aggregator.store import feedback, people, subscriptions, watches
from aggregator.store.db import Store
from aggregator.store.papers import by_name
from aggregator.watches import Terms, Wanted, Watch
from tests.api.mailed import Installation, installation
from tests.api.test_pages import TITLE, elements
from tests.conftest import NOW
from tests.deliver.box import Box
from tests.drafts import preprint
from tests.filled import CONFIG, give_tags, put
from tests.sending import arrive, send
from tests.smtp_server import MailServer

PAGES = ("confirm", "unsubscribe", "preferences", "feedback")


@pytest.fixture
def at(store: Store, tmp_path: Path) -> Iterator[Installation]:
    with MailServer() as server, installation(store, tmp_path, server) as made:
        yield made


def paths(at: Installation) -> dict[str, str]:
    """A link of each kind, of one person with one subscription who was told of one paper."""
    put(at.store, preprint(title=TITLE, abstract=TITLE))
    give_tags(at.store, {TITLE: [("gan", 0.9)]})
    row = at.subscribe()
    person, signer = at.person(row.person_pk), at.signer
    with at.store.read() as connection:
        paper = by_name(connection, "arxiv:1711.00001").doc
    return {
        "confirm": f"/confirm/{signer.confirm_token(row.id)}",
        "unsubscribe": f"/unsubscribe/{signer.unsubscribe_token(row.id)}",
        "preferences": f"/preferences/{signer.preferences_token(person.id)}",
        "feedback": f"/feedback/{signer.feedback_token(person.id, paper['id'])}",
    }


def stored(store: Store) -> dict[str, list[Any]]:
    """Every row of every table."""
    with store.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table)).all()))
            for table in SQLModel.metadata.sorted_tables
        }


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_looking_changes_nothing(at: Installation, lang: str) -> None:
    links = paths(at)
    before = stored(at.store)
    for path in links.values():
        answer = at.client.get(f"{path}?lang={lang}")
        assert answer.status_code == 200
        elements(answer.text)
        assert f'lang="{"zh-Hans" if lang == "zh" else "en"}"' in answer.text
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert "noindex" in answer.headers["x-robots-tag"]
        at.client.head(path)
        at.client.options(path)
    assert stored(at.store) == before


@pytest.mark.parametrize("page", PAGES)
def test_other_tokens_open_nothing_and_do_nothing(at: Installation, page: str) -> None:
    links = paths(at)
    good = links[page].rpartition("/")[2]
    foreign = [path.rpartition("/")[2] for name, path in links.items() if name != page]
    body, _, mark = good.rpartition(".")
    before = stored(at.store)
    form = {"List-Unsubscribe": "One-Click", "action": "erase", "sure": "yes", "topic": "gan",
            "word": "no"}  # fmt: skip
    for token in (
        *foreign,
        good[:-2],
        f"{body}.{mark.swapcase()}",
        "x",
        "%00",
        "..%2fx",
        "a" * 5000,
    ):
        for answer in (
            at.client.get(f"/{page}/{token}"),
            at.client.post(f"/{page}/{token}", data=form),
        ):
            assert answer.status_code in (400, 404), token
            elements(answer.text)
    assert stored(at.store) == before


def test_expired_and_gone_links_say_so(at: Installation) -> None:
    links = paths(at)
    at.moment[0] = NOW + timedelta(days=3, seconds=1)
    for answer in (at.client.get(links["confirm"]), at.client.post(links["confirm"])):
        assert answer.status_code == 410
        assert "expired" in answer.text
    (row,) = at.everything()
    with at.store.write() as connection:
        people.erase(connection, row.person_pk, "digest")
    at.moment[0] = NOW
    for page in PAGES:
        answer = at.client.get(links[page])
        assert answer.status_code == 410, page
        assert "nothing left here" in answer.text
    assert at.client.get(links["confirm"], headers={"Accept-Language": "zh"}).text.count("没有内容")


@pytest.mark.parametrize("multipart", [False, True])
def test_one_click(at: Installation, multipart: bool) -> None:
    """As RFC 8058 has it: a POST of one field, no cookies, in either form of forms."""
    path = paths(at)["unsubscribe"]
    (row,) = at.everything()
    at.client.cookies.clear()
    for _ in range(2):
        sent: dict[str, Any] = {"data": {"List-Unsubscribe": "One-Click"}}
        if multipart:
            sent = {"files": {"List-Unsubscribe": (None, "One-Click")}}
        answer = at.client.post(path, headers={"Accept": "*/*"}, **sent)
        assert (answer.status_code, answer.text) == (200, "You are unsubscribed.\n")
        assert answer.headers["content-type"].startswith("text/plain")
        assert "set-cookie" not in answer.headers
        assert at.row(row.id).state == "ended"
    with at.store.write() as connection:
        people.erase(connection, row.person_pk, "digest")
    assert at.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200


def test_a_mail_for_two_watches_ends_both(at: Installation) -> None:
    rows = [at.subscribe(watch=name) for name in ("gan", "architectures")]
    other = at.subscribe(watch="learning")
    path = f"/unsubscribe/{at.signer.unsubscribe_token(*(row.id for row in rows))}"
    assert "New architectures" in at.client.get(path).text
    at.client.post(path)
    assert [row.id for row in at.everything()] == [other.id]


def test_a_slip_is_taken_back(at: Installation) -> None:
    path = paths(at)["unsubscribe"]
    (row,) = at.everything()
    page = at.client.post(path).text
    elements(page)
    again = page.partition('name="again" value="')[2].partition('"')[0]
    assert again
    assert 'name="again"' not in at.client.post(path).text  # ended already: not by this click
    assert 'name="again"' not in at.client.get(path).text
    at.moment[0] = NOW + timedelta(hours=1, seconds=1)
    assert at.client.post(path, data={"again": again}).status_code == 410
    assert at.row(row.id).state == "ended"
    at.moment[0] = NOW
    other = at.signer.again_token(["other"])
    assert at.client.post(path, data={"again": other}).status_code == 400
    assert at.row(row.id).state == "ended"
    assert "subscribed again" in at.client.post(path, data={"again": again}).text
    assert at.row(row.id) == row


def test_the_button_leaves_ended_what_had_ended_before(at: Installation) -> None:
    slip, meant = at.subscribe(), at.subscribe(watch="architectures")
    with at.store.write() as connection:
        subscriptions.end(connection, meant.id, NOW)
    path = f"/unsubscribe/{at.signer.unsubscribe_token(slip.id, meant.id)}"
    again = at.client.post(path).text.partition('name="again" value="')[2].partition('"')[0]
    page = at.client.post(path, data={"again": again}).text
    assert (at.row(slip.id).state, at.row(meant.id).state) == ("active", "ended")
    assert "architectures" not in page.lower()


def test_who_never_confirmed_cannot_be_subscribed_by_a_slip(at: Installation) -> None:
    at.sign_up()
    (row,) = at.everything()
    path = f"/unsubscribe/{at.signer.unsubscribe_token(row.id)}"
    again = at.client.post(path).text.partition('name="again" value="')[2].partition('"')[0]
    at.client.post(path, data={"again": again})
    assert at.row(row.id).state == "ended"


def form(row_id: str, **changed: Any) -> dict[str, Any]:
    return {
        "id": row_id,
        "action": "save",
        "when": "weekly",
        "day": "fri",
        "clock": "17:30",
        "tz": "Asia/Shanghai",
        "lang": "zh",
        "limit": "10",
        "events": ["new", "new_version"],
        "empty": "say",
        **changed,
    }


def test_preferences_change_what_is_sent(at: Installation) -> None:
    path = paths(at)["preferences"]
    (row,) = at.everything()
    page = at.client.post(path, data=form(row.id))
    elements(page.text)
    assert page.status_code == 200
    assert "已保存" in page.text  # from now on in the language that was chosen
    assert at.row(row.id).terms == Terms(
        schedule="weekly@fri-17:30",
        tz="Asia/Shanghai",
        lang="zh",
        events=("new", "new_version"),
        limit=10,
        empty="say",
    )
    assert at.person(row.person_pk).lang == "zh"
    at.client.post(path, data=form(row.id, when="asap"))
    assert at.row(row.id).terms.schedule == "asap"
    at.client.post(path, data=form(row.id, when="daily", clock="07:05:00"))
    assert at.row(row.id).terms.schedule == "daily@07:05"
    for action, state in (("pause", "paused"), ("resume", "active"), ("stop", "ended")):
        page = at.client.post(path, data={"id": row.id, "action": action})
        elements(page.text)
        assert at.row(row.id).state == state
    assert "目前没有任何订阅" in page.text


@pytest.mark.parametrize(
    "changed",
    [
        {"tz": "Mars/Base"},
        {"tz": "<script>"},
        {"clock": "25:00"},
        {"clock": ""},
        {"when": "weekly", "day": "someday"},
        {"lang": "xx"},
        {"limit": "0"},
        {"limit": "many"},
        {"events": []},
        {"events": ["new", "gossip"]},
        {"empty": "perhaps"},
    ],
)
def test_wrong_preferences_change_nothing(at: Installation, changed: dict[str, Any]) -> None:
    path = paths(at)["preferences"]
    (row,) = at.everything()
    answer = at.client.post(path, data=form(row.id, **changed))
    assert answer.status_code == 400
    elements(answer.text)
    assert "Nothing was changed" in answer.text
    assert at.row(row.id) == row


def test_nobody_changes_what_is_anothers(at: Installation) -> None:
    path = paths(at)["preferences"]
    eve = at.subscribe(target="eve@example.org")
    assert "eve@example.org" not in at.client.get(path).text
    for action in ("save", "stop", "pause"):
        assert at.client.post(path, data=form(eve.id, action=action)).status_code == 410
    assert at.client.post(path, data=form("nope")).status_code == 410
    assert at.client.post(path, data=form(eve.id, action="nonsense")).status_code == 410
    assert at.row(eve.id) == eve


def test_a_slack_channel_does_not_open_the_machines_own_page(at: Installation) -> None:
    at.subscribe(channel="slack", target="C0123456789")
    row = at.everything()[0]
    local = at.person(row.person_pk)
    assert local.address == people.LOCAL
    assert at.client.get(f"/preferences/{at.signer.preferences_token(local.id)}").status_code == 410
    page = at.client.get(f"/unsubscribe/{at.signer.unsubscribe_token(row.id)}").text
    assert "/preferences/" not in page
    assert "C0123456789" not in page


def test_everything_about_me_is_erased(at: Installation) -> None:
    links = paths(at)
    (row,) = at.everything()
    at.client.post(links["feedback"], data={"topic": "gan", "word": "no"})
    unsure = at.client.post(links["preferences"], data={"action": "erase"})
    assert unsure.status_code == 410
    assert at.row(row.id).state == "active"
    page = at.client.post(links["preferences"], data={"action": "erase", "sure": "yes"})
    elements(page.text)
    assert "Everything about you is erased" in page.text
    named = [("email", "ada@example.org"), ("email", "eve@example.org")]
    declared = tuple(Wanted(watch="gan", channel=c, target=t) for c, t in named)  # type: ignore[arg-type]
    subscribers.follow_file(at.store, at.settings, replace(CONFIG, subscriptions=declared), NOW)
    assert [one.target for one in at.everything()] == ["eve@example.org"]
    with at.store.write() as connection:
        people.erase(connection, at.everything()[0].person_pk, "digest")
    kept = stored(at.store)
    assert kept["person"] == kept["subscription"] == kept["feedback"] == []
    assert "ada@example.org" not in str(kept)


def test_a_word_on_a_paper_and_back(at: Installation) -> None:
    path = paths(at)["feedback"]
    (row,) = at.everything()

    def said() -> dict[str, bool]:
        with at.store.read() as connection:
            paper = by_name(connection, "arxiv:1711.00001").doc
            return feedback.of_person(connection, row.person_pk, paper["id"])

    page = at.client.get(path).text
    assert "Adversarial networks" in page
    assert "New learning techniques" not in page
    for word, expected in (("no", {"gan": False}), ("yes", {"gan": True}), ("undo", {})):
        page = at.client.post(path, data={"topic": "gan", "word": word}).text
        elements(page)
        assert said() == expected
    before = stored(at.store)
    for wrong in ({}, {"topic": "gan"}, {"topic": "nope", "word": "no"},
                  {"topic": "gan", "word": "drop"}, {"topic": "x" * 65, "word": "no"}):  # fmt: skip
        at.client.post(path, data=wrong)
    assert stored(at.store) == before


def test_a_link_to_a_paper_that_was_merged_finds_it(at: Installation) -> None:
    from tests.drafts import page as proceedings

    authors = ("Ada Lovelace",)
    put(at.store, preprint(), proceedings(title="Another title", authors=authors))
    row = at.subscribe()
    with at.store.read() as connection:
        gone = by_name(connection, "cvf:CVPR2018/Lovelace_Deep_Widgets").doc["id"]
    token = at.signer.feedback_token(at.person(row.person_pk).id, gone)
    put(
        at.store,
        proceedings(title="Another title", authors=authors, arxiv="1711.00001", fidelity=1),
    )
    at.client.post(f"/feedback/{token}", data={"topic": "gan", "word": "yes"})
    with at.store.read() as connection:
        paper = by_name(connection, "arxiv:1711.00001").doc
        assert paper["id"] != gone
        assert feedback.of_person(connection, row.person_pk, paper["id"]) == {"gan": True}


def test_no_link_is_in_the_log(at: Installation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for path in paths(at).values():
        at.client.get(path)
        at.client.post(path)
        own = [r for r in caplog.records if not r.name.startswith(("httpx", "httpcore"))]
        assert not any(path.rpartition("/")[2] in record.getMessage() for record in own)


def test_a_subscription_that_ended_cannot_be_confirmed(at: Installation) -> None:
    path = paths(at)["confirm"]
    (row,) = at.everything()
    with at.store.write() as connection:
        subscriptions.end(connection, row.id, NOW)
    assert at.client.post(path).status_code == 410
    assert at.row(row.id).state == "ended"


def test_a_mail_for_a_dozen_watches_ends_those_it_was_for_and_no_others(at: Installation) -> None:
    """Too many to name in a header: the link names the letter."""
    with at.store.write() as connection:
        for n in range(12):
            watches.save(connection, CONFIG, Watch(name=f"w{n}", topics=("gan",)), NOW)
    rows = [at.subscribe(watch=f"w{n}") for n in range(12)]
    other = at.subscribe(target="eve@example.org")
    box = Box()
    arrive(at.store, "One widget")
    send(at.store, at.settings, box)
    (mine,) = (one for one in box.letters if one.target != other.target)
    assert at.client.post(urlsplit(mine.links.unsubscribe).path).status_code == 200
    assert [row.id for row in at.everything()] == [other.id]
    assert {at.row(row.id).state for row in rows} == {"ended"}
