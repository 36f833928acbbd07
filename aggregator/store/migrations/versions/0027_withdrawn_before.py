"""preprints whose notice of withdrawal was not understood when they were stored are withdrawn"""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

_AT_ONCE = 500
# What the source reads since then, as it was at this migration.
_NOTICE = re.compile(
    r'[(\[]?(?:arxiv admin note: )?(?:(?:this|the|our) (?:(?:arxiv|present|current) )?)?'
    r'(?:(?:paper|article|submission|preprint|pre-print|manuscript|work|note|report|version|document|draft'
    r'|entry) )?(?:(?:has|have|is|was|been|now|temporarily) )*'
    r'withdrawn\b(?! from (?!(?:the )?arxiv))',
    re.IGNORECASE,
)
_OF_ITSELF = re.compile(
    r'(?:this|the|our) (?:paper|article|submission|preprint|manuscript|work|version) ', re.IGNORECASE
)
_LONGEST = 200  # characters that a notice begins in


def upgrade() -> None:
    bind = op.get_bind()
    metadata = sa.MetaData()
    metadata.reflect(bind, only=('entry', 'paper'), resolve_fks=False)
    entry, paper = metadata.tables['entry'], metadata.tables['paper']
    found = [row for row in _suspects(bind, entry) if _is_notice(row.comments or '', row.abstract)]
    for row in found:
        extra = {**row.extra, 'withdrawn': True}
        bind.execute(sa.update(entry).where(entry.c.pk == row.pk).values(extra=extra))
    # No event tells of it: what was withdrawn long ago is no news.
    for paper_id in _withdrawn(bind, entry, sorted({row.paper_id for row in found})):
        mine = paper.c.id == paper_id
        doc = bind.execute(sa.select(paper.c.doc).where(mine)).scalar_one()
        bind.execute(sa.update(paper).where(mine).values(withdrawn=True, doc={**doc, 'withdrawn': True}))


def _suspects(bind: sa.Connection, entry: sa.Table) -> list[Any]:
    """arXiv's entries that speak of a withdrawal and do not count as withdrawn."""
    comments = entry.c.extra['comments'].as_string()
    asked = sa.select(entry.c.pk, entry.c.paper_id, entry.c.abstract, entry.c.extra, comments.label('comments'))
    said = (sa.func.substr(text, 1, _LONGEST).ilike('%withdrawn%') for text in (comments, entry.c.abstract))
    rows = bind.execute(asked.where(entry.c.kind == 'arxiv', entry.c.role == 'preprint', sa.or_(*said)))
    return [row for row in rows if not row.extra.get('withdrawn')]


def _is_notice(comments: str, abstract: str) -> bool:
    return bool(_NOTICE.match(comments) or (_OF_ITSELF.match(abstract) and _NOTICE.match(abstract)))


def _withdrawn(bind: sa.Connection, entry: sa.Table, papers: list[str]) -> Iterator[str]:
    """Those of these papers whose latest preprint is withdrawn and that are in no proceedings."""
    for at in range(0, len(papers), _AT_ONCE):
        part = papers[at : at + _AT_ONCE]
        asked = sa.select(entry.c.paper_id, entry.c.role, entry.c.extra).where(entry.c.paper_id.in_(part))
        order = (sa.func.coalesce(entry.c.version, 0), entry.c.fidelity, entry.c.key.desc())
        roles: dict[str, dict[str, Any]] = {}
        for row in bind.execute(asked.order_by(*order)):
            roles.setdefault(row.paper_id, {})[row.role] = row.extra
        for paper_id, latest in roles.items():
            if 'proceedings' not in latest and latest['preprint'].get('withdrawn'):
                yield paper_id


def downgrade() -> None:
    """They are withdrawn all the same."""
