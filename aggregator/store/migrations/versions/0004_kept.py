"""what readers keep: stars, papers for later, hidden and read ones, notes"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('kept',
    sa.Column('person_pk', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('paper_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('starred_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('later_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('hidden_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('read_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('noted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['paper_id'], ['paper.id'], name=op.f('fk_kept_paper_id')),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_kept_person_pk')),
    sa.PrimaryKeyConstraint('person_pk', 'paper_id', name=op.f('pk_kept'))
    )
    with op.batch_alter_table('kept', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_kept_paper_id'), ['paper_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_kept_person_pk_starred_at'), ['person_pk', 'starred_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_kept_person_pk_later_at'), ['person_pk', 'later_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_kept_person_pk_hidden_at'), ['person_pk', 'hidden_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_kept_person_pk_noted_at'), ['person_pk', 'noted_at'], unique=False)
