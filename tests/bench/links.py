"""How many links to papers in a year and a half of r/MachineLearning are understood, and which not."""

import gzip
import html
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from aggregator.parse.links import resolve
from aggregator.parse.urls import trimmed

POSTS = Path(__file__).resolve().parents[2].parent / "shared" / "upstream" / "data/reddit.jsonl.gz"
_LINK = re.compile(r"https?://[^\s\"'<>\[\]]+")
# Pages of one paper each, by host and path: what a reader would call a link to a paper, whether or
# not there is a rule for it.
_PAPERS = re.compile(
    r"arxiv\.org/(?:abs|pdf|ftp|format|html)/|arxiv-(?:vanity|sanity)\.com/\w*/?\d"
    r"|openreview\.net/(?:forum|pdf)|papers\.nips\.cc/paper/|mlr\.press/v\d+/\w"
    r"|jmlr\.org/(?:papers|proceedings)/.*\w\.(?:html|pdf)|aclweb\.org/anthology/\w|thecvf\.com/content"
    r"|cv-foundation\.org/openaccess/\w+/|rxiv\.org/content/|nature\.com/(?:articles/[sn]|nature/j)"
    r"|sciencemag\.org/content/|pnas\.org/content/|plos\.org/.*10\.1371|cell\.com/\w+/(?:full|abs)"
    r"|doi\.org/10|/doi/(?:\w+/)?10\.|springer\.com/(?:article|chapter|content)/|elifesciences\.org/art"
    r"|ieeexplore\.ieee\.org/.*(?:document/|arnumber=)|dl\.acm\.org/(?:citation|doi|ft)|delivery\.acm"
    r"|sciencedirect\.com/science/art|mdpi\.com/\d{4}-|ssrn\.com/.*abstract|psyarxiv\.com/\w{5}"
    r"|preprints\.org/manuscript/|isca-speech\.org/archive/|ijcai\.org/proceedings/\d{4}/\d"
    r"|frontiersin\.org/articles/|journals\.aps\.org/.*10\.|citeseerx\..*doi=|semanticscholar\.org/paper/"
    r"|pdfs\.semanticscholar\.org/|ncbi\.nlm\.nih\.gov/(?:pmc/art|pubmed/\d)|jidonline\.org/article/"
    r"|researchgate\.net/publication/|hal\.[\w.-]+/hal-|aaai\.org/ocs/.*paper|nurture\.ai/papers/"
    r"|shortscience\.org/paper|academic\.oup\.com/.*/article",
    re.IGNORECASE,
)


def bench() -> list[tuple[str, str, str]]:
    """Rows of (what, measured, target)."""
    if not POSTS.exists():
        return [("links of posts", f"not measured: {POSTS} is not there", "-")]
    with gzip.open(POSTS, "rt", encoding="utf-8") as lines:
        posts = [json.loads(line) for line in lines]
    found = [link for post in posts for link in _links(post)]
    known = Counter(name.partition(":")[0] for link in found if (name := resolve(link)))
    missed = Counter(
        urlsplit(link).netloc.removeprefix("www.")
        for link in found
        if resolve(link) is None and _PAPERS.search(link)
    )
    understood, total = known.total(), known.total() + missed.total()
    return [
        (
            f"links to papers in {len(posts):,} posts, each once a post",
            f"{understood:,} of {total:,} understood ({understood / total:.1%})",
            "-",
        ),
        ("by kind", ", ".join(f"{kind} {n:,}" for kind, n in known.most_common()), "-"),
        ("not understood", ", ".join(f"{host} {n}" for host, n in missed.most_common(12)), "-"),
    ]


def _links(post: dict[str, str]) -> Iterator[str]:
    """The post's own link and those of its text, Markdown's backslashes taken off."""
    text = html.unescape(f"{post.get('title', '')} {post.get('selftext', '')}")
    written = [trimmed(link) for link in _LINK.findall(re.sub(r"\\([_*()~#-])", r"\1", text))]
    own = [] if post.get("is_self") else [html.unescape(post.get("url", ""))]
    yield from dict.fromkeys([*own, *written])
