"""Title or abstract as published -> lower-case word tokens, English and Chinese alike."""

import html
import re
import unicodedata
from collections.abc import Sequence

_TAG = re.compile(r"</?[A-Za-z][^<>]{0,200}>")
_LINK = re.compile(r"(?:https?://|www\.)\S+")
_MATH = re.compile(
    r"\$\$[^$]{0,2000}\$\$|\$[^$]{1,500}\$|\\\(.{0,500}?\\\)|\\\[.{0,2000}?\\\]", re.S
)
_ACCENT = re.compile(r"\\[\"'`^~=.](?=[{A-Za-z])|\\[uvHcdbkr](?=\{[A-Za-z]\})")
_COMMAND = re.compile(r"\\[A-Za-z]+\*?|\\.")
_MARKS = re.compile(r"[\u0300-\u036f]")
_SYMBOLS = re.compile(r"[\W_]+")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]+")

_ASCII = str.maketrans(
    {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
)
"""ASCII in one pass: letters lowered, digits kept, the rest blank."""


def tokens(text: str) -> list[str]:
    """Text, with markup or without -> its words in order, each of small letters and digits.

    Accents are taken off, Chinese is cut into words, links, formulas and LaTeX commands drop out.
    """
    text = strip_markup(text)
    if not text.isascii():
        text = _fold(text)
    return text.translate(_ASCII).split()


def words_of(papers: Sequence[tuple[str, str]]) -> list[list[str]]:
    """(title, abstract) pairs -> the words of each text, title and abstract by turns."""
    return [tokens(text) for paper in papers for text in paper]


def strip_markup(text: str) -> str:
    """Drop HTML tags, links, formulas and LaTeX commands; the words inside commands stay."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "http" in text or "www." in text:
        text = _LINK.sub(" ", text)
    if "$" in text or "\\" in text:
        text = _COMMAND.sub(" ", _ACCENT.sub("", _MATH.sub(" ", text)))
        # Braces join what they grouped: "{\"o}ptimal" and "{GAN}s" are one word each.
        text = text.replace("{", "").replace("}", "")
    return text


def cut_chinese(text: str) -> list[str]:
    """A run of Chinese -> its words."""
    import rjieba  # its dictionary takes a tenth of the start of a command

    return rjieba.cut(text)


def _fold(text: str) -> str:
    """Compatibility forms and accents made plain, Chinese words set apart by blanks."""
    text = unicodedata.normalize("NFKC", text)
    text = unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
    text = _SYMBOLS.sub(" ", text.lower())
    return _CHINESE.sub(lambda run: f" {' '.join(cut_chinese(run[0]))} ", text)
