"""The digest of an entry tells whether it changed: not the order in which a database gives its fields."""

from dataclasses import replace
from typing import Any

import pytest

from aggregator.merge.entries import digest
from aggregator.models import Entry
from tests.conftest import NOW
from tests.drafts import preprint

EXTRA: dict[str, Any] = {
    "versions": [{"version": 1, "date": "2017-11-12"}, {"version": 2, "date": "2017-11-13"}],
    "categories": ["cs.CV", "stat.ML"],
    "comments": "扩散 “kites” \\ \x1f",
}


def of(extra: dict[str, Any]) -> str:
    draft = replace(preprint("1711.00001"), extra=extra)
    return digest(Entry(draft, ("arxiv",), NOW))


def test_the_order_of_fields_does_not_matter() -> None:
    turned = dict(reversed(EXTRA.items()))
    turned["versions"] = [dict(reversed(one.items())) for one in EXTRA["versions"]]
    assert list(turned) != list(EXTRA)
    assert of(turned) == of(EXTRA)


def test_the_order_of_values_does() -> None:
    assert of(EXTRA | {"categories": ["stat.ML", "cs.CV"]}) != of(EXTRA)


def test_it_is_that_of_stores_made_before() -> None:
    """Else every entry would count as changed once."""
    assert of(EXTRA) == "52212a9af8a7635f7d7a8729feee3059"


def test_half_a_character_has_none() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        of({"comments": "half \ud800"})
