"""Whether a preprint is withdrawn. arXiv has no field for it: the notice stands at the beginning of the
comments or the abstract, in whatever words, and arXivRaw marks a version without files (pure)."""

import re
from typing import Any

_IGNORED = "I"
"""The `source_type` in arXivRaw of a version that has a notice of withdrawal in place of files."""

_NOTICE = re.compile(
    r"[(\[]?(?:arxiv admin note: )?(?:(?:this|the|our) (?:(?:arxiv|present|current) )?)?"
    r"(?:(?:paper|article|submission|preprint|pre-print|manuscript|work|note|report|version|document|draft"
    r"|entry) )?(?:(?:has|have|is|was|been|now|temporarily) )*"
    r"withdrawn\b(?! from (?!(?:the )?arxiv))",  # a conference has its own withdrawals
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r"(?:this|the|our) (?:paper|article|submission|preprint|manuscript|work|version) ",
    re.IGNORECASE,
)
"""An abstract may begin with "withdrawn" for reasons of its own."""


def is_notice(comments: str, abstract: str) -> bool:
    """Do the authors or arXiv say there that the paper is withdrawn? Both texts as they are shown."""
    of_itself = _OF_ITSELF.match(abstract) and _NOTICE.match(abstract)
    return bool(_NOTICE.match(comments) or of_itself)


def is_ignored(record: Any, version: int) -> bool:
    """Does arXiv mark this version as withdrawn? `record` is the element <arXivRaw>."""
    marks = {
        one.get("version"): one.findtext("{*}source_type")
        for one in record.iterchildren("{*}version")
    }
    return marks.get(f"v{version}") == _IGNORED
