"""One rendering for many readers: everything but the links is shared, and the links never are."""

from dataclasses import fields, replace

from aggregator.deliver.base import Letter, Links
from aggregator.deliver.rendering import Renderer, _key
from aggregator.digest.letter import Rendered, render_letter
from aggregator.digest.pages import Page
from tests.deliver.conftest import letter

OWN = {"key", "target", "links"}
"""Fields in which letters of one rendering differ."""


def reader(name: str, one: Letter) -> Letter:
    base = one.links.base_url
    papers = [i.paper["id"] for s in one.digest.sections for i in s.items]
    links = Links(
        base,
        unsubscribe=f"{base}/unsubscribe/{name}-token-of-some-length",
        preferences=f"{base}/preferences/{name}-token-of-some-length",
        feedback={paper: f"{base}/feedback/{name}-{paper}-token" for paper in papers},
    )
    return replace(one, target=f"{name}@example.org", key=name, links=links)


def test_every_field_of_a_letter_is_shared_or_a_reader_s_own() -> None:
    """A field that is new must go into the key of what is shared, or be filled in for each reader."""
    one = letter()
    assert {f.name for f in fields(Letter)} - OWN == {
        "lang", "at", "digest", "watches", "sources", "late_since", "paused_since", "paused_until",
        "withdrawn", "test", "pages",
    }  # fmt: skip
    assert _key(reader("ada", one)) == _key(reader("eve", one))
    for change in (
        {"lang": "zh"}, {"watches": ("other",)}, {"test": True}, {"late_since": one.at},
        {"paused_since": one.at}, {"paused_until": one.at}, {"withdrawn": ({"id": "x"},)},
        {"sources": ({"name": "x"},)}, {"digest": replace(one.digest)},
        {"pages": {"gan": Page(0.9)}},
    ):  # fmt: skip
        assert _key(replace(one, **change)) != _key(one)  # type: ignore[arg-type]


def test_readers_get_the_same_text_with_their_own_links() -> None:
    one = letter()
    renders = 0

    def render(given: Letter) -> Rendered:
        nonlocal renders
        renders += 1
        return render_letter(given)

    shared = Renderer(render)
    for name in ("ada", "eve", "kim"):
        mine = reader(name, one)
        made, alone = shared(mine), render_letter(mine)
        assert made == alone
    assert renders == 1


def test_without_links_nothing_is_filled_in() -> None:
    one = replace(letter(), links=Links("https://papers.example.org"))
    assert Renderer()(one) == render_letter(one)
