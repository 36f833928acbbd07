"""the hot list of a topic weighs how likely a paper is about it"""

import math
from typing import Any

from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    log10 = 'log'
    if bind.dialect.name == 'sqlite':  # not every SQLite is built with logarithms
        log10 = 'daypaper_log10'
        raw: Any = bind.connection.driver_connection
        raw.create_function(log10, 1, math.log10, deterministic=True)
    op.execute(f'UPDATE tag SET heat = heat + {log10}(CASE WHEN probability > 0.01 THEN probability ELSE 0.01 END)')


def downgrade() -> None:
    op.execute('UPDATE tag SET heat = (SELECT heat FROM paper WHERE pk = tag.paper_pk)')
