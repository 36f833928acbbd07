"""Texts with the publishers' markup (JATS, MathML, and the HTML that slips in) made readable (pure)."""

import re

from selectolax.lexbor import LexborHTMLParser

from aggregator.parse.text import clean_html, plain, shortened, storable

MOST_TEXT = 20_000
"""Characters that are kept of a text; the longest abstracts have 5,000."""
_MOST_MARKUP = 10 * MOST_TEXT
"""Characters of markup that are looked at: formulas come with a whole LaTeX document each."""
_PREFIX = re.compile(r"(</?)(?:jats|mml|m):(?=[a-z])", re.IGNORECASE)
_TITLE = re.compile(r"(</?)title(?=[\s/>])", re.IGNORECASE)  # means the page's own title in HTML
_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|$)", re.DOTALL)
_TAG = re.compile(r"</?[a-z][\w:-]*(?:\s[^<>]{0,500})?/?>", re.IGNORECASE)
_NAMES_ITSELF = ("abstract", "summary", "摘要", "")


def readable(markup: str) -> str:
    """One line of text: formulas as their TeX has them, headings before a colon, the heading
    "Abstract" left out. Never raises."""
    named = _TITLE.sub(r"\1h4", _PREFIX.sub(r"\1", storable(markup[:_MOST_MARKUP])))
    tree = LexborHTMLParser(named)
    for node in tree.css("alternatives"):
        if node.css_first("tex-math"):
            for other in node.css("math, graphic, inline-graphic"):
                other.decompose()
    for node in tree.css("tex-math"):
        node.replace_with(_formula(node.text()))
    for node in tree.css("h4"):
        heading = node.text().strip().rstrip(".:")
        node.replace_with("" if heading.lower() in _NAMES_ITSELF else f" {heading}: ")
    blocks = clean_html(tree.html or "").splitlines()
    return shortened(plain(" ".join(filter(None, map(plain, blocks)))), MOST_TEXT)


def title(markup: str) -> str:
    """A title in one line; what looks like markup and is none ("p < 0.05") stays."""
    text = plain(markup[:MOST_TEXT])
    return readable(text) if _TAG.search(text) else text


def _formula(tex: str) -> str:
    """ "\\documentclass … \\begin{document}$$x$$\\end{document}" -> " $x$ "."""
    inner = _DOCUMENT.search(tex)
    body = (inner[1] if inner else tex).strip().strip("$").strip()
    return f"${body}$" if body else ""
