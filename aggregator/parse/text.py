"""Titles, names and texts in the forms in which they are shown and compared."""

import html
import re
import unicodedata
from collections.abc import Sequence

from selectolax.lexbor import LexborHTMLParser

from aggregator.parse.tex import scripted, tex_to_text

_ROUNDS = 10
"""`plain` goes on until nothing changes; real texts need two rounds, this bounds hostile ones."""

# Controls, directions, marks of no width and halves of characters: never meant to be read.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069"
    "\ufeff\ud800-\udfff\ufffe\uffff]"
)
_MARKS = ("\\", "$", "{", "}", "~", "&", "<", "``", "--")
_AMPERSANDS = re.compile(r"&(?:amp;)+")
_INLINE_TAG = re.compile(
    r"</?(i|b|u|p|em|strong|tt|code|span|small|font|br|scp|italic|bold|inline-formula)"
    r"(?:\s[\w-]+=[^<>]{0,200})?\s?/?>",
    re.IGNORECASE,
)
_SCRIPT_TAG = re.compile(r"<(su[bp])>([^<>]{0,40})</\1>", re.IGNORECASE)

# Letters that Unicode does not decompose, as people type them; Greek by name ("β-VAE").
_FOLD = str.maketrans(
    {
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i",
        "ȷ": "j", "ŋ": "ng", "ħ": "h", "ŧ": "t",
    }
)  # fmt: skip
_GREEK_NAMES = str.maketrans(
    dict(
        zip(
            "αβγδεζηθικλμνξοπρστυφχψω",
            (
                "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota",
                "kappa", "lambda", "mu", "nu", "xi", "omicron", "pi", "rho", "sigma", "tau",
                "upsilon", "phi", "chi", "psi", "omega",
            ),
            strict=True,
        )
    )
)  # fmt: skip
# Accents of alphabets and vowel signs that may be left out; not the voicing marks of Japanese.
_ACCENTS = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u064b-\u065f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0]+"
)
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_CJK_NAME = re.compile(f"[{HAN}\u3040-\u30ff\uac00-\ud7af·\\s]+")
_NO_LETTER = re.compile(r"[\W_]+")
_NO_LETTERS = bytes(n for n in range(128) if not chr(n).isalnum())

_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d|\d{4})\.?", re.IGNORECASE)
_PARENTHESES = re.compile(r"\([^()]*\)")
_COLLABORATION = re.compile(
    r"\s*,?\s*\b(?:for|on behalf of)\s+(?:the\s+)?[^,;]{0,80}\bcollaborations?\b", re.IGNORECASE
)
_ET_AL = re.compile(r",?\s*\b(?:et\s+al\.?|and\s+others)\s*$", re.IGNORECASE)
_AND = re.compile(r"\s+(?:and|&)\s+", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s*[,;，；、]\s*(?:and\s+|&\s*)?|\s+(?:and|&)\s+|:\s+", re.IGNORECASE)

_DROPPED = ["script", "style", "head", "noscript", "template", "svg", "iframe", "title"]
_BLOCKS = "p,div,section,article,blockquote,pre,ul,ol,dl,table,tr,h1,h2,h3,h4,h5,h6,hr,figure"
_PARAGRAPH, _LINE = "\x02", "\x03"


def plain(text: str) -> str:
    """What people read in a list: entities, TeX and inline tags made Unicode, blanks collapsed.

    What is not understood stays exactly as it was. Never raises; plain(plain(x)) == plain(x).
    """
    line = text.strip().replace("\n", " ")
    if _is_even(line):
        if not _is_marked(line):
            return line  # most texts: nothing to do
        text = line
    else:
        text = _collapse(" ".join(text.split()))
    for _ in range(_ROUNDS):
        if not _is_marked(text):
            break
        before, text = text, _collapse(_plain_once(text))
        if text == before:
            break
    return text


def plain_each(texts: Sequence[str]) -> list[str]:
    """The same of each of some names, looked at all at once: most need nothing."""
    line = "|".join(texts)
    loose = line[:1] == " " or line[-1:] == " " or " |" in line or "| " in line
    if not loose and _is_even(line) and not _is_marked(line):
        return list(texts)
    return [plain(text) for text in texts]


def storable(text: str) -> str:
    """The text without what must not be stored or shown: controls, halves of characters."""
    return _INVISIBLE.sub("", text)


def is_damaged(text: str) -> bool:
    """Were there bytes that are no characters? Then something on the way broke the text."""
    return "\ufffd" in text


def clean_html(markup: str) -> str:
    """HTML -> readable text: a blank line between paragraphs, a line for each list item or <br>.

    Scripts, styles and invisible parts are dropped. Never raises; text without tags stays.
    """
    tree = LexborHTMLParser(storable(markup))
    if tree.body is None:
        return ""
    tree.strip_tags(_DROPPED)
    for node in tree.css("br"):
        node.insert_before(_LINE)
    for node in tree.css("li,dt,dd"):
        node.insert_before(_LINE)
    for node in tree.css("td,th"):
        node.insert_after(" ")
    for node in tree.css(_BLOCKS):
        node.insert_before(_PARAGRAPH)
        node.insert_after(_PARAGRAPH)
    text = " ".join(tree.body.text().split())
    paragraphs = (
        "\n".join(line for part in block.split(_LINE) if (line := part.strip()))
        for block in text.split(_PARAGRAPH)
    )
    return "\n\n".join(block for block in paragraphs if block)


def shortened(text: str, most: int) -> str:
    """At most so many characters: cut at a blank where one is near (Chinese has none), with "…"."""
    if len(text) <= most:
        return text
    cut = text.rfind(" ", most * 3 // 4, most - 1)
    return text[: cut if cut > 0 else most - 2].rstrip() + " …"


def title_key(title: str) -> str:
    """The form by which titles are compared: folded letters and digits of any script, no blanks.

    Greek letters count as their names, since "β-VAE" is "beta-VAE" elsewhere.
    """
    form = folded(plain(title))
    if form.isascii():
        return form.encode().translate(None, _NO_LETTERS).decode()
    return _NO_LETTER.sub("", form.translate(_GREEK_NAMES))


def name_keys(name: str) -> tuple[str, str]:
    """A person's name -> (key of the last name, first initial), e.g. ("oord", "a"), ("何恺明", "").

    The key is the last word of the last name without particles, so that "Aaron van den Oord",
    "van den Oord, Aaron" and "Oord, Aaron van den" agree. Chinese, Japanese and Korean names in
    their own script are kept whole. ("", "") if there is no name.
    """
    name = plain(name)
    if _CJK_NAME.fullmatch(name):
        return _name_key(name), ""
    parts = [words for part in name.split(",") if (words := _name_words(part))]
    if not parts:
        return "", ""
    if len(parts) == 1:
        words = parts[0]
        return _name_key(words[-1]), _name_key(words[0])[:1] if len(words) > 1 else ""
    return _name_key(parts[0][-1]), _name_key(parts[1][0])[:1]


def split_authors(text: str) -> tuple[str, ...]:
    """Authors joined by commas or "and", as arXiv writes them -> names, made plain.

    Affiliations in parentheses, "et al." and "for the X Collaboration" go; ", Jr." stays with its
    name. "Last, First and Last, First" is understood where an "and" stands between such pairs.
    """
    text = plain(text)
    for _ in range(3):  # affiliations are nested once: "((1) Place, (2) Place)"
        text = _PARENTHESES.sub(" ", text)
    text = _ET_AL.sub("", without_collaboration(text))
    people = _AND.split(text)
    if len(people) > 1 and all(_is_turned(person) for person in people):
        return tuple(" ".join(reversed([p.strip() for p in who.split(",")])) for who in people)
    names: list[str] = []
    for part in _SEPARATOR.split(text):
        part = " ".join(part.split()).strip(" *†‡")
        if names and _SUFFIX.fullmatch(part):
            names[-1] += f", {part}"
        elif any(sign.isalpha() for sign in part):
            names.append(part)
    return tuple(names)


def without_collaboration(name: str) -> str:
    """ "Ada Lovelace for the Engine Collaboration" -> "Ada Lovelace"."""
    return _COLLABORATION.sub("", name)


def _is_even(text: str) -> bool:
    """Is it ASCII, without controls and double blanks?"""
    return text.isascii() and text.isprintable() and "  " not in text


def _is_marked(text: str) -> bool:
    for mark in _MARKS:  # noqa: SIM110 - a tenth of the time of an expression, a third of any()
        if mark in text:
            return True
    return False


def _plain_once(text: str) -> str:
    if "&" in text:
        text = html.unescape(_AMPERSANDS.sub("&", text))
    if "<" in text:
        text = _SCRIPT_TAG.sub(lambda m: scripted(m[2], m[1].lower() == "sup") or m[2], text)
        text = _INLINE_TAG.sub(lambda m: " " if m[1].lower() in ("br", "p") else "", text)
    return tex_to_text(text)


def _collapse(text: str) -> str:
    if _is_even(text):
        return text.strip()
    return " ".join(storable(text).split())


def folded(text: str) -> str:
    """Compatible forms united, no case, no accents; letters of every script stay letters."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    text = _ACCENTS.sub("", text).translate(_FOLD)
    return unicodedata.normalize("NFKC", text).casefold()


def _name_key(word: str) -> str:
    return "".join(sign for sign in folded(word) if sign.isalnum())


def _name_words(part: str) -> list[str]:
    # "J.-B. Alayrac", "A.B. Smith": the dot ends a word
    words = [word for word in re.split(r"[\s.]+", part) if _name_key(word)]
    return [word for word in words if not _SUFFIX.fullmatch(word)]


def _is_turned(person: str) -> bool:
    last, comma, first = person.partition(",")
    return bool(comma) and "," not in first and len(last.split()) < 3 and "." not in last
