"""Signed links: each opens what it was made for and nothing else; the secret is made once."""

import multiprocessing
import stat
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from aggregator.errors import UsageError
from aggregator.people.signing import (
    AGAIN_FOR,
    CONFIRM_FOR,
    SECRET_FILE,
    LinkError,
    Signer,
    secret_of,
)
from aggregator.settings import Settings
from tests.conftest import NOW

SECRET = "a secret of a good length"

READERS: dict[str, Callable[[Signer, str], object]] = {
    "confirm": Signer.read_confirm,
    "again": Signer.read_again,
    "unsubscribe": Signer.read_unsubscribe,
    "preferences": Signer.read_preferences,
    "feedback": Signer.read_feedback,
}


def signer(later: timedelta = timedelta(), secret: str = SECRET) -> Signer:
    return Signer(secret, lambda: NOW + later)


def tokens(made: Signer) -> dict[str, str]:
    return {
        "confirm": made.confirm_token("sub1"),
        "again": made.again_token(["sub1"]),
        "unsubscribe": made.unsubscribe_token("sub1", "sub2"),
        "preferences": made.preferences_token("ada"),
        "feedback": made.feedback_token("ada", "paper1"),
    }


def test_what_was_signed_is_read_back() -> None:
    made = signer()
    read = {name: READERS[name](made, token) for name, token in tokens(made).items()}
    assert read == {
        "confirm": "sub1",
        "again": ("sub1",),
        "unsubscribe": ("sub1", "sub2"),
        "preferences": "ada",
        "feedback": ("ada", "paper1"),
    }
    for token in tokens(made).values():
        assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()


@pytest.mark.parametrize("purpose", READERS)
def test_a_token_opens_nothing_else(purpose: str) -> None:
    made = signer()
    for other, token in tokens(made).items():
        if other != purpose:
            with pytest.raises(LinkError) as caught:
                READERS[purpose](made, token)
            assert caught.value.reason == "invalid"


@pytest.mark.parametrize("purpose", READERS)
def test_no_other_token_is_believed(purpose: str) -> None:
    good = tokens(signer())[purpose]
    body, _, mark = good.rpartition(".")
    changed = [
        "",
        ".",
        "x",
        body,
        good[:-1],
        f"{good}A",
        f"{body}.{mark[::-1]}",
        f"A{good}",
        f".{good}",  # a leading dot says "compressed"
        good.replace(body[3], "x" if body[3] != "x" else "y", 1),
        "\x00",
        "ünicode",
        good * 100,
        tokens(signer(secret=f"{SECRET}!"))[purpose],
    ]
    for token in changed:
        with pytest.raises(LinkError) as caught:
            READERS[purpose](signer(), token)
        assert caught.value.reason == "invalid", token


@pytest.mark.parametrize(("purpose", "use"), [("confirm", CONFIRM_FOR), ("again", AGAIN_FOR)])
def test_timed_links_expire_and_the_others_do_not(purpose: str, use: timedelta) -> None:
    token = tokens(signer())[purpose]
    READERS[purpose](signer(use), token)
    with pytest.raises(LinkError) as caught:
        READERS[purpose](signer(use + timedelta(seconds=1)), token)
    assert caught.value.reason == "expired"
    for other in ("unsubscribe", "preferences", "feedback"):
        READERS[other](signer(timedelta(days=3650)), tokens(signer())[other])


def test_the_link_of_a_mail_for_many_watches_stays_short_enough() -> None:
    token = signer().unsubscribe_token(*(f"{n:016}" for n in range(100)))
    assert len(signer().read_unsubscribe(token)) == 100


def _made(folder: str) -> str:
    return secret_of(Settings(data_dir=Path(folder)))


def test_the_secret_is_made_once_by_whoever_is_first(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        found = set(pool.map(_made, [str(folder)] * 8))
    assert len(found) == 1
    assert len(found.pop()) >= 32
    assert stat.S_IMODE((folder / SECRET_FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [SECRET_FILE]


def test_a_given_secret_needs_no_file(tmp_path: Path) -> None:
    given = Settings(data_dir=tmp_path, secret_key=SecretStr(SECRET))
    assert secret_of(given) == SECRET
    assert not list(tmp_path.iterdir())


def test_a_secret_of_no_use_stops_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="DAYPAPER_SECRET_KEY: 5 signs"):
        secret_of(Settings(data_dir=tmp_path, secret_key=SecretStr("short")))
    (tmp_path / SECRET_FILE).write_text("\n")
    with pytest.raises(UsageError, match="no secret is in it"):
        secret_of(Settings(data_dir=tmp_path))
    with pytest.raises(UsageError, match="expected a file of our own"):
        secret_of(Settings(data_dir=tmp_path / SECRET_FILE))
