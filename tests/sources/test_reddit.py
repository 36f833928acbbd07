"""The reddit source: both formats, errors in both, and how it heals a window that moved on."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.errors import (
    BrokenError,
    ChallengedError,
    RefusedError,
    SourceError,
    ThrottledError,
)
from aggregator.models import Draft, Parsed
from aggregator.sources.base import Answer, Credentials, Note, Raw, SourceConfig, Validator
from aggregator.sources.reddit import MOST_PAGES, RedditOptions, RedditSource
from aggregator.sources.reddit_posts import MOST_TEXT, read_listing
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples


def make_source(*, key: bool = False, **options: Any) -> RedditSource:
    chosen = RedditOptions(subreddits=("MachineLearning", "quiet"), **options)
    credentials = Credentials("id", "secret") if key else Credentials()
    return RedditSource(SourceConfig("reddit", "reddit", chosen, None, True), credentials)


def raw(body: bytes, content_type: str = "") -> Raw:
    return Raw("new:x", "https://www.reddit.com/r/x/new", body, content_type, FETCHED)


@pytest.mark.parametrize("sample", samples("reddit"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


def test_both_formats_say_the_same_of_a_post():
    atom = make_source().to_drafts(raw((DATA / "reddit" / "rss_new.xml").read_bytes())).drafts[0]
    listed = make_source().to_drafts(raw((DATA / "reddit" / "json_raw.json").read_bytes()))
    told = listed.drafts[0]
    for name in ("key", "title", "url", "published", "authors", "about", "mentions", "abstract"):
        assert getattr(atom, name) == getattr(told, name), name


def test_a_listing_with_fewer_posts_than_it_says_is_not_whole():
    body = listing([child(1), child(2)])
    for said, sound in ((b"2", True), (b"1", True), (b"null", True), (b"3", False)):
        given = body.replace(b'"dist": 2', b'"dist": ' + said)
        read = read_listing(given, "application/json", "here", None, FETCHED)
        assert (len(read.posts), read.sound) == (2, sound), said


def test_min_score_leaves_posts_out_where_scores_are_told():
    body = (DATA / "reddit" / "json_raw.json").read_bytes()
    parsed = make_source(min_score=5).to_drafts(raw(body))
    assert [draft.native_id for draft in parsed.drafts] == ["t3_1abc00"]
    atom = (DATA / "reddit" / "rss_new.xml").read_bytes()
    assert len(make_source(min_score=5).to_drafts(raw(atom)).drafts) == 2


def test_long_text_is_cut_at_a_word():
    post = child(1, selftext_html="<div>" + "paper " * 5000 + "</div>", selftext="paper")
    text = make_source().to_drafts(raw(listing([post]))).drafts[0].abstract
    assert len(text) <= MOST_TEXT
    assert text.endswith("paper …")


@pytest.mark.parametrize(
    ("title", "given", "flair"),
    [
        ("[R] A", None, "Research"),
        (" (d) A", "", "Discussion"),
        ("[N] A", "Project", "Project"),
        ("A [R] b", None, None),
        ("[2026] A", None, None),
        ("A", "Discusssion", "Discussion"),
        ("A", "[D]", "Discussion"),
        ("A", ":rocket: Show", ":rocket: Show"),
    ],
)
def test_flair(title: str, given: str | None, flair: str | None):
    post = child(1, title=title, link_flair_text=given)
    draft = make_source().to_drafts(raw(listing([post]))).drafts[0]
    assert draft.extra.get("flair") == flair


@pytest.mark.parametrize("value", [1782903600, 1782903600.0, "1782903600", "1782903600.0"])
def test_time_in_every_type(value: object):
    draft = make_source().to_drafts(raw(listing([child(1, created_utc=value)]))).drafts[0]
    assert draft.published == datetime(2026, 7, 1, 11, tzinfo=UTC)


@pytest.mark.parametrize("value", [None, "soon", float("inf"), float("nan"), -1, 1e300, [], True])
def test_time_that_is_none_skips_the_post(value: object):
    parsed = make_source().to_drafts(raw(listing([child(1, created_utc=value), child(2)])))
    assert (len(parsed.drafts), len(parsed.skipped)) == (1, 1)


json_values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(), max_size=8)
    | st.sampled_from([[], {}, [1], {"a": 1}, "\ud800", "http://[", "&lt;p>", "t3_x", "1e999"])
)
POST_KEYS = ["id", "name", "title", "selftext", "selftext_html", "url", "permalink", "author",
             "created_utc", "score", "num_comments", "link_flair_text", "subreddit", "is_self"]  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(POST_KEYS), json_values), max_size=4))
def test_any_json_is_read_or_skipped(posts: list[dict[str, Any]]):
    children = [{"kind": "t3", "data": child(n)["data"] | post} for n, post in enumerate(posts)]
    parsed = make_source().to_drafts(raw(listing(children)))
    assert len(parsed.drafts) + len(parsed.skipped) <= len(posts)
    assert repr(parsed).encode()  # raises where half a character is left
    for draft in parsed.drafts:
        assert "".join(map(str, draft.extra.values())).encode().find(0) < 0


@given(st.binary(max_size=80) | st.builds(lambda v: json.dumps(v).encode(), json_values))
def test_any_bytes_are_read_or_refused_with_an_error_of_ours(body: bytes):
    try:
        parsed = make_source().to_drafts(raw(body))
    except SourceError:
        return
    assert isinstance(parsed, Parsed)


def test_captured_listings_are_read_whole():
    folder = SHARED / "captures" / "reddit" / "listing_json"
    if not folder.exists():
        pytest.skip("the captured listings do not lie beside this checkout")
    paths = [path for path in folder.iterdir() if not path.name.endswith(".meta.json")]
    assert paths
    for path in paths:
        parsed = make_source().to_drafts(raw(path.read_bytes()))
        children = json.loads(path.read_bytes())["data"]["children"]
        assert len(parsed.drafts) == len(children), path.name
        assert not parsed.skipped


# --- pull ----------------------------------------------------------------------------------


def child(number: int, **fields: Any) -> dict[str, Any]:
    """A post; the higher its number, the newer, a minute each."""
    data = {
        "id": f"x{number}",
        "title": f"Post {number}",
        "created_utc": stamp(number).timestamp(),
        "permalink": f"/r/MachineLearning/comments/x{number}/post/",
        "is_self": True,
    }
    return {"kind": "t3", "data": data | fields}


def stamp(number: int) -> datetime:
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(minutes=number)


def listing(children: list[dict[str, Any]], after: str | None = None) -> bytes:
    data = {"after": after, "dist": len(children), "children": children}
    return json.dumps({"kind": "Listing", "data": data}).encode()


@dataclass
class FakeReddit:
    """A listing of `total` posts, newest first, of which `window` are shown; logs what is asked."""

    total: int
    window: int = 1000
    error: SourceError | None = None
    log: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    known: Validator | None = None
    spoil: tuple[bytes, bytes] = (b"", b"")
    token: bytes = b'{"access_token": "t0k3n", "token_type": "bearer"}'

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        self.log.append((url, {**(params or {}), **(headers or {})}))
        if self.error:
            raise self.error
        shown = list(range(self.total, max(0, self.total - self.window), -1))
        after = (params or {}).get("after", "")
        start = shown.index(int(after.removeprefix("t3_x"))) + 1 if after else 0
        page = shown[start : start + 100]
        more = f"t3_x{page[-1]}" if start + 100 < len(shown) else None
        body = listing([child(number) for number in page], more)
        body = body.replace(*self.spoil) if self.spoil[0] else body
        mark = Validator(url, None, None, str(self.total))
        same = conditional and self.known == mark
        return Answer(url, b"" if same else body, "application/json", {}, same, mark)

    def post(
        self, url: str, *, data: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer:
        self.log.append((url, dict(data)))
        assert auth == ("id", "secret")
        return Answer(
            url, self.token, "application/json", {}, False, Validator(url, None, None, "")
        )

    def post_json(
        self, url: str, document: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        raise AssertionError("Reddit takes forms")


@dataclass
class FakeContext:
    """Remembers drafts and the checkpoint as the pipeline does."""

    http: FakeReddit
    since: datetime | None = None
    now: datetime = FETCHED
    first_run: bool = True
    checkpoint: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Draft] = field(default_factory=dict)

    def known(self, keys: Collection[str], by: datetime) -> set[str]:
        return set(keys) & set(self.entries)

    def citing(self, work: str, keys: Collection[str]) -> set[str]:
        return set()

    def incomplete(self, kind: str, prefix: str = "") -> list[tuple[str, str]]:
        return []

    def wanted(self, kind: str, most: int) -> list[str]:
        raise AssertionError("this source looks nothing up")

    def want_stored(self, kind: str) -> None:
        raise AssertionError("this source looks nothing up")

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        assert done < MOST_PAGES

    def run(self, source: RedditSource, stop_after: int = 99) -> list[Note]:
        """One run, killed after some pages if wanted."""
        notes, pages = [], 0
        for item in source.pull(self):
            if isinstance(item, Note):
                notes.append(item)
                continue
            for page in item.raws:
                self.entries |= {d.key: d for d in source.to_drafts(page).drafts}
                self.http.known = page.validator or self.http.known
            self.checkpoint |= item.checkpoint
            pages += 1
            if pages == stop_after:
                break
        return notes


def test_first_run_takes_one_page():
    ctx = FakeContext(FakeReddit(500))
    assert ctx.run(make_source()) == []
    assert len(ctx.entries) == 100
    assert ctx.checkpoint == {
        "new:machinelearning+quiet": {"id": "t3_x500", "at": "2026-06-01T08:20:00Z"}
    }
    assert ctx.http.log == [
        ("https://www.reddit.com/r/MachineLearning+quiet/new/.rss", {"limit": "100"})
    ]


def test_it_pages_back_to_what_was_seen():
    ctx = FakeContext(FakeReddit(500))
    ctx.run(make_source())
    ctx.http.total = 850
    assert ctx.run(make_source()) == []
    assert len(ctx.entries) == 450
    assert len(ctx.http.log) == 1 + 4


def test_killed_run_loses_nothing():
    ctx = FakeContext(FakeReddit(500))
    ctx.run(make_source())
    ctx.http.total = 850
    ctx.run(make_source(), stop_after=1)
    assert ctx.run(make_source()) == []
    assert len(ctx.entries) == 450


@pytest.mark.parametrize("window", [300, 1000])
def test_window_that_moved_on_is_told_with_both_dates(window: int):
    ctx = FakeContext(FakeReddit(500, window=window))
    ctx.run(make_source())
    ctx.http.total = 5000
    [note] = ctx.run(make_source())
    assert note.status == "partial"
    assert "2026-06-01T08:20:00Z" in note.message
    assert f"{stamp(5000 - window + 1):%Y-%m-%dT%H:%M:%SZ}" in note.message
    assert ctx.run(make_source()) == []


def test_since_is_paged_back_to():
    ctx = FakeContext(FakeReddit(500), since=stamp(250))
    assert ctx.run(make_source()) == []
    assert len(ctx.entries) == 300


def test_small_subreddit_has_no_gap():
    ctx = FakeContext(FakeReddit(40), since=stamp(-500))
    assert ctx.run(make_source()) == []
    assert len(ctx.entries) == 40


def test_unchanged_first_page_ends_the_run():
    ctx = FakeContext(FakeReddit(500))
    ctx.run(make_source())
    ctx.run(make_source())
    assert ctx.http.known is not None
    assert len(ctx.http.log) == 2


def test_empty_subreddit_is_no_error():
    ctx = FakeContext(FakeReddit(0))
    assert [note.status for note in ctx.run(make_source())] == ["not_out_yet"]
    assert ctx.checkpoint == {}


def test_a_listing_that_is_empty_all_at_once_is_no_quiet_day():
    ctx = FakeContext(FakeReddit(500))
    ctx.run(make_source())
    before = dict(ctx.checkpoint)
    ctx.http.total = 0
    assert [note.status for note in ctx.run(make_source())] == ["stale"]
    assert ctx.checkpoint == before


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (b'"title": "', b'"title": "\xef\xbf\xbd'),
        (b'"created_utc": ', b'"created_utc": 4000000000, "was": '),
        (b'"created_utc": ', b'"created_utc": null, "was": '),
        (b'"dist": 100', b'"dist": 101'),
    ],
)
def test_a_listing_that_came_damaged_is_read_again(good: bytes, bad: bytes):
    ctx = FakeContext(FakeReddit(500))
    ctx.run(make_source())
    ctx.http.total = 550
    ctx.http.spoil = (good, bad)
    assert {note.status for note in ctx.run(make_source())} <= {"partial", "mismatch"}
    ctx.http.spoil = (b"", b"")
    assert ctx.run(make_source()) == []
    assert all(len(d.title) < 100 and "\ufffd" not in d.title for d in ctx.entries.values())
    assert len(ctx.entries) == 150


def test_reddit_writes_utf8_and_anything_else_is_damage():
    good = (DATA / "reddit" / "rss_new.xml").read_bytes().replace(b"31 February", b"2026-07-01")
    for body, sound in ((good, True), (good.replace(b"<title>[R]", b"<title>\xe9\xff"), False)):
        assert read_listing(body, "application/atom+xml", "u", None, FETCHED).sound == sound


def test_pace_depends_on_the_key_unless_chosen():
    assert make_source().pace_seconds == 60
    assert make_source(key=True).pace_seconds == 1
    assert make_source(pace_seconds=5).pace_seconds == 5


def test_refusal_without_a_key_means_too_many_requests():
    refused = RefusedError("answered 403", url="u", http_status=403)
    with pytest.raises(ThrottledError) as caught:
        FakeContext(FakeReddit(5, error=refused)).run(make_source())
    assert caught.value.retry_after == timedelta(minutes=10)
    with pytest.raises(RefusedError):
        FakeContext(FakeReddit(5, error=refused)).run(make_source(key=True))


def test_throttling_without_a_time_gets_one():
    with pytest.raises(ThrottledError) as caught:
        FakeContext(FakeReddit(5, error=ThrottledError("429"))).run(make_source())
    assert caught.value.retry_after == timedelta(minutes=10)


@pytest.mark.parametrize("error", [ChallengedError("a wall"), BrokenError("too large")])
def test_other_errors_are_left_as_they_are(error: SourceError):
    with pytest.raises(type(error)):
        FakeContext(FakeReddit(5, error=error)).run(make_source())
