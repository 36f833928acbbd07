"""an event that is given a new id keeps its first one, so that it is no news to whoever began between"""

import sqlalchemy as sa
from alembic import op

revision = '0023'
down_revision = '0022'
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.add_column('event', sa.Column('first_id', number, nullable=True))


def downgrade() -> None:
    op.drop_column('event', 'first_id')
