"""accounts: links that sign in, sessions, identities at a provider"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('sign_in',
    sa.Column('id', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('address', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('browser', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('back', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in'))
    )
    op.create_index(op.f('ix_sign_in_address'), 'sign_in', ['address'], unique=False)
    op.create_table('session',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_pk', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.Column('ends_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_session_person_pk')),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_session'))
    )
    op.create_index(op.f('ix_session_ends_at'), 'session', ['ends_at'], unique=False)
    op.create_index(op.f('ix_session_person_pk'), 'session', ['person_pk'], unique=False)
    op.create_table('identity',
    sa.Column('issuer', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('subject', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('person_pk', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.Column('made_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.ForeignKeyConstraint(['person_pk'], ['person.pk'], name=op.f('fk_identity_person_pk')),
    sa.PrimaryKeyConstraint('issuer', 'subject', name=op.f('pk_identity')),
    sa.UniqueConstraint('issuer', 'person_pk', name=op.f('uq_identity_issuer_person_pk'))
    )
    op.create_index(op.f('ix_identity_person_pk'), 'identity', ['person_pk'], unique=False)


def downgrade() -> None:
    op.drop_table('identity')
    op.drop_table('session')
    op.drop_table('sign_in')
