"""Chat and push services through Apprise, over real HTTP: what is sent, what is refused, what is shown."""

import json
import logging
import re
from datetime import timedelta
from pathlib import Path

import apprise
import pytest

from aggregator.deliver import elsewhere, short
from aggregator.deliver.base import Letter, Links, Outcome
from aggregator.deliver.elsewhere import Apprise
from aggregator.digest.letter import subject
from aggregator.digest.select import Digest, Item, Section
from aggregator.errors import UsageError
from aggregator.settings import Settings
from tests.deliver.conftest import AT, letter, paper
from tests.server import Reply, Server
from tests.smtp_server import free_port

TELEGRAM = "tgram://123456789:s3cretword_abcdefg/12315544"


def target(server: Server, scheme: str = "json", rest: str = "/s3cretword") -> str:
    return f"{scheme}://{server.url.removeprefix('http://')}{rest}"


def send(one: Letter, *, allow_private: bool = True) -> Outcome:
    with Apprise(allow_private=allow_private).session() as session:
        return session.send(one, again=False)


def test_message(server: Server) -> None:
    server.routes["/s3cretword"] = Reply(b"ok")
    one = letter(target=target(server))
    assert send(one) == Outcome("sent", "JSON took it.")
    (asked,) = server.asked
    document = json.loads(asked.body)
    assert document["title"] == subject(one)
    assert document["message"] == (
        "• Deep Widgets 1\n  Ada Lovelace, Alan Turing · cs.CV · new\n"
        "  https://papers.example.org/papers/p1\n\n"
        "• Deep Widgets 2\n  Ada Lovelace, Alan Turing · cs.CV · new\n"
        "  https://papers.example.org/papers/p2"
    )


def test_no_picture_and_no_address_of_the_library_is_sent(server: Server) -> None:
    server.routes["/token"] = Reply(b"{}")
    server.routes["/hooks/token"] = Reply(b"{}")
    assert send(letter(target=target(server, "mmost", "/token"))).status == "sent"
    for asked in server.asked:
        assert b"apprise" not in asked.body.lower()


def test_markdown_where_a_service_wants_it(server: Server) -> None:
    hook = f"{'a' * 24}/{'b' * 24}"
    server.routes[f"/hooks/{hook}"] = Reply(b"{}")
    url = f"rocket://{hook}@{server.url[7:]}/#room"
    one = letter(target=url, papers=[paper(1, "A *b* [c](d) @all")])
    assert send(one).status == "sent"
    text = json.loads(server.asked[0].body)["text"]
    assert "https://papers.example.org/papers/p1" in text
    assert "@all" not in text


# --- what fits ----------------------------------------------------------------------------------


def many(count: int = 200, **more: object) -> Letter:
    papers = [paper(n, f"Deep 扩散 Widgets for Everybody {n}") for n in range(count)]
    return letter(papers=papers, **more)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("markdown", [False, True])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("most", [60, 140, 300, 1_000, 4_096, 20_000, 10**6])
def test_whole_papers_as_many_as_fit(most: int, lang: str, markdown: bool) -> None:
    one = many(lang=lang)
    said = short.message(one, lambda text: len(text.encode()) <= most, markdown=markdown)
    assert 0 < len(said.encode()) <= most
    urls = re.findall(r"https://[^\s)]+", said)
    papers = [url for url in urls if "/papers/" in url]
    assert papers == [f"https://papers.example.org/papers/p{n}" for n in range(len(papers))]
    if most >= 300:
        assert papers
    if len(papers) < 200 and papers:
        assert re.search(rf"\b{200 - len(papers)}\b", said)
        assert urls[-1] == "https://papers.example.org/watches/gan"
    if most == 10**6:
        assert len(papers) == 200


def test_a_service_never_gets_more_than_it_takes(server: Server) -> None:
    server.routes["/topic"] = server.routes["/"] = Reply(b"{}")
    one = many(target=target(server, "ntfy", "/topic"))
    assert send(one).status == "sent"
    (asked,) = server.asked
    assert 3_000 < len(json.loads(asked.body)["message"].encode()) <= 4_000


def test_everything_that_has_to_be_said_first_is_said() -> None:
    one = letter(
        late_since=AT - timedelta(days=3),
        withdrawn=(paper(9, "Gone Widgets"),),
        test=True,
        papers=[],
    )
    said = short.message(one, lambda text: True)
    assert "test message" in said
    assert "10 November 2017" in said
    assert "Gone Widgets" in said


def test_a_quiet_day() -> None:
    quiet = Digest(AT - timedelta(days=1), AT, (), "Nothing new in these topics.")
    for lang, says in (("en", "Nothing new in these topics."), ("zh", "这些主题暂无新内容。")):
        assert short.message(letter(digest=quiet, lang=lang), lambda text: True) == says


def test_what_is_left_out_is_counted_once() -> None:
    one, two = Item(paper(1), ("new",), 0.9), Item(paper(2), ("new",), 0.9)
    rest = frozenset({"third", "fourth"})
    named = ("gan", "Adversarial networks", "对抗网络", "")
    cites = ("cites-x", "Adam", "", "", (one,), rest, "papers/x", "Adam")
    digest = Digest(AT, AT, (Section(*named, (one, two), rest), Section(*cites)))
    given = letter(digest=digest)
    assert "4 papers" in short.title(given)
    assert "and 2 more" in short.message(given, lambda text: True)


@pytest.mark.parametrize("markdown", [False, True])
def test_a_quiet_day_says_how_the_sources_are(markdown: bool) -> None:
    quiet = Digest(AT - timedelta(days=1), AT, (), "Nothing new in these topics.")
    sources = ({"name": "arxiv", "status": "failed", "message": "No answer from <arXiv>."},)
    said = short.message(
        letter(digest=quiet, sources=sources), lambda text: True, markdown=markdown
    )
    lead, _, end = said.partition("see the end.")
    assert "1 source could not be read in full" in lead
    assert "arxiv: failed. No answer from" in end


def test_titles_call_nobody_and_stay_titles() -> None:
    hostile = (
        "@everyone <@123> <at user_id='all'>x</at> <!channel> <users/all> "
        "[x](javascript:alert(1))\n# y\x00\u202e" + "z" * 40_000
    )
    one = letter(papers=[paper(1, hostile, authors=["@here"])])
    for markdown in (False, True):
        said = short.message(one, lambda text: True, markdown=markdown)
        assert not re.search(r"@\w|<[/!\w]", said)
        assert not re.search("[\x00\u202e]", said)
        assert "\n#" not in said
        assert len(said) < 2_000
    assert not re.search(r"(?<!\\)\]\(javascript", said)


def test_without_a_public_address_the_links_are_those_of_the_paper() -> None:
    said = short.message(letter(links=Links("")), lambda text: True)
    assert "https://arxiv.org/abs/1711.00001" in said


# --- outcomes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (401, "refused"),
        (403, "refused"),
        (404, "refused"),
        (410, "refused"),
        (400, "deferred"),
        (429, "deferred"),
        (500, "deferred"),
        (503, "deferred"),
    ],
)
def test_what_an_answer_means(
    server: Server, status: int, outcome: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.routes["/s3cretword"] = Reply(b"s3cretword", status)
    with caplog.at_level(logging.INFO):
        said = send(letter(target=target(server)))
    assert (said.status, said.message) == (outcome, f"JSON answered {status}.")
    assert not said.unsure
    assert "s3cretword" not in caplog.text


def test_a_redirect_is_not_followed(server: Server) -> None:
    server.routes["/s3cretword"] = Reply(b"", 302, {"Location": server.url + "/elsewhere"})
    server.routes["/elsewhere"] = Reply(b"ok")
    assert send(letter(target=target(server))).status == "deferred"
    assert server.paths() == ["/s3cretword"]


def test_nobody_there() -> None:
    said = send(letter(target=f"json://127.0.0.1:{free_port()}/s3cretword"))
    assert (said.status, said.message) == ("deferred", "JSON cannot be reached.")
    assert not said.unsure


def test_an_answer_that_is_cut_off_leaves_it_open(server: Server) -> None:
    server.routes["/s3cretword"] = Reply(b"half", cut=True)
    said = send(letter(target=target(server)))
    assert (said.status, said.unsure) == ("deferred", True)


def test_nothing_is_sent_to_a_private_address(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    hook = f"{'a' * 24}/{'b' * 24}"
    for url in (
        f"json://127.0.0.1:{port}/s3cretword",
        f"json://localhost:{port}/s3cretword",
        f"json://ada:s3cretword@localhost:{port}/",
        f"rocket://{hook}@localhost:{port}/#room",
        f"ntfy://localhost:{port}/s3cretword",
    ):
        said = send(letter(target=url), allow_private=False)
        assert said.status == "refused"
        assert "private address" in said.message
        assert "s3cretword" not in said.message
    for host in ("2130706433", "127.1", "0x7f000001", "[::ffff:7f00:1]"):
        assert send(letter(target=f"json://{host}:{port}/"), allow_private=False).status != "sent"
    assert not server.asked


# --- targets ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "normal", "shown"),
    [
        (TELEGRAM, TELEGRAM, "tgram://1...g/12315544/"),
        (" TGRAM" + TELEGRAM[5:], TELEGRAM, "tgram://1...g/12315544/"),
        ("ntfy://topic", "ntfy://topic", "ntfys://topic/…"),
        ("feishu://s3cretword1", "feishu://s3cretword1", "feishu://s...1/"),
        (
            "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
            "https://discord.com/api/webhooks/4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
            "discord://4...8/J...s/",
        ),
        (
            "matrixs://ada:s3cretword@matrix.example.org/#room",
            "matrixs://ada:s3cretword@matrix.example.org/#room",
            "matrixs://matrix.example.org/…",
        ),
        (
            "jsons://example.org/x?+X-Token=s3cretword",
            "jsons://example.org/x?+X-Token=s3cretword",
            "jsons://example.org/…",
        ),
    ],
)
def test_targets(given: str, normal: str, shown: str) -> None:
    channel = Apprise()
    assert channel.normal(given) == normal
    assert channel.normal(normal) == normal
    assert channel.redacted(normal) == shown


@pytest.mark.parametrize(
    "given",
    [
        "",
        "s3cretword",
        "tgram://",
        "tgram://s3cretword",
        "tgram://123456789:s3cretword_abcdefg/1/2",
        "nonsense://s3cretword",
        "https://example.org/s3cretword",
        "file:///etc/passwd",
        "syslog://s3cretword",
        "dbus://",
        "gnome://",
        "macosx://",
        "windows://",
        "mailto://ada:s3cretword@gmail.com",
        "rsyslog://127.0.0.1",
        "slack://s3cretword",
        "jsons://example.org/?optional=yes",
        "jsons://example.org/?Optional=yes",
        "jsons://example.org/?%6fptional=yes",
        "jsons://example.org/?retry=5",
        "jsons://example.org/?verify=no",
        "jsons://example.org/?redirect=yes",
        "discord://4174216298/s3cretwordbk2ZwO5U711o3dV_js?template=/etc/passwd",
        "ntfy://topic?email=eve@example.org",
        "json://localhost/s3cretword",
        "json://127.0.0.1/s3cretword",
        "json://169.254.169.254/s3cretword",
        "json://example.org/\r\ns3cretword",
        "json://example.org/ s3cretword",
        "json://example.org/" + "s3cretword" * 500,
    ],
)
def test_what_may_not_be_used_is_refused_in_a_sentence(given: str) -> None:
    with pytest.raises(UsageError) as caught:
        Apprise().normal(given)
    said = str(caught.value)
    assert said.isprintable()
    assert "s3cretword" not in said
    assert "s3cretword" not in Apprise().redacted(given)


def test_channel_of_settings(server: Server) -> None:
    chosen = Settings(allow_private_upstreams=True)
    channel = Apprise.of(chosen)
    assert (channel.name, channel.trouble()) == ("apprise", "")
    assert channel.normal(target(server)) == target(server)


def test_every_service_is_known_to_the_library_and_documented() -> None:
    elsewhere._load()
    known: set[str] = set()
    for service in apprise.Apprise().details()["schemas"]:
        known |= {*(service["protocols"] or ()), *(service["secure_protocols"] or ())}
    named = {*elsewhere.FIXED, *elsewhere.HOSTED}
    assert named <= known
    assert len(named) == len(elsewhere.FIXED) + len(elsewhere.HOSTED)
    page = Path(__file__).parents[2] / "docs" / "webhooks.md"
    assert named <= set(re.findall(r"`(\w+)://`", page.read_text(encoding="utf-8")))


def test_a_matrix_server_cannot_point_elsewhere() -> None:
    made = Apprise().service("matrixs://ada:pw@matrix.example.org/#room")
    assert made.discovery is False  # pyright: ignore[reportAttributeAccessIssue]
