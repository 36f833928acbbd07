"""The short way to a last name finds what the long one does."""

import pytest

from aggregator.merge import people
from aggregator.parse import text
from tests.drafts import preprint


@pytest.mark.parametrize(
    "name",
    ["Ada Lovelace", "J.-B. Alayrac", "A. Smith Jr", "X. Y. III", "Bob Ph.D", "Bernhard Schoelkopf",
     "Manuel Gomez-Rodriguez", "A.B. Smith", "Madonna", "Li", "a - b", "Smith ."],
)  # fmt: skip
def test_the_short_way_is_the_long_one(name: str) -> None:
    expected = people._spelt(text.name_keys(name.replace("-", " "))[0])
    assert people._last(name) == expected


def test_who_signs_beside_nobody_signs_alone() -> None:
    for nobody in ("Anonymous", "withdrawn."):
        assert people.people_key(preprint(authors=(nobody, "Ada Lovelace"))) is None
        pair = ("Ada Lovelace", "Alan Turing")
        assert people.people_key(preprint(authors=(*pair, nobody))) == people.people_key(
            preprint(authors=pair)
        )
