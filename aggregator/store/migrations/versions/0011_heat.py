"""the hot list in an index of its own"""

import math
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('paper', 'tag'):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.add_column(sa.Column('heat', sa.Double(), server_default='0', nullable=False))
    _fill(op.get_bind())
    with op.batch_alter_table('paper', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_paper_heat_pk'), ['heat', 'pk'], unique=False)
        batch_op.create_index(batch_op.f('ix_paper_kind_heat_pk'), ['kind', 'heat', 'pk'], unique=False)
    with op.batch_alter_table('tag', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_tag_topic_tagged_heat_paper_pk'), ['topic', 'tagged', 'heat', 'paper_pk'], unique=False)


def _fill(bind: sa.Connection) -> None:
    metadata = sa.MetaData()
    metadata.reflect(bind, only=('paper', 'tag'))
    paper, tag = metadata.tables['paper'], metadata.tables['tag']
    change = sa.update(paper).where(paper.c.pk == sa.bindparam('key')).values(heat=sa.bindparam('degree'))
    after = 0
    while True:
        asked = sa.select(paper.c.pk, paper.c.at, paper.c.doc['buzz'].label('buzz')).where(paper.c.pk > after)
        rows = bind.execute(asked.order_by(paper.c.pk).limit(2000)).all()
        if not rows:
            break
        after = rows[-1].pk
        bind.execute(change, [{'key': r.pk, 'degree': _hot(r.buzz or {}, r.at)} for r in rows])
    heat = sa.select(paper.c.heat).where(paper.c.pk == tag.c.paper_pk).scalar_subquery()
    bind.execute(sa.update(tag).values(heat=heat))


def _hot(buzz: dict, at: datetime) -> float:
    """`digest.rank.hot` as it is at this version."""
    work = (buzz.get('posts') or 0) + (buzz.get('citations') or 0)
    points = 1.0 + max(buzz.get('score') or 0, 0) + 3.0 * work
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return math.log10(points) + (at - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds() / (7.0 * 86_400)


def downgrade() -> None:
    op.drop_index('ix_tag_topic_tagged_heat_paper_pk', 'tag')
    op.drop_index('ix_paper_kind_heat_pk', 'paper')
    op.drop_index('ix_paper_heat_pk', 'paper')
    # Not as a batch: on SQLite that would make the tables anew, which others refer to.
    for table in ('tag', 'paper'):
        op.execute(f'ALTER TABLE {table} DROP COLUMN heat')
