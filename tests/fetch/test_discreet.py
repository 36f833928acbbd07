"""Paths that a person gave, where a key may stand, are in no message; what sources put behind them is."""

import pytest

from aggregator.errors import RefusedError
from aggregator.fetch.answers import discreet

GIVEN = ("https://x.example/feed/KEY/rss", "https://y.example/KEY/oai/", "https://z.example")


@pytest.mark.parametrize(
    ("url", "path", "said"),
    [
        ("https://x.example/feed/KEY/rss", "/feed/KEY/rss", "/feed/…"),
        ("https://x.example/feed/KEY/rss?key=1", "/feed/KEY/rss", "/feed/…"),
        ("https://x.example/feed/KEY/moved", "/feed/KEY/moved", "/feed/…"),
        ("https://y.example/KEY/oai/a/b", "/KEY/oai/a/b", "/…/a/b"),
        ("https://z.example/content/CVPR2018", "/content/CVPR2018", "/content/CVPR2018"),
        ("https://z.example/", "/", "/"),
        ("https://z.example", "", ""),
        ("https://elsewhere.example/KEY", "/KEY", "/…"),
        ("https://[broken/KEY", "/KEY", "/…"),
    ],
)
def test_a_path_that_was_given_is_masked(url: str, path: str, said: str) -> None:
    found = discreet(RefusedError(f"A host answered 404 for {path}.", url=url), GIVEN)
    assert str(found) == f"A host answered 404 for {said}."
