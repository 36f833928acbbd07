"""A title -> its words and phrases, in one form for counting and in another for showing."""

import re
from collections import Counter
from collections.abc import Iterable, Set
from functools import lru_cache

from aggregator.tag.text import cut_chinese

Term = tuple[str, ...]
"""Words as counted."""

_TOKEN = re.compile(
    "[\u3400-\u9fff]+|[^\\W_\u3400-\u9fff]+(?:[-'\u2010\u2011\u2019][^\\W_\u3400-\u9fff]+)*|[^\\w\\s]"
)
_HAN = re.compile("[\u3400-\u9fff]")
_NAME = re.compile(r"[a-z][A-Z]|[A-Z].*[A-Z]")

JOINS = frozenset({
    "a", "about", "against", "among", "an", "and", "are", "as", "at", "based", "be", "between",
    "beyond", "by", "can", "do", "does", "for", "from", "how", "if", "in", "into", "is", "it", "its",
    "no", "not", "of", "on", "or", "our", "over", "than", "that", "the", "their", "then", "these",
    "this", "through", "to", "toward", "under", "up", "using", "via", "we", "what", "when", "where",
    "which", "why", "with", "within", "without", "you", "your",
    "的", "和", "与", "在", "了", "基于", "一种", "用于", "及", "对", "中", "从", "到", "通过", "使用",
})  # fmt: skip
"""Words that say nothing of what a title is about; no phrase begins or ends with one."""
BARE = JOINS | {
    "analysis", "application", "approach", "better", "data", "deep", "effective", "efficient",
    "extended", "fast", "improved", "improving", "learning", "method", "model", "modeling", "network",
    "neural", "new", "novel", "simple", "study", "研究", "方法", "模型", "学习", "网络", "神经网络",
}  # fmt: skip
"""Words that say nothing by themselves, but do in phrases."""
_MIDDLE = frozenset({"of", "to", "的"})
"""Joins that phrases may have within: mixture of experts, text to image."""


def written(title: str) -> list[str]:
    """The words of a title; signs stand between them, since no phrase goes over one. Chinese is cut into
    words."""
    found = _TOKEN.findall(title)
    if title.isascii():
        return found
    return [
        word for token in found for word in (cut_chinese(token) if _HAN.match(token) else (token,))
    ]


def counted(title: str) -> list[str]:
    """The same in the form in which words are counted, "" for signs and numbers."""
    return [_form(word) for word in written(title)]


@lru_cache(2**15)
def _form(word: str) -> str:
    """In small letters; the plural in s as the singular, so that "GAN" and "GANs" are one."""
    word = word.lower()
    if not word[0].isalnum() or word.isdigit():
        return ""
    return word[:-1] if len(word) > 3 and word[-1] == "s" and word[-2] not in "sui" else word


def terms(words: list[str], known: Set[str]) -> set[Term]:
    """The words and phrases of a title, as counted, that are made of `known` words; one that joins may
    stand in the middle of a phrase. One pass over neighbours, since a view of a topic makes thousands."""
    found: set[Term] = set()
    for first, second, third in zip(words, [*words[1:], ""], [*words[2:], "", ""], strict=False):
        if first not in known or first in JOINS:
            continue
        bare = first in BARE
        if not bare:
            found.add((first,))
        if second in _MIDDLE and not bare and third in known and third not in BARE:
            found.add((first, second, third))
        if second in known and second not in JOINS:
            bare = bare and second in BARE
            if not bare:
                found.add((first, second))
            if third in known and third not in JOINS and not (bare and third in BARE):
                found.add((first, second, third))
    return found


def within(short: Term, long: Term) -> bool:
    """Does the longer phrase contain the shorter, or equal it?"""
    size = len(short)
    return any(long[n : n + size] == short for n in range(len(long) - size + 1))


def shown(term: Term, titles: Iterable[str]) -> str:
    """The term as these titles write it most often; in small letters, but for names."""
    forms: Counter[str] = Counter()
    for title in titles:
        words, size = written(title), len(term)
        for n in range(len(words) - size + 1):
            if tuple(_form(word) for word in words[n : n + size]) == term:
                forms[_joined(words[n : n + size])] += 1
    return min(forms, key=lambda form: (-forms[form], form))


def _joined(words: list[str]) -> str:
    text = " ".join(word if _has_capitals(word) else word.lower() for word in words)
    return re.sub("(?<=[\u3400-\u9fff]) (?=[\u3400-\u9fff])", "", text)


def _has_capitals(word: str) -> bool:
    """Other capitals than at its beginning, or that of a part?"""
    return any(part[1:] != part[1:].lower() for part in word.split("-"))


def is_name(term: str) -> bool:
    """Is a word of this, as shown, written like a name or an abbreviation: ResNet, BERT, LLMs?"""
    return any(_NAME.search(part) for word in term.split() for part in word.split("-"))
