"""who ended a subscription, whose own its watch is, since when its owner is asked; erased addresses"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0021'
down_revision = '0020'
branch_labels = None
depends_on = None

# What was sent something, or confirmed, and has ended was left by its owner, as far as is known: the file
# wrote 'file, once' over their no, too.
_DECLINED = (
    "UPDATE subscription SET declined = true WHERE state = 'ended' AND (confirmed_at IS NOT NULL"
    ' OR EXISTS (SELECT 1 FROM delivery WHERE delivery.subscription_pk = subscription.pk))'
)
# A watch that is younger than its subscription has the name of another, which is gone.
_OWNER = (
    'UPDATE subscription SET watch_owner = (SELECT owner FROM watch WHERE watch.name = subscription.watch'
    ' AND (watch.created_at <= subscription.created_at OR watch.owner = subscription.person_pk))'
)


def upgrade() -> None:
    op.create_table('erased',
    sa.Column('digest', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.PrimaryKeyConstraint('digest', name=op.f('pk_erased'))
    )
    op.add_column('subscription', sa.Column('declined', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column('subscription', sa.Column('asked_at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=True))
    # By hand: SQLite adds no constraint afterwards, and making the table anew would break who refers to it.
    number = 'INTEGER' if op.get_bind().dialect.name == 'sqlite' else 'BIGINT'
    op.execute(f'ALTER TABLE subscription ADD COLUMN watch_owner {number} CONSTRAINT fk_subscription_watch_owner REFERENCES person (pk)')
    op.execute(_DECLINED)
    op.execute("UPDATE subscription SET origin = 'file' WHERE origin = 'file, once'")
    op.execute("UPDATE subscription SET asked_at = created_at WHERE state = 'pending'")
    op.execute(_OWNER)


def downgrade() -> None:
    op.execute("UPDATE subscription SET origin = 'file, once' WHERE origin = 'file' AND state = 'ended' AND NOT declined")
    for column in ('watch_owner', 'asked_at', 'declined'):
        op.execute(f'ALTER TABLE subscription DROP COLUMN {column}')
    op.drop_table('erased')
