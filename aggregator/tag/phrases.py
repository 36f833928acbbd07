"""Phrase patterns: a cue word followed, a few words on, by what is being offered."""

from collections.abc import Iterator, Sequence

CUES: dict[str, str] = {
    word: cue
    for cue, words in {
        "introduce": (
            "introduce introducing introduced present presenting presented propose proposing "
            "proposed release releasing released build building built create creating created "
            "construct constructing constructed collect collecting collected curate curating "
            "curated contribute contributing develop developing developed design designing "
            "designed devise establish publish provide providing offer annotate annotated "
            "compile compiled 提出 介绍 发布 构建 设计 开发 收集"
        ),
        "new": (
            "new novel first largest large comprehensive challenging unified realistic "
            "新 新颖 首个 大规模"
        ),
    }.items()
    for word in words.split()
}
"""Cue word (as it stands after normalising) -> cue."""

REACH = {"introduce": 8, "new": 4}
"""How many words after its cue an object may stand; a verb is further from its object than an
adjective."""

OBJECTS: dict[str, str] = {
    word: group
    for group, words in {
        "DATA": (
            "dataset benchmark corpus corpora testbed simulator suite database collection "
            "leaderboard testset 数据集 基准 语料库"
        ),
        "NETWORK": (
            "architecture network backbone module block layer attention transformer net unit "
            "encoder decoder mechanism cnn model convolution 架构 网络 网络结构 模块"
        ),
        "OPTIMISER": (
            "optimizer optimiser sgd gradient momentum convergence initialization normalization "
            "activation descent optimization 优化器"
        ),
        "POLICY": "policy reward agent reinforcement rl 策略 强化学习",
        "ADVERSARY": "gan adversarial discriminator generator 对抗 判别器",
        "METHOD": "method framework approach algorithm loss 方法 框架 算法",
    }.items()
    for word in words.split()
}
"""Object word (normalised) -> the group it belongs to."""


def phrases(words: Sequence[str]) -> Iterator[str]:
    """Normalised words of one field -> "cue … object" and "cue … GROUP", once per pair found."""
    for place, word in enumerate(words):
        cue = CUES.get(word)
        if cue is None:
            continue
        for other in words[place + 1 : place + 1 + REACH[cue]]:
            group = OBJECTS.get(other)
            if group is not None:
                yield f"{cue} … {other}"
                yield f"{cue} … {group}"
