"""Authors' names in parts, as bibliographies sort and abbreviate them."""

import re
from dataclasses import dataclass

_HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f"
_HAN_NAME = re.compile(f"[{_HAN}]{{2,4}}")
_HANGUL_NAME = re.compile("[\uac00-\ud7af]{2,4}")
_EASTERN = f"[{_HAN}\u3040-\u30ff\uac00-\ud7af]+"
_EASTERN_PARTS = re.compile(f"({_EASTERN}) ({_EASTERN})")
_DOUBLE_FAMILIES = frozenset(
    {
        "欧阳", "司马", "上官", "诸葛", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "长孙", "宇文",
        "司徒", "东方", "独孤", "南宫", "端木", "歐陽", "司馬", "諸葛", "尉遲", "公孫", "長孫", "東方",
        "獨孤", "南宮", "남궁", "황보", "제갈", "사공", "선우", "서문", "독고",
    }
)  # fmt: skip

_GROUP = re.compile(
    r"\b(?:collaborations?|consortium|team|group|project|initiative|community|committee|"
    r"association|labs?|laboratory|university|institute|inc|ltd|et al)\b\.?"
    "|团队|小组|课题组|联盟|实验室|公司|大学",
    re.IGNORECASE,
)
_SUFFIX = re.compile(r"(?:jr|sr|ii|iii|iv|ph\.?d|m\.?d)\.?", re.IGNORECASE)
_PARTICLES = frozenset(
    {
        "van", "von", "der", "den", "de", "het", "'t", "ter", "ten", "te", "zu", "zum", "zur",
        "vom", "af", "av", "la", "le", "du", "des", "da", "das", "do", "dos", "di", "del",
        "della", "dello", "degli", "dal", "lo", "bin", "ibn", "bint", "al", "el", "ben",
    }
)  # fmt: skip
_CAPITAL_PARTICLES = frozenset(
    {
        "Van", "Von", "De", "Der", "Den", "Ter", "Ten", "Del", "Della", "Dos", "Das", "La",
        "Le", "El", "Al", "St.", "Saint", "Mac", "San",
    }
)  # fmt: skip
"""Written large they are part of the family name, and sorted with it ("Luc Van Gool"). Di, Da, Du
and Bin are not among them: more people have them as Chinese given names."""
_VIETNAMESE = frozenset(
    {
        "Nguyen", "Tran", "Le", "Pham", "Hoang", "Phan", "Vu", "Vo", "Dang", "Bui", "Do",
        "Ho", "Ngo", "Duong", "Ly", "Dinh", "Truong", "Luu", "Ha",
    }
)  # fmt: skip
"""Family names after which Van is a middle name ("Toan Van Nguyen")."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in parts, or `literal` where it has none: a group, an account, a name of one word."""

    family: str = ""
    given: str = ""
    particle: str = ""
    suffix: str = ""
    literal: str = ""

    @property
    def eastern(self) -> bool:
        """Is it written family name first, without a blank between?"""
        return bool(_EASTERN_PARTS.fullmatch(f"{self.family} {self.given}"))

    @property
    def natural(self) -> str:
        """As it is spoken: "Aaron van den Oord", "何恺明"."""
        if self.eastern:
            return self.family + self.given
        parts = (self.given, self.particle, self.family, self.suffix)
        return self.literal or " ".join(part for part in parts if part)

    @property
    def inverted(self) -> str:
        """As it is sorted: "van den Oord, Aaron", "Smith, Adam, Jr."."""
        whole = " ".join(part for part in (self.particle, self.family) if part)
        return self.literal or ", ".join(p for p in (whole, self.given, self.suffix) if p)


def split(name: str) -> Name:
    """A person's or a group's name as papers print it -> its parts.

    Never raises. "First von Last", "von Last, First", suffixes, and names in Chinese, Korean and
    (with a blank) Japanese are understood. Nobody can tell a middle name from a first of two family
    names: the last word is the family name.
    """
    text = " ".join(name.split())
    if not any(sign.isalpha() for sign in text) or _GROUP.search(text) or text.startswith("u/"):
        return Name(literal=text)
    return _eastern(text) or (_turned(text) if "," in text else _western(text.split()))


def _eastern(text: str) -> Name | None:
    if parts := _EASTERN_PARTS.fullmatch(text):
        return Name(parts[1], parts[2])
    double = text[:2] in _DOUBLE_FAMILIES and len(text) > 2
    # Four Han signs without such a beginning are Japanese: which of them are the family's?
    if _HANGUL_NAME.fullmatch(text) or (_HAN_NAME.fullmatch(text) and (double or len(text) < 4)):
        end = 2 if double else 1
        return Name(text[:end], text[end:])
    return None


def _turned(text: str) -> Name:
    """ "van den Oord, Aaron", "Smith, Jr., Adam", "Adam Smith, Jr." """
    first, *rest = [part.strip() for part in text.split(",") if part.strip()]
    suffix = next((part for part in rest if _SUFFIX.fullmatch(part)), "")
    given = [part for part in rest if part != suffix]
    if not rest or len(given) > 1:
        return Name(literal=text)
    if not given:
        name = _western(first.split())
        return Name(name.family or name.literal, name.given, name.particle, suffix)
    words = first.split()
    count = next((n for n, word in enumerate(words) if word not in _PARTICLES), len(words) - 1)
    return Name(" ".join(words[count:]), given[0], " ".join(words[:count]), suffix)


def _western(words: list[str]) -> Name:
    suffix = words[-1] if len(words) > 2 and _SUFFIX.fullmatch(words[-1]) else ""
    words = words[:-1] if suffix else words
    if len(words) < 2:
        return Name(literal=" ".join(words))
    last = len(words) - 1
    start = next((n for n in range(1, last) if words[n] in _PARTICLES), None)
    if start is not None:
        family = start
        while family < last and words[family] in _PARTICLES:
            family += 1
        given, particle = words[:start], words[start:family]
        return Name(" ".join(words[family:]), " ".join(given), " ".join(particle), suffix)
    family = last - 2 if last > 2 and words[last - 1] == "y" else last  # José Ortega y Gasset
    while family > 1 and words[family - 1] in _CAPITAL_PARTICLES and words[-1] not in _VIETNAMESE:
        family -= 1
    return Name(" ".join(words[family:]), " ".join(words[:family]), "", suffix)
