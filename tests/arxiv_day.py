"""What arXiv's services answer on a day in November 2017, for tests that collect from it."""

from pathlib import Path

from tests.server import Asked, Reply

DATA = Path(__file__).parent / "data" / "arxiv"
XML = {"Content-Type": "text/xml"}


def body(name: str) -> bytes:
    return (DATA / name).read_bytes()


def good_feed(day: int = 14) -> bytes:
    """The feed of a day, without its broken item and with nothing that OAI-PMH does not have."""
    feed = body("rss_day.xml").replace(b"1705.01234", b"1711.04001")
    head, _, tail = feed.partition(b"    <item>\n      <title>No identifier")
    whole = head + tail.partition(b"</item>\n")[2]
    return whole.replace(b"14 Nov", f"{day} Nov".encode())


def good_oai() -> bytes:
    """The page of records without its broken ones."""
    page = body("oai_raw.xml").replace(b"no date at all", b"Mon, 13 Nov 2017 09:00:00 GMT")
    return page.replace(b"<title> </title>", b"<title>A title</title>")


def oai(asked: Asked) -> Reply:
    """Both formats in one page each; the names have a second page."""
    token = asked.query.get("resumptionToken", "")
    if token == "next-names":
        return Reply(body("oai_none.xml"), headers=XML)
    name = {"arXivRaw": "oai_raw.xml", "arXiv": "oai_names.xml"}[asked.query["metadataPrefix"]]
    return Reply(body(name), headers=XML)
