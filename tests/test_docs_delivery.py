"""The documentation of delivery against the code: channels, keys, numbers, scopes, pages and feeds."""

import re

from aggregator import deliver, settings, topics
from aggregator.people import signing
from aggregator.sending import claim, due, handover, postman
from aggregator.store import letters, subscriptions, tokens
from aggregator.store.outbox import OLDEST
from aggregator.watches import Terms, Wanted, Watch
from api.app import PAGES
from api.routes import ROUTERS
from api.slack.app import PATHS
from tests.written import PROJECT, named, page, row, section


def test_every_key_of_a_watch_and_a_subscription_is_documented() -> None:
    said = section(page("settings.md"), "topics.toml")
    assert set(Watch.model_fields) | set(Wanted.model_fields) <= named(said)
    _, _, table = said.partition("| key of a subscription")
    for name, value in Terms().model_dump(mode="json").items():
        shown = str(value).replace("'", '"')
        assert value is None or f"| `{shown}` |" in row(table, f"{name}`"), name


def test_examples_of_watches_and_subscriptions_in_the_file_are_good() -> None:
    text = (PROJECT / "topics.toml").read_text(encoding="utf-8")
    shown = re.sub(r"^# (?=\[\[|\w+ = )", "", text, flags=re.M)
    config = topics.parse(shown, "topics.toml")
    assert len(config.watches) == 1
    assert len(config.subscriptions) == 2
    ways = deliver.channels(settings.Settings())
    for one in config.subscriptions:
        assert config.watch(one.watch)
        assert ways[one.channel].normal(one.target) == one.target


def test_every_channel_is_documented() -> None:
    for name in deliver.channels(settings.Settings()):
        line = row(page("delivery.md"), f"{name}`")
        assert re.search(r"\]\((\w+\.md)", line), name
        assert f"`{name}`" in row(section(page("settings.md"), "topics.toml"), "channel`")


def test_delivery_says_the_numbers_of_the_code() -> None:
    text = " ".join(page("delivery.md").split())
    first, *others = [f"{minutes}" for minutes in handover.BACK_OFF]
    numbers = {
        f"nothing more has come in for {postman.SETTLED.seconds // 60} minutes",
        f"after {postman.LONGEST.seconds // 60} minutes it waits no longer",
        "at most one letter an hour" if due.ASAP_GAP.seconds == 3600 else "?",
        "covers the last day" if claim.FIRST.days == 1 else "?",
        f"more than {OLDEST.days} days before it was stored",
        f"after {first}, {', '.join(others[:-1])} and then every {others[-1]} minutes",
        f"**After {handover.GIVE_UP.days} days** a letter is given up",
        "Three refusals" if letters.REFUSALS == 3 else "?",
        f"asked about, and lists what else waits for it | {signing.CONFIRM_FOR.days} days |",
        f"forgotten after {subscriptions.UNCONFIRMED_FOR.days} days",
        "to take it back, for an hour" if signing.AGAIN_FOR.seconds == 3600 else "?",
    }
    assert not [said for said in numbers if said not in text]


def test_every_scope_of_a_token_is_documented() -> None:
    for scope in tokens.SCOPES:
        row(section(page("settings.md"), "Tokens"), f"{scope}`")


def test_every_page_and_feed_is_documented_with_its_methods() -> None:
    real: dict[str, set[str]] = {"/openapi.json": {"GET", "HEAD"}}
    real |= {path: {"POST"} for path in PATHS}
    for router in (*ROUTERS, *PAGES):
        for route in router.routes:
            if not route.include_in_schema:  # pyright: ignore[reportAttributeAccessIssue]
                path = route.path.replace(":path}", "}")  # pyright: ignore[reportAttributeAccessIssue]
                real.setdefault(path, set()).update(route.methods)  # pyright: ignore[reportAttributeAccessIssue]
    shown: dict[str, set[str]] = {}
    said = section(page("settings.md"), "Pages and feeds")
    for cell, methods in re.findall(r"^\| (`[^|]+) \| ([A-Z, ]+) \|", said, re.M):
        shown |= {path: set(methods.split(", ")) for path in named(cell)}
    assert shown == real
