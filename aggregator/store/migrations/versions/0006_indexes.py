"""venues and sources that can be looked up; the newest entry of each source"""

import json

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sighting',
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('paper_pk', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['paper_pk'], ['paper.pk'], name=op.f('fk_sighting_paper_pk')),
    sa.PrimaryKeyConstraint('paper_pk', 'source', name=op.f('pk_sighting'))
    )
    with op.batch_alter_table('sighting', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sighting_source_at_paper_pk'), ['source', 'at', 'paper_pk'], unique=False)
    op.create_table('newest',
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('published', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('source', name=op.f('pk_newest'))
    )
    with op.batch_alter_table('paper', schema=None) as batch_op:
        batch_op.add_column(sa.Column('venue', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
        batch_op.create_index(batch_op.f('ix_paper_venue_at'), ['venue', 'at'], unique=False)
    _fill(op.get_bind())


def _fill(bind: sa.Connection) -> None:
    metadata = sa.MetaData()
    metadata.reflect(bind, only=('paper', 'entry', 'sighting', 'newest'))
    paper, entry = metadata.tables['paper'], metadata.tables['entry']
    after = 0
    while True:
        asked = sa.select(paper.c.pk, paper.c.at, paper.c.doc).where(paper.c.pk > after)
        rows = bind.execute(asked.order_by(paper.c.pk).limit(2000)).all()
        if not rows:
            break
        after = rows[-1].pk
        venues = [{'key': r.pk, 'said': r.doc['venue'].lower()} for r in rows if r.doc.get('venue')]
        if venues:
            bind.execute(sa.update(paper).where(paper.c.pk == sa.bindparam('key')).values(venue=sa.bindparam('said')), venues)
        seen = [
            {'source': name, 'paper_pk': r.pk, 'at': r.at}
            for r in rows
            for name in sorted({s for e in r.doc.get('entries', ()) for s in e.get('sources', ())})
        ]
        if seen:
            bind.execute(sa.insert(metadata.tables['sighting']), seen)
    newest = {}
    text = sa.cast(entry.c.sources, sa.Text)
    for said, published in bind.execute(sa.select(text, sa.func.max(entry.c.published)).group_by(text)):
        for name in json.loads(said):
            newest[name] = max(newest.get(name, published), published)
    if newest:
        bind.execute(sa.insert(metadata.tables['newest']), [{'source': k, 'published': v} for k, v in newest.items()])


def downgrade() -> None:
    with op.batch_alter_table('paper', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_paper_venue_at'))
        batch_op.drop_column('venue')
    op.drop_table('newest')
    op.drop_table('sighting')
