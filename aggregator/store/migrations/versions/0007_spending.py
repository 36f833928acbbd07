"""requests that upstreams were sent on a day, out of a daily budget"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('spending',
    sa.Column('upstream', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('day', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.Column('most', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('upstream', 'day', name=op.f('pk_spending'))
    )
    # Each source counted for itself before.
    op.execute("DELETE FROM checkpoint WHERE stream IN ('semanticscholar:budget', 'openalex:budget')")
