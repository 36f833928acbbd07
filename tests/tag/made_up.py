"""Made-up papers and labels, enough of them to train a small model on."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

OPENINGS = ("We propose", "This paper presents", "In this work we study", "We introduce")
ABOUT = {
    "rl": ("a policy gradient method", "agents that maximise reward", "an offline critic"),
    "datasets": ("a large annotated dataset", "a benchmark of questions", "a corpus of speech"),
    "": ("a theory of kernels", "the geometry of shapes", "a parser for logic", "depth from blur"),
}
ENDINGS = ("Experiments show gains.", "Code is available.", "Results are strong on two tasks.")


def labelled(n: int = 240, seed: int = 0) -> list[dict[str, Any]]:
    """n papers by turns on rl, datasets and neither; grades, strata and ids as in real labels."""
    dice = random.Random(seed)
    rows = []
    for number in range(n):
        kind = list(ABOUT)[number % 3]
        topic = dice.choice(ABOUT[kind])
        noise = dice.choice(ABOUT[""])
        rows.append(
            {
                "id": f"2501.{number:05d}" if number % 2 else f"venue-{number}",
                "stratum": ("random", "random", "enriched", "uncertain")[number // 3 % 4],
                "title": f"On {topic}",
                "abstract": f"{dice.choice(OPENINGS)} {topic} beside {noise}. {dice.choice(ENDINGS)}",
                "grades": {name: 2 if name == kind else 0 for name in ("rl", "datasets")},
            }
        )
    rows[5]["grades"]["rl"] = 1
    return rows


def translated(n: int = 120) -> list[dict[str, Any]]:
    """n corpus papers with a Chinese title and abstract."""
    chinese = {"rl": "智能体的强化学习策略", "datasets": "一个新的标注数据集", "": "核方法的理论"}
    return [
        {
            "title": f"{row['title']} {number}",
            "abstract": row["abstract"],
            "title_zh": chinese[list(ABOUT)[number % 3]],
            "abstract_zh": f"我们研究了{chinese[list(ABOUT)[number % 3]]}，实验结果很好。",
        }
        for number, row in enumerate(labelled(n, seed=1))
    ]


def write(rows: list[dict[str, Any]], path: Path) -> Path:
    """Write JSON Lines, gzipped where the name says so."""
    data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path
