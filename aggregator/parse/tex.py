"""TeX as people write it in titles and abstracts, made Unicode; what is not understood stays."""

import re
import unicodedata

_COMBINING = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", "=": "\u0304", "u": "\u0306",
    ".": "\u0307", '"': "\u0308", "r": "\u030a", "H": "\u030b", "v": "\u030c", "d": "\u0323",
    "c": "\u0327", "k": "\u0328", "b": "\u0331",
}  # fmt: skip
_LETTERS = {
    "ss": "ß", "o": "ø", "O": "Ø", "l": "ł", "L": "Ł", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ",
    "aa": "å", "AA": "Å", "i": "ı", "j": "ȷ", "dh": "ð", "DH": "Ð", "th": "þ", "TH": "Þ",
    "ng": "ŋ", "NG": "Ŋ", "dj": "đ", "DJ": "Đ", "LaTeX": "LaTeX", "TeX": "TeX", "ldots": "…",
    "dots": "…", "textellipsis": "…", "textendash": "–", "textemdash": "—", "copyright": "©",
    "textregistered": "®", "texttrademark": "™", "textdegree": "°", "textquoteright": "’",
    "textbackslash": "\\",
}  # fmt: skip
_GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "varepsilon": "ε",
    "zeta": "ζ", "eta": "η", "theta": "θ", "vartheta": "ϑ", "iota": "ι", "kappa": "κ",
    "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "varrho": "ϱ",
    "sigma": "σ", "varsigma": "ς", "tau": "τ", "upsilon": "υ", "phi": "φ", "varphi": "φ",
    "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ",
    "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ",
    "Omega": "Ω",
}  # fmt: skip
_SYMBOLS = _GREEK | {
    "ell": "ℓ", "times": "×", "cdot": "·", "pm": "±", "mp": "∓", "div": "÷", "leq": "≤", "le": "≤",
    "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "approx": "≈", "sim": "∼", "simeq": "≃",
    "equiv": "≡", "propto": "∝", "ll": "≪", "gg": "≫", "to": "→", "rightarrow": "→",
    "Rightarrow": "⇒", "leftarrow": "←", "leftrightarrow": "↔", "mapsto": "↦", "infty": "∞",
    "in": "∈", "notin": "∉", "subset": "⊂", "subseteq": "⊆", "cup": "∪", "cap": "∩",
    "emptyset": "∅", "forall": "∀", "exists": "∃", "partial": "∂", "nabla": "∇", "sum": "∑",
    "prod": "∏", "int": "∫", "star": "⋆", "ast": "∗", "circ": "∘", "bullet": "•", "oplus": "⊕",
    "otimes": "⊗", "prime": "′", "langle": "⟨", "rangle": "⟩", "|": "‖", "Vert": "‖", "vert": "|",
    "mid": "|", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "top": "⊤", "perp": "⊥",
    "ldots": "…", "dots": "…", "cdots": "⋯", "hbar": "ℏ", "degree": "°", "dagger": "†", "neg": "¬",
    "wedge": "∧", "vee": "∨", "setminus": "∖", "lesssim": "≲", "gtrsim": "≳", "checkmark": "✓",
    "{": "{", "}": "}", "%": "%", "&": "&", "#": "#", "_": "_", "$": "$", ",": " ", ";": " ",
    ":": " ", "!": "", " ": " ", "quad": " ", "qquad": " ", "left": "", "right": "",
}  # fmt: skip
_OPERATORS = re.compile(r"log|exp|min|max|sin|cos|tan|tanh|lim|sup|inf|arg|det|dim|ker|Pr|ln")
_STYLES = re.compile(
    r"math(?:cal|bf|rm|it|sf|tt|scr|normal)|text(?:rm|bf|it|sf|tt|sc|normal)?|boldsymbol|bm|mbox|"
    r"operatorname|emph|ensuremath|underline"
)
_DOUBLE_STRUCK = dict(zip("CEHNPQRZ", "ℂ𝔼ℍℕℙℚℝℤ", strict=True))
_HATS = {
    "hat": "\u0302", "widehat": "\u0302", "tilde": "\u0303", "widetilde": "\u0303",
    "bar": "\u0304", "overline": "\u0304", "dot": "\u0307", "ddot": "\u0308", "vec": "\u20d7",
}  # fmt: skip
_SUPERSCRIPT = dict(
    zip("0123456789+-=()niabcdefghjklmoprstuvwxyzTβ∘*′",
        "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʰʲᵏˡᵐᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀᵝ°*′", strict=True)
)  # fmt: skip
_SUBSCRIPT = dict(
    zip("0123456789+-=()aehijklmnoprstuvxβγρφχ∞",
        "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓᵦᵧᵨᵩᵪ∞", strict=True)
)  # fmt: skip

_ACCENT = re.compile(
    r"\\(?:([`'^~=.\"])\s?|([uvrHdckb])(?=\s|\{|\\))"
    r"(?:\{\s*(\\?[A-Za-z])\s*\}|\s*(\\[ij])(?![A-Za-z])(?:\{\})?|\s*([A-Za-z]))"
)
_LETTER = re.compile(
    rf"\\({'|'.join(sorted(_LETTERS, key=len, reverse=True))})(?![A-Za-z])(\{{\}}|\s+)?"
)
_COMMAND = re.compile(
    r"\\(?:emph|text(?:bf|it|tt|sc|rm|sf|sl|up|md|normal)?|mbox|underline|url|uppercase|textls)"
    r"\s?\{([^{}]*)\}"
)
_LINK = re.compile(r"\\href\s?\{[^{}]*\}\s?\{([^{}]*)\}")
_SWITCH = re.compile(r"\{\s*\\(?:em|it|bf|sc|tt|rm|sf|sl|itshape|bfseries|scshape)\b\s*([^{}]*)\}")
# What stands before a sign is looked for behind it: so the sign itself is searched for, ten times as fast.
_BODY = r"[^\W_](?:[\w.&'-]| (?=[^\W_]))*"
_BRACED = re.compile(rf"(\\[A-Za-z]+\s?\{{{_BODY}\}})|\{{(?<![\\^_}}]\{{)({_BODY})\}}")
_ESCAPED = re.compile(r"\\([%&#_])|\\(\$)(?=\d)")
_SCRIPT = re.compile(r"\\text(super|sub)script\s?\{([^{}]*)\}")
_MATH = re.compile(
    r"\$(?<![\\$]\$)(?!\$)(?:(\\[A-Za-z]+)\$(?=\d)|([^$]{1,200}?)(?<!\\)\$(?![\d$]))"
    r"|\\\(\s*(.{1,200}?)\s*\\\)"
)
_BARE_GREEK = re.compile(rf"\{{\s*\\({'|'.join(_GREEK)})\s*\}}|\\({'|'.join(_GREEK)})(?![A-Za-z])")
_QUOTES = re.compile(r"``([^`]{1,300}?)''")
_DASHES = re.compile(r"--(?:(?<=[^\W_]--)-?(?=[^\W_])|(?<=\s--)-?(?=\s)|(?<=[^\W_]--)-(?=\s))")
_TIE = re.compile(
    r"~(?:(?<=[\w.,)}\]]~)(?=[^\W\d_]|[\\({$\[])|(?<=[^\W\d_]\.~)(?=\d)|(?<=[a-z]~)(?=\d))"
)
_BREAK = re.compile(r"\\\\(?=\s|$)")
_TOKEN = re.compile(r"\\(?:[A-Za-z]+|.)|[\^_]|[{}]|\s+|[A-Za-z]+|\d+|.", re.DOTALL)


def tex_to_text(text: str) -> str:
    """Accents, simple markup and simple inline mathematics -> Unicode; the rest as it was.

    A formula is turned as a whole or not at all, and "$5 and $10" is no formula. Never raises.
    """
    if "\\" in text:
        text = _ACCENT.sub(_accent, text)
        text = _LETTER.sub(_letter, text)
        text = _SCRIPT.sub(_script, text)
        text = _LINK.sub(r"\1", _COMMAND.sub(r"\1", text))
        text = _SWITCH.sub(r"\1", text)
    if "$" in text or "\\(" in text:
        text = _MATH.sub(_formula, text)
    if "\\" in text:
        text = _BREAK.sub(" ", _ESCAPED.sub(lambda m: m[1] or m[2], text))
        if "$" not in text:  # inside a formula that stays, nothing changes
            text = _BARE_GREEK.sub(lambda m: _GREEK[m[1] or m[2]], text)
    if "{" in text:
        text = _BRACED.sub(lambda m: m[1] or m[2], text)
    if "``" in text:
        text = _QUOTES.sub("“\\1”", text)
    if "--" in text:
        text = _DASHES.sub(lambda m: "–" if len(m[0]) == 2 else "—", text)
    return _TIE.sub(" ", text) if "~" in text else text


def scripted(text: str, raised: bool) -> str | None:
    """ "2" -> "²" (`raised`) or "₂"; None where Unicode has no such sign."""
    table = _SUPERSCRIPT if raised else _SUBSCRIPT
    signs = [table.get(sign) for sign in text]
    return "".join(sign for sign in signs if sign) if signs and all(signs) else None


def _accent(match: re.Match[str]) -> str:
    letter = (match[3] or match[4] or match[5]).removeprefix("\\")
    mark = _COMBINING[match[1] or match[2]]
    composed = unicodedata.normalize("NFC", letter + mark)
    # no such letter exists: an escaped quote or a path rather than an accent
    return composed if len(composed) == 1 else match[0]


def _letter(match: re.Match[str]) -> str:
    # the blank after a letter belongs to its command; after a sign people mean it
    blank = " " if len(match[1]) > 2 and (match[2] or "").isspace() else ""
    return _LETTERS[match[1]] + blank


def _script(match: re.Match[str]) -> str:
    return scripted(match[2], match[1] == "super") or match[0]


def _formula(match: re.Match[str]) -> str:
    body = match[match.lastindex or 0]
    if not is_formula(body):
        return match[0]
    tokens = _TOKEN.findall(body)
    if len(tokens) > 80:
        return match[0]
    try:
        text = _Formula(tokens).read()
    except (_NotUnderstood, IndexError):
        return match[0]
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", text)).strip()
    # The braces of a set are to be seen: those around a word alone are taken for TeX's.
    return _BRACED.sub(r"{ \2 }", text) or match[0]


def is_formula(body: str) -> bool:
    """Whether what stands between two dollars is mathematics, not a sentence between prices."""
    if re.search(r"[\\^_{}]", body):
        # a blank beside a dollar is usual in prices, and happens in formulas
        edges = body[0].isspace() or body[-1].isspace()
        return not (edges and re.search(r"(?<![\\A-Za-z])[A-Za-z]{3}", body))
    return bool(re.fullmatch(r"[A-Za-z]+", body)) or not re.search(
        r"[^\W\d_]{3}|^[\s,;.-]|[\s,;.-]$|[\"'?!@]", body
    )


class _NotUnderstood(Exception):
    """A part of a formula that has no plain form."""


class _Formula:
    """Reads the tokens of one formula from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens[::-1]

    def read(self, closing: str = "") -> str:
        out = ""
        while self.tokens:
            token = self.tokens.pop()
            if closing and token == closing:
                return out
            if token in "^_":
                script = scripted(self._argument(), token == "^")
                if script is None:
                    raise _NotUnderstood
                out = out.rstrip() + script
            else:
                out = self._joined(out, token)
        if closing:
            raise _NotUnderstood
        return out

    def _joined(self, out: str, token: str) -> str:
        name = token[1:]
        word = _OPERATORS.fullmatch(name) is not None and token[0] == "\\"
        space = " " if word and out and (out[-1].isalnum() or out[-1] == ")") else ""
        part = self._value(token)
        if word and self.tokens and (self.tokens[-1].isalnum() or self.tokens[-1][0] == "\\"):
            part += " "
        return out + space + part

    def _value(self, token: str) -> str:
        if token == "{":
            return self.read("}")
        if token == "}":
            raise _NotUnderstood
        if token[0] != "\\" or len(token) == 1:
            return {"'": "′", "~": " "}.get(token, token)
        return self._command(token[1:])

    def _command(self, name: str) -> str:
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        if _OPERATORS.fullmatch(name):
            return name
        if _STYLES.fullmatch(name):
            return self._argument()
        argument = self._argument() if name in _HATS or name in ("mathbb", "sqrt") else ""
        if len(argument) != 1:
            raise _NotUnderstood
        if name == "sqrt":
            return f"√{argument}"
        return (
            _DOUBLE_STRUCK.get(argument, argument) if name == "mathbb" else argument + _HATS[name]
        )

    def _argument(self) -> str:
        token = self.tokens.pop()
        while token.isspace():
            token = self.tokens.pop()
        if token not in "{^_" and token[0] != "\\" and len(token) > 1:
            # TeX takes one sign: x^10 is x¹0
            self.tokens.append(token[1:])
            token = token[0]
        if token in "^_":
            raise _NotUnderstood
        return self._value(token)
