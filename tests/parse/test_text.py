"""Titles, names and texts: shown, compared and searched."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.parse.text import (
    clean_html,
    name_keys,
    plain,
    plain_each,
    split_authors,
    title_key,
)
from aggregator.parse.tokens import search_tokens


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (r"Andr\'e Ara\'ujo", "André Araújo"),
        (r"Bernhard Sch\"{o}lkopf, J\"urgen", "Bernhard Schölkopf, Jürgen"),
        (r"{\O}stein B{\o} Andr{\'e} \'Etale", "Østein Bø André Étale"),
        (r"\v{C}ech \v Cech \c{C}a\u{g}lar Fran\c cois", "Čech Čech Çağlar François"),
        (r"Mart\'{\i}n Mart{\'\i}nez \^{\i}le", "Martín Martínez île"),
        (r"Gro\ss e \L{}ukasz Erd\H{o}s \r{A}", "Große Łukasz Erdős Å"),
        (r"\emph{Deep} \textbf{\emph{nets}} \texttt{x_y} {\em via} {\bf b}", "Deep nets x_y via b"),
        ("``quotes'' Fig.~3 et~al. 10--20 a---b x -- y", "“quotes” Fig. 3 et al. 10–20 a—b x – y"),
        (r"5\% A\&B \#1 \$5 \ldots and \LaTeX is", "5% A&B #1 $5 … and LaTeX is"),
        (r"$\alpha$-GAN, \beta-VAE, PI{\lambda}", "α-GAN, β-VAE, PIλ"),
        (r"$\ell_1$, $n^2$, $3\times3$, $10^{-3}$", "ℓ₁, n², 3×3, 10⁻³"),
        (r"$O(n\log n)$ $\mathcal{O}(1/\sqrt{n})$", "O(n log n) O(1/√n)"),
        (r"$\mathbb{R}^n$ $x_{ij}$ F$_1$ $90\%$ $ N^4 $", "ℝⁿ xᵢⱼ F₁ 90% N⁴"),
        (r"\(k\)-NN and $k=1,\ldots,K$, $\|x\|_2$", "k-NN and k=1,…,K, ‖x‖₂"),
        (r"$\{x_i\}$ in $\{0,1\}^n$, {WORD} and $\{A\}$", "{ xᵢ } in {0,1}ⁿ, WORD and { A }"),
        (r"2.7$\pm$4.5%, 406$\times$158", "2.7±4.5%, 406×158"),
        ("{BERT}: Bi{LSTM} for {N}ames", "BERT: BiLSTM for Names"),
        ("A &amp; B &amp;amp; C &lt;b &#x27;R&#39;", "A & B & C <b 'R'"),
        ("<i>in vivo</i> CO<sub>2</sub><br/>x<sup>n</sup>", "in vivo CO₂ xⁿ"),
        (" tab\tnew\r\nline\x00\u200b\u00ad\u00a0end\ud800 ", "tab new line end"),
    ],
)
def test_plain(text: str, shown: str):
    assert plain(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "costs $5 and $10 a day, $100-$200 or $5,$x",
        "$5 for x_1 and $10",
        r"$\frac{\alpha}{b}$ and $l^q$",
        r"C:\temp\new \foo{bar} \cite{x}",
        "~100 papers at http://x.edu/~foo with --flag",
        "a < b and c > d, x <b and y> z",
        "AT&T, R&D",
        "{0, 1} and {AND, OR}",
        "$$x$$",
        "a_b ^ c",
        "深度学习：综述",
    ],
)
def test_plain_leaves_what_it_does_not_understand(text: str):
    assert plain(text) == text


TEX = ["\\", "$", "{", "}", "^", "_", "~", "`", "'", '"', "--", "\\'e", "\\alpha", "\\emph{", "&amp;", "&",
       "lt;", "<i>", "</i>", "<sub>2</sub>", "x", "2", " ", "\\(", "\\)", "\\hat", "\\text", "\\ss",
       "\\frac", ",", "é", "深", "\x00", "\ud800", "\\c", "\\i", "<", ">"]  # fmt: skip
tex = st.text(max_size=30) | st.lists(st.sampled_from(TEX), max_size=14).map("".join)


@given(tex)
def test_plain_never_fails_and_is_done_after_once(text: str):
    once = plain(text)
    assert plain(once) == once
    assert once.encode() is not None
    assert once == " ".join(once.split())


@given(tex)
def test_title_key_is_the_same_after_plain_and_after_itself(text: str):
    key = title_key(text)
    assert title_key(plain(text)) == key
    assert title_key(key) == key
    assert key == "" or key.isalnum()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"$\beta$-VAE: Learning {B}asic Concepts", "Beta-VAE: learning basic concepts."),
        ("Poincar\\'e Embeddings", "POINCARE EMBEDDINGS"),
        (r"$\ell_1$-Norm", "ℓ₁ norm"),
        ("ＢＥＲＴ：预训练", "bert 预训练"),
        ("R&amp;D", "R&D"),
    ],
)
def test_title_key_unites(one: str, other: str):
    assert title_key(one) == title_key(other)


def test_title_key_tells_apart():
    assert title_key("C3D") != title_key("C4D")
    assert title_key("深度学习") == "深度学习"
    assert title_key("か") != title_key("が")
    assert title_key("?!") == ""


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("Aaron van den Oord", ("oord", "a")),
        ("van den Oord, Aaron", ("oord", "a")),
        ("Oord, Aaron van den", ("oord", "a")),
        ("A. van den Oord", ("oord", "a")),
        ("Luc Van Gool", ("gool", "l")),
        ("Di Wang", ("wang", "d")),
        ("John Smith Jr.", ("smith", "j")),
        ("Smith, John, Jr.", ("smith", "j")),
        ("Smith, Jr., John", ("smith", "j")),
        ("Al Gore III", ("gore", "a")),
        ("Wei Wang 0001", ("wang", "w")),
        ("Jean-Baptiste Alayrac", ("alayrac", "j")),
        ("J.-B. Alayrac", ("alayrac", "j")),
        ("A.B. Smith", ("smith", "a")),
        ("Shai Shalev-Shwartz", ("shalevshwartz", "s")),
        ("Gabriel Garc\\'ia M\\'arquez", ("marquez", "g")),
        ("Łukasz Kaiser", ("kaiser", "l")),
        ("Ørsted, Hans", ("orsted", "h")),
        ("何恺明", ("何恺明", "")),
        ("何 恺明", ("何恺明", "")),
        ("Plato", ("plato", "")),
        ("Jr.", ("", "")),
        ("", ("", "")),
    ],
)
def test_name_keys(name: str, keys: tuple[str, str]):
    assert name_keys(name) == keys


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A. One, B. Two and C. Three", ("A. One", "B. Two", "C. Three")),
        ("A. One, B. Two, and C. Three", ("A. One", "B. Two", "C. Three")),
        ("A. One (1), B. Two (2) ((1) Place, (2) Other, Place)", ("A. One", "B. Two")),
        ("J. Doe (for the ATLAS Collaboration)", ("J. Doe",)),
        ("J. Doe, K. Roe, for the X Collaboration", ("J. Doe", "K. Roe")),
        ("J. Doe on behalf of the X Collaboration", ("J. Doe",)),
        ("LHCb collaboration: R. One, B. Two", ("LHCb collaboration", "R. One", "B. Two")),
        (
            r"Andr\'e One, John Two, Jr., Al Three, III",
            ("André One", "John Two, Jr.", "Al Three, III"),
        ),
        ("Wu, Shangzhe and Rupprecht, Christian", ("Shangzhe Wu", "Christian Rupprecht")),
        ("A. One et al.", ("A. One",)),
        ("张三，李四、王五", ("张三", "李四", "王五")),
        ("A. Anderson, Sandy Land", ("A. Anderson", "Sandy Land")),
        ("", ()),
    ],
)
def test_split_authors(text: str, names: tuple[str, ...]):
    assert split_authors(text) == names


@given(st.lists(tex | st.text(st.sampled_from("Aé |~&\n"), max_size=6), max_size=4))
def test_plain_each_is_plain_of_each(texts: list[str]):
    assert plain_each(texts) == [plain(text) for text in texts]


@given(tex | st.text(st.sampled_from("A .,()and;:&-Jr"), max_size=30))
def test_names_never_fail(text: str):
    name_keys(text)
    assert all(name == name.strip() and name for name in split_authors(text))


def test_search_tokens():
    assert search_tokens("State-of-the-art CNNs, don't") == [
        "stateoftheart", "state", "of", "the", "art", "cnns", "don", "t",
    ]  # fmt: skip
    assert search_tokens("Schölkopf's ＧＡＮ ½") == ["scholkopf", "s", "gan", "1", "2"]
    assert search_tokens("扩散模型 in self-supervised 学习") == [
        "扩散", "模型", "in", "selfsupervised", "self", "supervised", "学习",
    ]  # fmt: skip
    assert search_tokens("中国科学院") == ["中国", "科学", "学院", "科学院", "中国科学院"]
    assert search_tokens("") == []


@given(st.text(max_size=40) | st.text(st.sampled_from("aé-深度学习 1_が"), max_size=20))
def test_search_tokens_never_fail_and_are_words(text: str):
    tokens = search_tokens(text)
    assert all(token and not token.isspace() for token in tokens)


@given(st.text(st.characters(max_codepoint=0x2FF, exclude_categories=["Cs"]), max_size=40))
def test_search_tokens_of_tokens_are_the_same(text: str):
    tokens = search_tokens(text)
    assert search_tokens(" ".join(tokens)) == tokens


@given(st.text(st.sampled_from("aB1-- ._"), max_size=24))
def test_hyphenated_words_are_found_whole_and_in_parts(text: str):
    expected = []
    for word in re.findall(r"[a-z0-9]+(?:-[a-z0-9]+)*", text.lower()):
        parts = word.split("-")
        expected += ["".join(parts), *parts] if parts[1:] else parts
    assert search_tokens(text) == expected


def test_ascii_is_searched_as_other_text():
    text = "We train ResNet-50 at 3.2x the speed of self-supervised models (a_b)."
    assert search_tokens(text + " é")[:-1] == search_tokens(text)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One <b>two</b>&amp;</p><p>three<br>four</p>", "One two&\n\nthree\nfour"),
        ("<ul><li>a</li><li>b</li></ul><p>c", "a\nb\n\nc"),
        ("<div>x<script>y</script><style>z</style></div>", "x"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a b"),
        ("plain a < b & c", "plain a < b & c"),
        ("\n <!-- SC_OFF --><div class='md'><p>x</p>\n\n</div>", "x"),
        ("\x02a\x03b", "ab"),
        ("", ""),
    ],
)
def test_clean_html(markup: str, text: str):
    assert clean_html(markup) == text


@given(st.text(max_size=40) | tex)
def test_clean_html_never_fails(markup: str):
    assert clean_html(markup).encode() is not None


@pytest.mark.parametrize("piece", ["{", "$x", "``", "\\emph{", "&amp;", "<i ", "((", "for ", "\\'"])
def test_hostile_repetition_takes_no_long_time(piece: str):
    text = piece * 10_000
    assert plain(text) is not None
    assert split_authors(text) is not None
    assert title_key(text) is not None
