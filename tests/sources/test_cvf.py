"""The cvf source: every layout of its pages, and the order and restraint of its pull."""

import gzip
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.errors import (
    ChallengedError,
    RefusedError,
    SourceError,
    ThrottledError,
    UnreachableError,
)
from aggregator.models import Draft
from aggregator.parse.ids import cvf_id
from aggregator.sources.base import Answer, Credentials, Note, Page, Raw, SourceConfig, Validator
from aggregator.sources.cvf import CvfOptions, CvfSource
from aggregator.sources.cvf_venues import first_day
from tests.sources.sample_walk import DATA, FETCHED, SHARED, expectation, outcome, samples

SITE = "https://openaccess.thecvf.com"


def make_source(*venues: str, base_url: str = SITE) -> CvfSource:
    options = CvfOptions(venues=venues or ("CVPR2017",), base_url=base_url)
    return CvfSource(SourceConfig("cvf", "cvf", options, None, True), Credentials())


@pytest.mark.parametrize("sample", samples("cvf"), ids=lambda path: path.name)
def test_sample_gives_what_is_expected(sample: Path):
    expected = expectation(sample)
    assert outcome(make_source(), sample, expected["raw"]) == expected


@pytest.mark.parametrize(
    "url",
    [
        f"{SITE}/content_cvpr_2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html",
        f"{SITE}/content_CVPR_2017/papers/Sato_Paper_Boats_in_CVPR_2017_paper.pdf",
        f"{SITE}/content/CVPR2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html?x=1#top",
        "http://www.cv-foundation.org/openaccess/content_cvpr_2017/html/"
        "Sato_Paper_Boats_in_2017_CVPR_paper.html",
        "content_CVPR_2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html",
        "/cvf/content/CVPR2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html",
    ],
)
def test_id_is_the_same_in_every_layout_and_on_every_host(url: str):
    assert cvf_id(url) == "CVPR2017/Sato_Paper_Boats_in"


def test_base_address_with_a_path_keeps_it():
    sample = DATA / "cvf" / "CVPR2017_lower_case_root.html"
    raw = Raw("list:CVPR2017", "http://127.0.0.1:9/cvf/CVPR2017", sample.read_bytes(), "", FETCHED)
    draft = make_source(base_url="http://127.0.0.1:9/cvf/").to_drafts(raw).drafts[0]
    assert draft.url == (
        "http://127.0.0.1:9/cvf/content_cvpr_2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html"
    )


def test_detail_page_has_the_key_of_the_list():
    source = make_source()
    listed = source.to_drafts(read("CVPR2017_lower_case_root.html", "list:CVPR2017")).drafts[0]
    detail = source.to_drafts(read("detail_CVPR2017.html", f"detail:{listed.native_id}")).drafts[0]
    assert (detail.key, detail.fidelity) == (listed.key, 1)
    assert detail.identifiers == listed.identifiers
    assert detail.title == listed.title
    assert detail.abstract
    assert not listed.abstract


def test_venues_have_days():
    assert first_day("CVPR", 2017) == datetime(2017, 7, 21, tzinfo=UTC)
    assert first_day("CVPRW", 2017) == first_day("CVPR", 2017)
    assert first_day("ICCV", 2031) == datetime(2031, 10, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "papers", "left"),
    [
        ("CVPR2020_all_browser_save.html.gz", 1466, 0),
        ("CVPR2020_day_listing.html", 93, 1),  # this capture is cut off in its 94th paper
        ("ICCV2015_all_browser_save.html.gz", 526, 0),
    ],
)
def test_captured_lists_are_read_to_the_last_paper(name: str, papers: int, left: int):
    path = SHARED / "captures" / "cvf" / name
    if not path.exists():
        pytest.skip("the captured pages do not lie beside this checkout")
    body = path.read_bytes()
    body = gzip.decompress(body) if name.endswith(".gz") else body
    parsed = make_source().to_drafts(Raw("list:X", SITE, body, "text/html", FETCHED))
    titles = body.count(b'class="ptitle"')
    assert (len(parsed.drafts), len(parsed.skipped), parsed.declared) == (papers, left, titles)
    assert len({draft.native_id.lower() for draft in parsed.drafts}) == papers
    assert all(draft.authors and draft.title and draft.extra["pdf"] for draft in parsed.drafts)


# --- pull ----------------------------------------------------------------------------------


@dataclass
class FakeSite:
    """Answers from a table; an exception in it is raised. Keeps what was asked."""

    pages: dict[str, Any]
    asked: list[str] = field(default_factory=list)
    etag: str | None = None
    stored: dict[str, Validator] = field(default_factory=dict)

    def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        secret: Mapping[str, str] | None = None,
        conditional: bool = False,
    ) -> Answer:
        assert not params
        assert not headers
        path = url.removeprefix(SITE)
        self.asked.append(path)
        body = self.pages.get(path)
        if isinstance(body, Exception):
            raise body
        if body is None:
            raise RefusedError("answered 404", url=url, http_status=404)
        digest = hashlib.sha256(body).hexdigest()
        same = conditional and url in self.stored and self.stored[url].digest == digest
        mark = Validator(url, self.etag, None, digest)
        return Answer(url, b"" if same else body, "text/html", {}, same, mark)

    def post(
        self, url: str, *, data: Mapping[str, str], auth: tuple[str, str] | None = None
    ) -> Answer:
        raise AssertionError("CVF is never posted to")

    def post_json(
        self, url: str, document: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        raise AssertionError("CVF is never posted to")


@dataclass
class FakeContext:
    """A store in memory; pages are stored as the pipeline does it."""

    http: FakeSite
    now: datetime = FETCHED
    since: datetime | None = None
    first_run: bool = True
    checkpoint: dict[str, Any] = field(default_factory=dict)
    entries: dict[str, Draft] = field(default_factory=dict)

    def known(self, keys: Collection[str], by: datetime) -> set[str]:
        return {key for key in keys if key in self.entries}

    def citing(self, work: str, keys: Collection[str]) -> set[str]:
        return set()

    def incomplete(self, kind: str, prefix: str = "") -> list[tuple[str, str]]:
        return [
            (draft.native_id, draft.url)
            for draft in self.entries.values()
            if draft.kind == kind and not draft.abstract and draft.native_id.startswith(prefix)
        ]

    def wanted(self, kind: str, most: int) -> list[str]:
        raise AssertionError("this source looks nothing up")

    def want_stored(self, kind: str) -> None:
        raise AssertionError("this source looks nothing up")

    def progress(self, what: str, done: int, total: int | None = None) -> None:
        assert total is None or done <= total

    def run(self, source: CvfSource) -> list[Note]:
        """One run; the checkpoint that a pull sees is that of its start."""
        notes: list[Note] = []
        reached = dict(self.checkpoint)
        try:
            for item in source.pull(self):
                if isinstance(item, Note):
                    notes.append(item)
                    continue
                self.store(source, item)
                reached |= item.checkpoint
        finally:
            self.checkpoint = reached
        return notes

    def store(self, source: CvfSource, page: Page) -> None:
        for raw in page.raws:
            for draft in source.to_drafts(raw).drafts:
                if draft.abstract or draft.key not in self.entries:
                    self.entries[draft.key] = draft
            if raw.validator:
                self.http.stored[raw.validator.url] = raw.validator


def read(name: str, stream: str) -> Raw:
    url = f"{SITE}/content_cvpr_2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html"
    return Raw(stream, url, (DATA / "cvf" / name).read_bytes(), "text/html", FETCHED)


def body(name: str) -> bytes:
    return (DATA / "cvf" / name).read_bytes()


BOATS = "/content_cvpr_2017/html/Sato_Paper_Boats_in_CVPR_2017_paper.html"
PLANES = "/content_cvpr_2017/html/Sato_Paper_Planes_CVPR_2017_paper.html"


@pytest.fixture
def site() -> FakeSite:
    return FakeSite(
        {"/CVPR2017": body("CVPR2017_lower_case_root.html"), BOATS: body("detail_CVPR2017.html")}
    )


def test_lists_come_first_then_abstracts_newest_venue_first(site: FakeSite):
    site.pages |= {"/CVPR2024": body("CVPR2024_menu_with_all.html")}
    site.pages |= {"/CVPR2024?day=all": body("CVPR2024_all.html")}
    notes = FakeContext(site).run(make_source("CVPR2017", "CVPR2024"))
    assert notes == []
    assert site.asked == [
        "/CVPR2017",
        "/CVPR2024",
        "/CVPR2024?day=all",
        "/content/CVPR2024/html/Zhang_Origami-Former_1.5_CVPR_2024_paper.html",
        BOATS,
        PLANES,
    ]


def test_nothing_is_asked_again_the_next_day(site: FakeSite):
    ctx = FakeContext(site)
    ctx.run(make_source())
    assert ctx.entries["cvf:CVPR2017/Sato_Paper_Boats_in"].abstract
    site.asked.clear()
    ctx.now += timedelta(days=1)
    ctx.run(make_source())
    assert site.asked == []


def test_list_is_asked_again_after_a_week_and_missing_pages_after_a_month(site: FakeSite):
    ctx = FakeContext(site)
    ctx.run(make_source())
    site.asked.clear()
    ctx.now += timedelta(days=8)
    ctx.run(make_source())
    assert site.asked == ["/CVPR2017"]
    ctx.now += timedelta(days=23)
    ctx.run(make_source())
    assert site.asked == ["/CVPR2017", "/CVPR2017", PLANES]


def test_list_with_an_etag_is_asked_every_time(site: FakeSite):
    site.etag = '"1"'
    ctx = FakeContext(site)
    ctx.run(make_source())
    site.asked.clear()
    ctx.run(make_source())
    assert site.asked == ["/CVPR2017"]


def test_menu_of_days_is_followed_and_resumed(site: FakeSite):
    site.pages = {
        "/CVPR2018": body("CVPR2018_menu_of_days.html"),
        "/CVPR2018.py?day=2018-06-19": body("CVPR2020_day_relative_query.html"),
        "/CVPR2018.py?day=2018-06-20": UnreachableError("no answer"),
    }
    ctx = FakeContext(site)
    with pytest.raises(UnreachableError):
        ctx.run(make_source("CVPR2018"))
    assert len(ctx.entries) == 1
    site.pages["/CVPR2018.py?day=2018-06-20"] = body("CVPR2024_all.html")
    site.asked.clear()
    assert ctx.run(make_source("CVPR2018")) == []
    assert site.asked == ["/CVPR2018", "/CVPR2018.py?day=2018-06-20"]
    assert len(ctx.entries) == 2
    assert ctx.checkpoint["list:CVPR2018"]["menu"]


def test_venue_that_is_not_out_does_not_stop_the_others(site: FakeSite):
    notes = FakeContext(site).run(make_source("CVPR2099", "CVPR2017"))
    assert [note.status for note in notes] == ["not_out_yet"]
    assert "CVPR2099" in notes[0].message
    assert site.asked[:3] == ["/CVPR2099", "/CVPR2099.py", "/CVPR2017"]


@pytest.mark.parametrize("menu", [False, True])
def test_what_comes_out_long_after_its_conference_was_not_public_before(site: FakeSite, menu: bool):
    papers = site.pages["/CVPR2017"]
    pages = {"/CVPR2017": papers}
    if menu:
        days = {f"/CVPR2018.py?day=2018-06-{day}": papers for day in (19, 20)}
        pages = {"/CVPR2018": body("CVPR2018_menu_of_days.html")} | days
    venue = "CVPR2018" if menu else "CVPR2017"
    late = datetime(2018, 8, 1, tzinfo=UTC)
    site.pages = {}
    ctx = FakeContext(site, now=late)
    assert [note.status for note in ctx.run(make_source(venue))] == ["not_out_yet"]
    site.pages, ctx.now = pages, late + timedelta(days=1)
    ctx.run(make_source(venue))
    assert {draft.published for draft in ctx.entries.values()} == {late}


def test_venue_that_is_gone_is_said_to_be(site: FakeSite):
    ctx = FakeContext(site)
    ctx.run(make_source())
    site.pages = {}
    ctx.now += timedelta(days=8)
    assert [note.status for note in ctx.run(make_source())] == ["failed"]


def test_list_of_the_first_years_is_found(site: FakeSite):
    site.pages = {"/CVPR2013.py": body("CVPR2013_relative_py.html")}
    ctx = FakeContext(site)
    ctx.run(make_source("CVPR2013"))
    assert len(ctx.entries) == 2


def test_page_of_another_form_is_noted_and_the_others_go_on(site: FakeSite):
    site.pages["/CVPR2016"] = body("other_page.html")
    notes = FakeContext(site).run(make_source("CVPR2016", "CVPR2017"))
    assert [note.status for note in notes] == ["failed"]
    assert PLANES in site.asked


def test_cut_off_list_is_kept_and_asked_again(site: FakeSite):
    site.pages = {"/CVPR2020": body("CVPR2020_cut_off.html")}
    ctx = FakeContext(site)
    assert [note.status for note in ctx.run(make_source("CVPR2020"))] == ["partial"]
    assert len(ctx.entries) == 1
    ctx.run(make_source("CVPR2020"))
    assert site.asked.count("/CVPR2020") == 2


def test_details_had_before_a_refusal_are_kept(site: FakeSite):
    site.pages[PLANES] = ThrottledError("too many requests")
    ctx = FakeContext(site)
    with pytest.raises(ThrottledError):
        ctx.run(make_source())
    assert ctx.entries["cvf:CVPR2017/Sato_Paper_Boats_in"].abstract


@pytest.mark.parametrize("error", [UnreachableError("no answer"), ChallengedError("reCAPTCHA")])
def test_one_detail_page_in_trouble_is_noted_and_left_for_a_day(site: FakeSite, error: SourceError):
    # such as a paper with a bot wall's words in its title, between pages that are fine
    site.pages["/bad"] = error
    ctx = FakeContext(site, checkpoint={"list:CVPR2017": {"at": "2026-06-30T00:00:00Z"}})
    listed = make_source().to_drafts(read("CVPR2017_lower_case_root.html", "list:X")).drafts[0]
    bad = replace(listed, native_id="CVPR2017/Bad", url=f"{SITE}/bad")
    ctx.entries = {bad.key: bad, listed.key: listed}
    assert [note.status for note in ctx.run(make_source())] == ["partial"]
    assert site.asked == ["/bad", BOATS]
    assert [note.status for note in ctx.run(make_source())] == ["partial"]  # it still lacks one
    assert site.asked == ["/bad", BOATS]
    site.pages["/bad"] = body("detail_CVPR2017.html")
    ctx.now += timedelta(days=1)
    assert ctx.run(make_source()) == []
    assert not ctx.checkpoint["trouble:CVPR2017"]


def test_three_detail_pages_in_trouble_end_the_run(site: FakeSite):
    ctx = FakeContext(site, checkpoint={"list:CVPR2017": {"at": "2026-06-30T00:00:00Z"}})
    listed = make_source().to_drafts(read("CVPR2017_lower_case_root.html", "list:X")).drafts[0]
    for n in range(5):
        draft = replace(listed, native_id=f"CVPR2017/P{n}", url=f"{SITE}/P{n}")
        ctx.entries[draft.key] = draft
        site.pages[f"/P{n}"] = UnreachableError("no answer")
    with pytest.raises(UnreachableError):
        ctx.run(make_source())
    assert site.asked == ["/P0", "/P1", "/P2"]
    assert "missing:CVPR2017" not in ctx.checkpoint
