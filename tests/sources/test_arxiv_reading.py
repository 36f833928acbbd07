"""What arXiv's three services answer, and what must come out: recorded answers, no network."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aggregator.errors import BrokenError, ChallengedError
from aggregator.models import Draft
from aggregator.sources.arxiv import announcement, lookup, records
from aggregator.sources.arxiv.withdrawal import is_notice
from aggregator.sources.base import Answer, Validator

DATA = Path(__file__).parents[1] / "data" / "arxiv"
NOW = datetime(2017, 11, 14, 12, tzinfo=UTC)


def body(name: str) -> bytes:
    return (DATA / name).read_bytes()


def by_id(drafts: tuple[Draft, ...] | list[Draft]) -> dict[str, Draft]:
    return {draft.native_id: draft for draft in drafts}


def harvest(*, regular: bool = False, now: datetime = NOW) -> dict[str, Draft]:
    names = records.names(records.read_page(body("oai_names.xml"), "here"))
    return by_id(records.to_drafts(body("oai_raw.xml"), "here", names, now, regular=regular).drafts)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_record_is_read_whole() -> None:
    draft = harvest()["1711.04001"]
    assert draft.key == "arxiv:1711.04001v1"
    assert draft.title == "A β-Widget for very deep gadgets"
    assert draft.abstract == "We propose a widget. It reaches O(n log n) on gadgets & gizmos."
    assert draft.authors == ("Ada Lovelace", "André Turing", "Xiaoming van der Li Jr")
    assert draft.identifiers == {"arxiv": "1711.04001", "doi": "10.1000/widgets.1"}
    assert draft.extra["dois"] == ["10.1000/widgets.2"]
    assert draft.extra["categories"] == ["cs.CV", "cs.LG"]
    assert draft.extra["comments"] == "8 pages; code at https://github.com/example/widgets."
    assert draft.extra["journal_ref"] == "J. Widgets 1 (2017) 1-8"
    # Submitted on Sunday evening in New York: announced on Monday at 20:00.
    assert draft.published == draft.first_public == utc("2017-11-14T01:00:00")
    assert draft.fidelity == 1


def test_names_are_split_where_the_other_format_has_none() -> None:
    drafts = records.to_drafts(body("oai_raw.xml"), "here", {}, NOW, regular=False).drafts
    assert by_id(drafts)["1711.04001"].authors == ("Ada Lovelace", "André Turing", "Li Xiaoming")


def test_what_the_service_made_of_names_is_undone() -> None:
    names = records.names(records.read_page(body("oai_names_odd.xml"), "here"))
    told = ["Widget Collaboration", "Jiří Novotšek", "Ada Example", "François Lima"]
    assert names == {"1711.04002": told}


def test_the_latest_version_counts_and_the_first_says_since_when() -> None:
    draft = harvest()["1612.00002"]
    assert draft.version == 3
    assert draft.published == utc("2017-11-14T01:00:00")
    assert draft.first_public == utc("2016-12-02T01:00:00")
    assert [v["version"] for v in draft.extra["versions"]] == [1, 2, 3]


def test_old_identifiers_keep_their_archive() -> None:
    assert harvest()["math/0309136"].url == "https://arxiv.org/abs/math/0309136v1"


@pytest.mark.parametrize(
    ("native", "regular", "public"),
    [
        ("1711.00500", True, "2017-11-14T01:00:00"),  # unseen until now: it was on hold
        ("1711.00500", False, "2017-11-02T00:00:00"),  # a back-fill cannot tell
        ("math/0309136", True, "2003-09-09T00:00:00"),  # years later: a corrected record
    ],
)
def test_a_paper_on_hold_is_dated_by_its_listing(native: str, regular: bool, public: str) -> None:
    assert harvest(regular=regular)[native].published == utc(public)


@pytest.mark.parametrize(
    ("stamp", "public"),
    [("2017-11-30", "2017-11-30T01:00:00"), ("2017-12-08", "2017-11-02T00:00:00")],
)
def test_what_was_changed_after_the_month_of_its_id_was_announced_before(
    stamp: str, public: str
) -> None:
    """As a harvest meets it after weeks without one."""
    sent = body("oai_raw.xml").replace(b"<datestamp>2017-11-14", f"<datestamp>{stamp}".encode())
    parsed = records.to_drafts(sent, "here", {}, utc("2017-12-10T12:00:00"), regular=True)
    assert by_id(parsed.drafts)["1711.00500"].published == utc(public)


def held(now: datetime, *, regular: bool) -> Draft:
    """A paper that was submitted in August and has an id of November."""
    sent = body("oai_raw.xml").replace(b"Wed, 01 Nov 2017", b"Thu, 31 Aug 2017")
    parsed = records.to_drafts(sent, "here", {}, now, regular=regular)
    return by_id(parsed.drafts)["1711.00500"]


def test_a_paper_that_was_on_hold_for_months_is_of_the_month_of_its_id() -> None:
    assert held(NOW, regular=True).first_public == utc("2017-11-14T01:00:00")
    assert held(NOW, regular=False).first_public == utc("2017-11-02T00:00:00")


def test_the_api_dates_what_was_on_hold_by_its_id_too() -> None:
    http = Recorded("api_two.xml")
    http.body = http.body.replace(b"2017-11-06T02", b"2017-08-31T02")
    (draft,) = lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)
    assert (draft.first_public, draft.published) == (
        utc("2017-11-02T00:00:00"),
        utc("2017-11-14T01:00:00"),
    )


def test_withdrawn_and_deleted_papers() -> None:
    assert harvest()["1709.01111"].extra["withdrawn"] is True
    assert harvest()["1711.04001"].extra["withdrawn"] is False
    parsed = records.to_drafts(body("oai_raw.xml"), "here", {}, NOW, regular=False)
    assert parsed.gone == (("arxiv", "1710.02222"),)


@pytest.mark.parametrize(
    ("comments", "abstract", "withdrawn"),
    [
        ("This paper has been withdrawn by the author due to an error in Lemma 2", "", True),
        ("The paper has been withdrawn due to conceptual errors", "", True),
        ("This paper is withdrawn because of its lack of novelty", "", True),
        ("Paper withdrawn due to company policy", "", True),
        ("withdrawn", "", True),
        (
            "This submission has been withdrawn by arXiv administrators due to reuse of text",
            "",
            True,
        ),
        ("arXiv admin note: This paper has been withdrawn due to a dispute", "", True),
        ("This version withdrawn by arXiv administrators", "", True),
        ("The manuscript was withdrawn from arXiv", "", True),
        ("", "This paper has been withdrawn by the authors.", True),
        ("This paper was withdrawn from ICLR 2018", "", False),
        ("a note revised from a withdrawn one", "", False),
        ("8 pages, one figure was withdrawn", "", False),
        ("", "Withdrawn troops leave traces.", False),
        ("", "This paper studies why papers are withdrawn.", False),
    ],
)
def test_a_notice_of_withdrawal_is_known_by_its_words(
    comments: str, abstract: str, withdrawn: bool
) -> None:
    assert is_notice(comments, abstract) is withdrawn


def test_arxiv_marks_a_version_that_is_withdrawn_whatever_its_comments_say() -> None:
    def second(sent: bytes, now: datetime = NOW) -> Draft:
        return records.to_drafts(sent, "here", {}, now, regular=False).drafts[0]

    sent = body("oai_2016_export.xml")
    assert second(sent).extra["withdrawn"] is True
    assert second(sent, utc("2016-10-20T12:00:00")).extra["withdrawn"] is False  # of the first
    assert second(sent.replace(b">I<", b">D<")).extra["withdrawn"] is False


def test_broken_records_are_counted_and_the_rest_kept() -> None:
    parsed = records.to_drafts(body("oai_raw.xml"), "here", {}, NOW, regular=False)
    assert parsed.declared == 8
    assert [reason.split(":")[0] for reason in parsed.skipped] == ["1711.04999", "1711.04998"]
    assert len(parsed.drafts) == 5


def test_a_replay_sees_nothing_announced_later() -> None:
    drafts = harvest(now=utc("2017-11-13T12:00:00"))
    assert "1711.04001" not in drafts
    assert drafts["1612.00002"].version == 2


def test_pages_tell_tokens_and_errors() -> None:
    page = records.read_page(body("oai_raw.xml"), "here")
    assert (page.token, page.error, page.response_date) == ("", "", NOW)
    assert records.read_page(body("oai_names.xml"), "here").token == "next-names"
    assert records.read_page(body("oai_2016_export.xml"), "here").token == "1234|1001"
    assert records.read_page(body("oai_none.xml"), "here").error == "noRecordsMatch"
    assert records.read_page(body("oai_bad_token.xml"), "here").error == "badResumptionToken"


def test_the_old_layout_is_read_too() -> None:
    (draft,) = records.to_drafts(body("oai_2016_export.xml"), "here", {}, NOW, regular=False).drafts
    assert (draft.title, draft.version) == ("A Model of Travelling Widgets", 2)
    assert draft.abstract == "Pretty-printed as it used to be."


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"<html><body>Service unavailable</body></html>",
        body("oai_raw.xml")[:900],
        b'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "b">]><r>&a;</r>',
        b'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><Identify/></OAI-PMH>',
    ],
)
def test_other_answers_are_refused_as_a_whole(sent: bytes) -> None:
    with pytest.raises(BrokenError):
        records.to_drafts(sent, "here", {}, NOW, regular=False)
    with pytest.raises(BrokenError):
        announcement.read(sent, "here")


def test_a_bot_wall_is_told_apart() -> None:
    wall = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head></html>"
    with pytest.raises(ChallengedError):
        announcement.read(wall, "here")


def test_an_announcement_is_read() -> None:
    feed = announcement.read(body("rss_day.xml"), "here")
    assert str(feed.listing) == "2017-11-14"
    assert feed.new_ids == {"1711.04001", "1705.01234"}
    parsed = announcement.to_drafts(body("rss_day.xml"), "here")
    new, cross, replaced = parsed.drafts
    assert (len(parsed.skipped), parsed.declared) == (1, 4)
    assert new.authors == ("Ada Lovelace", "André Turing")
    assert new.abstract == "We say something about A widget."
    assert (new.published, new.first_public, new.dated) == (utc("2017-11-14T01:00:00"),) * 2 + (
        True,
    )
    assert (cross.dated, cross.first_public) == (False, utc("2017-06-02T00:00:00"))
    assert (replaced.version, replaced.dated, replaced.year) == (3, True, 2016)
    # Of 1612.00002 the feed does not tell when it came out, but after December it was not.
    assert replaced.first_public == utc("2017-01-03T01:00:00")
    assert replaced.identifiers["doi"] == "10.1000/revised"
    assert all(draft.fidelity == 0 for draft in parsed.drafts)


def test_of_this_month_a_feed_does_not_tell_since_when_a_paper_is_public() -> None:
    sent = body("rss_day.xml").replace(b"1705.01234", b"1711.01234")
    cross = announcement.to_drafts(sent, "here").drafts[1]
    assert (cross.native_id, cross.first_public) == ("1711.01234", None)


def test_an_empty_announcement_and_an_error_feed() -> None:
    feed = announcement.read(body("rss_empty.xml"), "here")
    assert (feed.new_ids, feed.digest) == (frozenset(), "")
    with pytest.raises(BrokenError, match="Bad subject class"):
        announcement.read(body("rss_error.xml"), "here")


class Recorded:
    """Answers every request with one recorded body."""

    def __init__(self, name: str) -> None:
        self.body, self.urls = body(name), list[str]()

    def get(self, url: str, **_: object) -> Answer:
        self.urls.append(url)
        return Answer(url, self.body, "", {}, False, Validator(url, None, None, ""))

    def post(self, url: str, **_: object) -> Answer:
        raise AssertionError("nothing is posted")

    def post_json(self, url: str, document: object, **_: object) -> Answer:
        raise AssertionError("nothing is posted")


def test_look_ups_go_through_our_client() -> None:
    http = Recorded("api_two.xml")
    (draft,) = lookup.by_ids(http, "http://here/api", ["1711.04001", "1111.99999"], NOW)
    assert (draft.key, draft.title) == ("arxiv:1711.04001v2", "A widget, looked up")
    assert draft.first_public == utc("2017-11-07T01:00:00")
    assert draft.published == utc("2017-11-14T01:00:00")
    assert len(http.urls) == 1
    assert "id_list=1711.04001%2C1111.99999" in http.urls[0]


def test_the_api_tells_of_a_withdrawal_too() -> None:
    http = Recorded("api_two.xml")
    (draft,) = lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)
    assert "withdrawn" not in draft.extra
    http.body = http.body.replace(b"9 pages", b"This paper is withdrawn, 9 pages")
    (draft,) = lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)
    assert draft.extra["withdrawn"] is True


def test_a_search_names_category_and_window() -> None:
    http = Recorded("api_two.xml")
    lookup.submitted(http, "http://here/api", "cs.CV", NOW - timedelta(days=7), NOW)
    assert "cat%3Acs.CV+AND+submittedDate%3A%5B201711071200+TO+201711141200%5D" in http.urls[0]


@pytest.mark.parametrize("sent", [b"<html>down</html>", b"", body("api_two.xml")[:800]])
def test_other_answers_of_the_api_are_refused(sent: bytes) -> None:
    http = Recorded("api_two.xml")
    http.body = sent
    with pytest.raises(BrokenError):
        lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)


def test_a_date_that_is_none_is_refused() -> None:
    http = Recorded("api_two.xml")
    http.body = body("api_two.xml").replace(b"2017-11-13T09", b"0000-11-13T09")
    with pytest.raises(BrokenError):
        lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)


def test_a_page_without_the_results_that_it_declares_is_refused() -> None:
    http = Recorded("api_two.xml")
    head, _, _ = body("api_two.xml").partition(b"<entry>")
    http.body = head + b"</feed>"
    with pytest.raises(BrokenError, match="showed none of the 1 results that it says it has"):
        lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW)
    http.body = http.body.replace(b"totalResults>1<", b"totalResults>0<")
    assert lookup.by_ids(http, "http://here/api", ["1711.04001"], NOW) == []


def test_broken_xml_is_told_in_one_sentence() -> None:
    with pytest.raises(BrokenError) as told:
        records.read_page(b"<OAI-PMH><a>", "here")
    assert re.fullmatch(r"here sent XML that cannot be read \([^()]+\)\.", str(told.value))
    refusal = body("oai_bad_token.xml").replace(b"</error>", b"\n   at all</error>")
    assert records.read_page(refusal, "here").error_text.endswith(" at all")


def test_arxivs_error_entry_is_no_paper() -> None:
    assert lookup.by_ids(Recorded("api_error.xml"), "http://here/api", ["abc"], NOW) == []
