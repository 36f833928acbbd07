"""Names in parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.cite.names import Name, split


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Kaiming He", Name("He", "Kaiming")),
        ("He, Kaiming", Name("He", "Kaiming")),
        ("Jean-Baptiste  Alayrac", Name("Alayrac", "Jean-Baptiste")),
        ("Aaron van den Oord", Name("Oord", "Aaron", "van den")),
        ("van den Oord, Aaron", Name("Oord", "Aaron", "van den")),
        ("Luc Van Gool", Name("Van Gool", "Luc")),
        ("Toan Van Nguyen", Name("Nguyen", "Toan Van")),
        ("Di Wu", Name("Wu", "Di")),
        ("José Ortega y Gasset", Name("Ortega y Gasset", "José")),
        ("Charles de La Vallée Poussin", Name("La Vallée Poussin", "Charles", "de")),
        ("Adam Smith, Jr.", Name("Smith", "Adam", suffix="Jr.")),
        ("Adam Smith III", Name("Smith", "Adam", suffix="III")),
        ("Smith, Jr., Adam", Name("Smith", "Adam", suffix="Jr.")),
        ("何恺明", Name("何", "恺明")),
        ("欧阳修", Name("欧阳", "修")),
        ("欧阳 修", Name("欧阳", "修")),
        ("司马相如", Name("司马", "相如")),
        ("김민수", Name("김", "민수")),
        ("山田 太郎", Name("山田", "太郎")),
        ("山田太郎", Name(literal="山田太郎")),
        ("约书亚·本吉奥", Name(literal="约书亚·本吉奥")),
        ("ATLAS Collaboration", Name(literal="ATLAS Collaboration")),
        ("Gemini Team, Google", Name(literal="Gemini Team, Google")),
        ("百度研究团队", Name(literal="百度研究团队")),
        ("OpenAI", Name(literal="OpenAI")),
        ("u/reader", Name(literal="u/reader")),
        ("", Name()),
        (", ,", Name(literal=", ,")),
        ("Smith,", Name(literal="Smith,")),
        ("A, B, C, D", Name(literal="A, B, C, D")),
    ],
)
def test_names(written: str, name: Name) -> None:
    assert split(written) == name


@pytest.mark.parametrize(
    ("written", "natural", "inverted"),
    [
        ("Oord, Aaron van den", "Aaron van den Oord", "Oord, Aaron van den"),
        ("van den Oord, Aaron", "Aaron van den Oord", "van den Oord, Aaron"),
        ("Adam Smith, Jr.", "Adam Smith Jr.", "Smith, Adam, Jr."),
        ("何恺明", "何恺明", "何, 恺明"),
        ("김민수", "김민수", "김, 민수"),
        ("CMS Collaboration", "CMS Collaboration", "CMS Collaboration"),
    ],
)
def test_written_again(written: str, natural: str, inverted: str) -> None:
    assert (split(written).natural, split(written).inverted) == (natural, inverted)


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from(["van", "de", "y", "A,", "Jr.", "何", ",", "Bo"])).map(" ".join)
)
def test_no_letter_is_lost(written: str) -> None:
    name = split(written)
    kept = "".join((name.given, name.particle, name.family, name.suffix, name.literal))
    assert sorted(filter(str.isalpha, kept)) == sorted(filter(str.isalpha, written))
    assert bool(name.literal) != bool(name.family) or not written.split()
