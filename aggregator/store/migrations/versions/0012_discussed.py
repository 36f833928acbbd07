"""events of the posts about papers, as back-fill: what was posted before is no news"""

from alembic import op

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_event_kind_cause'), ['kind', 'cause'], unique=False)
    op.execute("""
        INSERT INTO event (paper_id, kind, cause, at, seen_at, backfill, superseded)
        SELECT told.paper_id, 'discussed', told.key, told.published, told.seen_at, true, false
        FROM (
            SELECT paper_id, key, published, seen_at FROM entry WHERE role = 'post'
            UNION
            SELECT alias.paper_id, entry.key, entry.published, entry.seen_at
            FROM mention
            JOIN alias ON alias.name = mention.name
            JOIN entry ON entry.key = mention.entry_key
            WHERE entry.role = 'post'
        ) AS told
        JOIN paper ON paper.id = told.paper_id
        WHERE paper.kind = 'paper'
        ORDER BY told.published, told.key, told.paper_id
    """)


def downgrade() -> None:
    op.execute("DELETE FROM event WHERE kind = 'discussed'")
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_event_kind_cause'))
