"""Text with formulas between dollars -> HTML with MathML, made on the server: no script is needed.

latex2mathml reads the TeX. What it makes is never trusted: it copies text and attributes from the
formula, so its elements are made anew from lists of what MathML may hold here. What is too long, too
deep or not understood stays as the text it was.
"""

import html
import re
from functools import lru_cache
from xml.etree.ElementTree import Element

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

from aggregator.parse.tex import is_formula

MOST_TEXT = 40_000
"""Characters that are looked at for formulas; real abstracts have 2,000."""
MOST_FORMULA, MOST_FORMULAS, MOST_DEPTH, MOST_ELEMENTS = 400, 80, 25, 400

_FORMULA = re.compile(
    r"(?<![\\$])\$\$([^$]{1,400})\$\$(?!\$)"
    r"|(?<![\\$])\$(?!\$)([^$]{1,400}?)(?<!\\)\$(?![\d$])"
    r"|\\\(([^$]{1,400}?)\\\)|\\\[([^$]{1,400}?)\\\]"
)
_MACROS = re.compile(
    r"\\(?:def|let|newcommand|renewcommand|newenvironment|DeclareMathOperator|input)"
)
_ELEMENTS = frozenset({
    "math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup",
    "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle", "mpadded",
    "mphantom", "menclose",
})  # fmt: skip
_ATTRIBUTES = frozenset({
    "stretchy", "mathvariant", "accent", "accentunder", "displaystyle", "scriptlevel", "fence", "form",
    "linethickness", "movablelimits", "separator", "lspace", "rspace", "width", "columnalign",
    "notation", "minsize", "maxsize",
})  # fmt: skip
_VALUE = re.compile(r"[\w .%+-]{0,40}")


class _TooMuch(Exception):
    """More elements, or deeper, than anybody reads."""


@lru_cache(maxsize=4_096)
def typeset(text: str) -> Markup:
    """The text, escaped, its formulas as MathML. Never raises."""
    if "$" not in text and "\\" not in text:
        return escape(text)
    done: list[str] = []
    end = 0
    for match in list(_FORMULA.finditer(text[:MOST_TEXT]))[:MOST_FORMULAS]:
        made = _mathml(next(filter(None, match.groups()), ""), match[0].startswith(("$$", "\\[")))
        if made:
            done += [str(escape(text[end : match.start()])), made]
            end = match.end()
    return Markup("".join([*done, str(escape(text[end:]))]))


def _mathml(tex: str, block: bool) -> str:
    """The formula as MathML, "" if it had better stay text."""
    if not is_formula(tex) or _MACROS.search(tex) or tex.count("{") > MOST_FORMULA // 4:
        return ""
    try:
        parts = convert_to_element(tex, display="block" if block else "inline")
        inside = "".join(_made(child, [0], 0) for child in parts)
    except Exception:  # a reader of TeX has many ways to stumble; the text is shown then
        return ""
    said = escape(tex.strip())
    shown = ' display="block"' if block else ""
    return f'<math{shown} alttext="{said}">{inside}</math>'


def _made(element: Element, count: list[int], depth: int) -> str:
    """The element with what it holds, as far as it is allowed here."""
    count[0] += 1
    if count[0] > MOST_ELEMENTS or depth > MOST_DEPTH:
        raise _TooMuch
    inside = _text(element.text)
    for child in element:
        inside += _made(child, count, depth + 1) + _text(child.tail)
    name = element.tag if element.tag in _ELEMENTS else "mrow"
    given = "".join(
        f' {key}="{value}"'
        for key, value in element.attrib.items()
        if key in _ATTRIBUTES and _VALUE.fullmatch(value)
    )
    return f"<{name}{given}>{inside}</{name}>"


def _text(text: str | None) -> str:
    """latex2mathml writes signs as entities."""
    return str(escape(html.unescape(text))) if text else ""
