"""what people decided about entries"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('ruling',
    sa.Column('a', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('b', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('together', sa.Boolean(), nullable=False),
    sa.Column('by', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('at', sqlmodel.sql.sqltypes.UTCDateTime(), nullable=False),
    sa.PrimaryKeyConstraint('a', 'b', name=op.f('pk_ruling'))
    )


def downgrade() -> None:
    op.drop_table('ruling')
