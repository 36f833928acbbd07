"""PostgreSQL knows more words by how often they occur; an index of events that another one begins with is gone"""

from alembic import op

revision = '0019'
down_revision = '0018'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_event_paper_id', table_name='event')
    if op.get_bind().dialect.name == 'postgresql':
        # Ten words for each: those of one in five hundred papers are known then.
        op.execute('ALTER TABLE paper_search ALTER COLUMN document SET STATISTICS 1000')
        op.execute('ANALYZE paper_search')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE paper_search ALTER COLUMN document SET STATISTICS -1')
    op.create_index('ix_event_paper_id', 'event', ['paper_id'])
