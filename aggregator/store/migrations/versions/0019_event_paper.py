"""an index of events that another one begins with is gone"""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_event_paper_id', table_name='event')


def downgrade() -> None:
    op.create_index('ix_event_paper_id', 'event', ['paper_id'])
