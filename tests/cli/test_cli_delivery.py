"""Subscribe and send, as a person or a script does it: a day, the same again, a server that says later."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_cli import EXE, Run, as_json, environment, folder
from tests.smtp_server import MailServer

__all__ = ["folder"]
AT = "2017-11-14T12:00:00Z"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with MailServer() as running:
        yield running


@pytest.fixture
def run(folder: Path, mails: MailServer) -> Run:
    settings = {
        "DAYPAPER_SMTP_URL": f"smtp+plain://127.0.0.1:{mails.port}",
        "DAYPAPER_MAIL_FROM": "daypaper@example.org",
        "DAYPAPER_BASE_URL": "https://papers.example.org",
    }

    def call(*args: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(EXE), *args], cwd=folder, env=environment(folder) | settings,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    call("collect", "--as-of", AT)
    call("watch", "create", "mine", "--source", "arxiv")
    return call


def sent(run: Run, at: str = AT) -> tuple[int, list[dict[str, Any]]]:
    done = run("send", "--as-of", at, "--json")
    return done.returncode, as_json(done)["deliveries"]


def test_a_day_the_same_again_and_a_server_that_says_later(run: Run, mails: MailServer) -> None:
    args = ("--watch", "mine", "--channel", "email", "--target", "ada@example.org")
    made = run("subscribe", *args, "--since", "2017-11-01", "--confirmed", "--json")
    row = as_json(made)
    assert (made.returncode, row["state"], row["schedule"]) == (0, "active", "daily@08:00")
    planned = as_json(run("send", "--as-of", AT, "--dry-run", "--json"))["deliveries"]
    assert [one["status"] for one in planned] == ["due"]
    assert mails.received == []

    mails.answer("DATA", "ada@example.org", "451 4.3.0 later")
    code, (one,) = sent(run)
    assert (code, one["status"], one["subscription"]) == (3, "deferred", row["id"])
    assert "4.3.0" in one["message"]
    mails.usual("DATA", "ada@example.org")
    code, (one,) = sent(run)
    assert (code, one["status"], one["channel"], one["target"]) == (
        0, "sent", "email", "ada@example.org",
    )  # fmt: skip
    assert one["papers"] >= 1
    assert sent(run) == (0, [])
    (mail,) = mails.received
    assert mail.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = mail.message["List-Unsubscribe"]
    assert re.fullmatch(r"<https://papers\.example\.org/unsubscribe/[\w.-]+>", link)

    listed = as_json(run("subscriptions", "list", "--json"))["subscriptions"]
    assert [(one["state"], one["told_at"]) for one in listed] == [("active", AT)]
    for action, state in (("pause", "paused"), ("resume", "active"), ("delete", "ended")):
        assert state in run("subscriptions", action, row["id"]).stdout
    assert "No subscriptions" in run("subscriptions", "list").stdout


def test_without_a_word_of_its_owner_an_address_gets_one_mail_only(
    run: Run, mails: MailServer
) -> None:
    made = run("subscribe", "--watch", "mine", "--channel", "email", "--target", "ada@example.org")
    assert "pending" in made.stdout
    assert "confirmation mail was sent" in made.stderr
    assert sent(run) == (0, [])
    (mail,) = mails.received
    assert "https://papers.example.org/confirm/" in mail.raw.replace(b"=\r\n", b"").decode()


def test_subscribing_again_begins_a_paused_one_again_or_asks_its_owner(
    run: Run, mails: MailServer
) -> None:
    args = ("--watch", "mine", "--channel", "email", "--target", "ada@example.org")
    row = as_json(run("subscribe", *args, "--confirmed", "--json"))
    run("subscriptions", "pause", row["id"])
    asked = run("subscribe", *args)
    assert "paused" in asked.stdout
    assert "confirmation mail was sent" in asked.stderr
    assert len(mails.received) == 1
    assert "active" in run("subscribe", *args, "--confirmed").stdout


def test_a_test_message_is_marked_and_changes_nothing(run: Run, mails: MailServer) -> None:
    args = ("--watch", "mine", "--channel", "email", "--target", "ada@example.org")
    row = as_json(run("subscribe", *args, "--since", "2017-11-01", "--confirmed", "--json"))
    assert run("send", "--test", row["id"], "--as-of", AT).returncode == 0
    assert "test" in mails.received[0].message["Subject"].lower()
    assert [one["status"] for one in sent(run)[1]] == ["sent"]


def test_a_test_message_to_a_target_without_a_subscription(run: Run, mails: MailServer) -> None:
    done = run("send", "--test", "email:Bo@Example.org", "--as-of", AT, "--json")
    (one,) = as_json(done)["deliveries"]
    assert (done.returncode, one["status"], one["subscription"]) == (0, "sent", "")
    assert "email bo@example.org" in run("send", "--test", "email:bo@example.org").stdout
    assert [mail.recipient for mail in mails.received] == ["bo@example.org"] * 2
    assert "test" in mails.received[0].message["Subject"].lower()
    assert "No subscriptions" in run("subscriptions", "list").stdout
    for target, says in (("pigeon:home", 'no channel "pigeon"'), ("email:x", "no e-mail address")):
        done = run("send", "--test", target)
        assert (done.returncode, says in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--watch", "nothing"), 'There is no watch "nothing"'),
        (("--target", "nobody"), "is no e-mail address"),
        (("--target", "a@b.org\nBcc: c@d.org"), "is no e-mail address"),
        (("--channel", "pigeon"), "--channel: 'pigeon'"),
        (("--schedule", "daily@25:00"), "--schedule: 'daily@25:00'; expected asap"),
        (("--tz", "Mars"), "--tz: 'Mars'; expected a time zone"),
        (("--events", "new,quoted"), "--events"),
        (("--lang", "de"), "--lang: 'de'"),
    ],
)
def test_what_cannot_be_subscribed_is_said_in_a_sentence(
    run: Run, args: tuple[str, str], says: str
) -> None:
    given = {"--watch": "mine", "--channel": "email", "--target": "ada@example.org"} | dict([args])
    done = run("subscribe", *(part for pair in given.items() for part in pair), "--confirmed")
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_webhook_s_secret_is_told(run: Run) -> None:
    done = run(
        "subscribe", "--watch", "mine", "--channel", "webhook", "--target", "https://x.example/y"
    )
    assert "whsec_" in done.stderr
