"""of which entries the words are that people said of papers which became one"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of papers that became one before this nobody knows what was said of which: it stays where it is.
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.create_table('feedback_of_entry',
    sa.Column('entry_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('topic', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_pk', number, autoincrement=False, nullable=False),
    sa.Column('relevant', sa.Boolean(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_feedback_of_entry_person_pk')),
    sa.PrimaryKeyConstraint('entry_key', 'topic', 'person_pk', name=op.f('pk_feedback_of_entry'))
    )
    op.create_table('kept_of_entry',
    sa.Column('entry_key', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_pk', number, autoincrement=False, nullable=False),
    *(sa.Column(f'{shelf}_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True)
      for shelf in ('starred', 'later', 'hidden', 'read')),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('noted_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_kept_of_entry_person_pk')),
    sa.PrimaryKeyConstraint('entry_key', 'person_pk', name=op.f('pk_kept_of_entry'))
    )


def downgrade() -> None:
    op.drop_table('kept_of_entry')
    op.drop_table('feedback_of_entry')
