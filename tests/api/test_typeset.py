"""Formulas become MathML on the server; nothing that stands in one becomes markup of another kind."""

import time

import pytest

from api.web.typeset import typeset


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Rate $O(\\sqrt{n})$.", "<msqrt>"),
        ("\\(\\ell_{2,1}\\)-norm", "<msub>"),
        ("$$\\frac{1}{n}$$", '<math display="block"'),
    ],
)
def test_formulas_are_typeset(text: str, said: str) -> None:
    assert said in typeset(text)
    assert "$" not in typeset(text)


@pytest.mark.parametrize("text", ["from $5 to $10", "a & b < c", "$\\frac{1", "50% of \\emph{x}"])
def test_what_is_no_formula_stays(text: str) -> None:
    assert typeset(text).unescape() == text


@pytest.mark.parametrize(
    "text",
    [
        "$\\text{<b onclick=x>}$",
        "$\\text{<script>alert(1)</script>}_2$",
        "$\\href{javascript:alert(1)}{x_1}$",
        '$\\style{background:url("//evil.example")}{x_1}$',
        "$\\class{a\" onclick=\"x}{x_1}$",
        "$\\color{\"><script>}x_1$",
        "<img src=x onerror=alert(1)> $x_1$",
    ],
)  # fmt: skip
def test_nothing_but_mathematics_comes_out(text: str) -> None:
    made = typeset(text)
    for bad in ("<b", "<script", "<img", "href=", "style=", "class=", "onclick=x>"):
        assert bad not in made.replace("&#34;", "")
    assert 'onclick="' not in made


def test_bombs_are_cut_short() -> None:
    begun = time.perf_counter()
    for text in (
        "$" + "\\frac{1}{" * 90 + "}" * 90 + "$",
        "$x" + "{" * 190 + "}" * 190 + "$",
        "$\\def\\a{\\a\\a}\\a_1$",
        "$x_1$ " * 40_000,
        "$" * 100_000,
        "\\(" * 60_000,
        "$x^{a}" * 30_000,
    ):
        typeset(text)
    assert time.perf_counter() - begun < 5
