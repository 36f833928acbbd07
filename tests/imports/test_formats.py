"""Files of papers as the programs that write them do, and what is read from them."""

from datetime import UTC, datetime

import pytest

from aggregator.imports import FORMATS, of_name, recognised
from aggregator.models import Draft
from tests.written import PROJECT

DATA = PROJECT / "tests" / "data" / "imports"
FORM_OF = {
    "snapshot.jsonl": "arxiv-snapshot",
    "cvpr2017.json": "paperlists",
    "library.bib": "bibtex",
}


def read(name: str) -> tuple[list[Draft], list[str]]:
    """(the drafts, why items were left out) of a file."""
    form = of_name(FORM_OF[name])
    assert form
    lines = (DATA / name).read_bytes().splitlines(keepends=True)
    items = list(form.read(name, lines))
    left_out = [item for item in items if isinstance(item, str)]
    return [draft for item in items if not isinstance(item, str) for draft in item], left_out


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.iterdir()))
def test_each_file_is_known_by_itself(name: str) -> None:
    found = recognised(name, (DATA / name).read_bytes()[:65536])
    assert found
    assert found.name == FORM_OF[name]


def test_a_strange_file_is_not_recognised() -> None:
    assert recognised("x.bin", b"\x00\x01\x02") is None
    assert recognised("x.html", b"<html>") is None


def test_the_snapshot_of_arxiv() -> None:
    (first, old, chinese), left_out = read("snapshot.jsonl")
    assert first.key == "arxiv:0704.0001v2"
    assert first.title == "Calculation of prompt widgets at massive scale"
    assert first.authors == ("Ada Writer", "B. Müller", "C. -P. Yuan Jr.")
    assert first.abstract == "A fully differential calculation in widget theory is presented."
    # Submitted on Monday 15:18 New York, after the cut-off: announced on Tuesday at 20:00.
    assert first.first_public == datetime(2007, 4, 4, 0, tzinfo=UTC)
    assert first.published == datetime(2007, 7, 26, 0, tzinfo=UTC)
    assert first.identifiers == {"arxiv": "0704.0001", "doi": "10.1103/widgetrevd.76.013009"}
    assert [v["version"] for v in first.extra["versions"]] == [1, 2]
    assert old.key == "arxiv:hep-ex/0307015v1"
    assert old.authors == ("H1 Collaboration",)
    assert chinese.title.startswith("扩散模型")
    assert chinese.authors == ("L. Wang",)
    assert chinese.extra["dois"] == ["10.1000/2"]
    assert [reason.partition(":")[0] for reason in left_out[:3]] == [
        "1711.99999", "nothing", "1711.00001",
    ]  # fmt: skip
    assert "no JSON" in left_out[3]
    assert len(left_out) == 4


def test_lists_of_accepted_papers() -> None:
    (first, second), left_out = read("cvpr2017.json")
    assert first.identifiers == {
        "arxiv": "1612.00496",
        "cvf": "CVPR2017/Writer_3D_Widget_Estimation",
    }
    assert first.authors == ("Ada Writer", "Jana Košecká")
    assert (first.extra["venue"], first.extra["presentation"]) == ("CVPR 2017", "poster")
    assert not first.dated
    assert second.title == "Widgets “In-The-Wild”"
    assert second.authors == ("James Booth", "Yannis Panagakis")
    assert second.extra["keywords"] == ["widgets", "3D"]
    assert left_out == [
        "Declined widgets: not accepted",
        "an item without a title",
        "no JSON object",
    ]


@pytest.mark.parametrize(
    ("name", "venue"),
    [
        ("nips2016.json", "NIPS 2016"),
        ("3dv2025.json.gz", "3DV 2025"),
        ("iclr_2024.json", "ICLR 2024"),
    ],
)
def test_the_name_of_a_list_tells_its_venue(name: str, venue: str) -> None:
    form = of_name("paperlists")
    assert form
    (item,) = form.read(name, [b'[{"title": "A widget", "status": "Accept"}]'])
    assert isinstance(item, tuple)
    assert item[0].extra["venue"] == venue


def test_a_bibliography() -> None:
    (first, second), left_out = read("library.bib")
    assert first.title == "Deep Residual Widgets for Image Recognition"
    assert first.authors == ("Ada Writer", "Björn Müller", "Laurens van der Maaten")
    assert first.identifiers == {"doi": "10.1109/widget.2017.90"}
    assert first.published == datetime(2017, 6, 1, tzinfo=UTC)
    assert first.extra["venue"] == "Proceedings of the Widget Conference"
    assert second.identifiers == {"arxiv": "1706.03762"}
    assert any("no year" in reason for reason in left_out)
    assert any("no BibTeX" in reason for reason in left_out)


def test_names_are_told_apart() -> None:
    assert len({form.name for form in FORMATS}) == len(FORMATS)
    assert of_name("none") is None
