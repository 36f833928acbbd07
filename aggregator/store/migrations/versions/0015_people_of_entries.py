"""entries by the same people can be looked up"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

from aggregator.merge.people import people_key
from aggregator.models import Draft

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.add_column(sa.Column('people_key', sqlmodel.sql.sqltypes.AutoString(), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table('entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_entry_people_key'), ['people_key'], unique=False)


def _fill(bind: sa.Connection) -> None:
    metadata = sa.MetaData()
    metadata.reflect(bind, only=('entry',), resolve_fks=False)
    entry = metadata.tables['entry']
    after = 0
    while True:
        asked = sa.select(entry.c.pk, entry.c.kind, entry.c.role, entry.c.published, entry.c.authors)
        rows = bind.execute(asked.where(entry.c.pk > after).order_by(entry.c.pk).limit(2000)).all()
        if not rows:
            break
        after = rows[-1].pk
        keys = [
            {'row': r.pk, 'people': people}
            for r in rows
            if (people := people_key(Draft(r.kind, '', r.role, '', '', r.published, authors=tuple(r.authors))))
        ]
        if keys:
            bind.execute(sa.update(entry).where(entry.c.pk == sa.bindparam('row')).values(people_key=sa.bindparam('people')), keys)


def downgrade() -> None:
    # Not as a batch, which would make the table anew: others refer to its rows.
    op.drop_index('ix_entry_people_key', 'entry')
    op.drop_column('entry', 'people_key')
