"""venues compared byte by byte, whatever the language of the database"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    # On PostgreSQL alone: SQLite compares bytes anyway.
    if op.get_bind().dialect.name == 'postgresql':
        op.alter_column('paper', 'venue', type_=sa.String(collation='C'))


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.alter_column('paper', 'venue', type_=sa.String(collation='default'))
