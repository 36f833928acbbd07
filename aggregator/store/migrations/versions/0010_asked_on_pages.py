"""sources asked for by hand, papers passed by, tokens that expire"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def upgrade() -> None:
    op.create_table('wish',
    sa.Column('source', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('asked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('run_id', _BIG, nullable=True),
    sa.PrimaryKeyConstraint('source', name=op.f('pk_wish'))
    )
    op.create_table('passed',
    sa.Column('paper_id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('topic', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_pk', _BIG, autoincrement=False, nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['paper_id'], ['paper.id'], name=op.f('fk_passed_paper_id')),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_passed_person_pk')),
    sa.PrimaryKeyConstraint('paper_id', 'topic', 'person_pk', name=op.f('pk_passed'))
    )
    op.add_column(
        'token', sa.Column('expires_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
    )


def downgrade() -> None:
    op.drop_column('token', 'expires_at')
    op.drop_table('passed')
    op.drop_table('wish')
