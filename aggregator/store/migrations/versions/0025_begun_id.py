"""a subscription knows what was there when it began: what is stored after that is news, however late its first
digest is"""

import sqlalchemy as sa
from alembic import op

revision = '0025'
down_revision = '0024'
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), 'sqlite')
    op.add_column('subscription', sa.Column('begun_id', number, nullable=False, server_default='0'))
    newest = '(SELECT coalesce(max(id), 0) FROM event)'
    # Of before nobody knows it: as if what waits for its first digest had begun now.
    op.execute(
        f'UPDATE subscription SET begun_id = CASE WHEN started_at IS NULL THEN {newest} ELSE started_id END'
    )


def downgrade() -> None:
    op.drop_column('subscription', 'begun_id')
