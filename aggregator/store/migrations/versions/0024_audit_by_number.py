"""in the audit log people who were signed in are named by number, no longer by their address"""

from alembic import op

revision = '0024'
down_revision = '0023'
branch_labels = None
depends_on = None

# Of who was erased since then nothing is left to name them by.
_BY_NUMBER = (
    "UPDATE audit SET who = 'person ' || coalesce((SELECT CAST(person.pk AS VARCHAR(20)) FROM person"
    " WHERE person.address = 'email:' || substr(audit.who, 8)), 'erased') WHERE who LIKE 'person %@%'"
)


def upgrade() -> None:
    op.execute(_BY_NUMBER)


def downgrade() -> None:
    """An address that is gone cannot come back, and need not."""
