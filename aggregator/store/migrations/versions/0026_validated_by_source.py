"""what a source last read is kept under its name and the address, in two columns"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None


def upgrade() -> None:
    rows = _taken()
    for row in rows:
        row['source'], _, row['url'] = str(row['url']).partition(' ')
    op.bulk_insert(_made('source', 'url'), rows)


def downgrade() -> None:
    rows = _taken()
    for row in rows:
        row['url'] = f'{row.pop("source")} {row["url"]}'
    op.bulk_insert(_made('url'), rows)


def _taken() -> list[dict[str, str | None]]:
    rows = [dict(row) for row in op.get_bind().execute(sa.text('SELECT * FROM validated')).mappings()]
    op.drop_table('validated')
    return rows


def _made(*keys: str) -> sa.Table:
    maybe = ('etag', 'last_modified')
    columns = [
        sa.Column(name, sqlmodel.sql.sqltypes.AutoString(), nullable=name in maybe)
        for name in (*keys, *maybe, 'digest')
    ]
    return op.create_table('validated', *columns, sa.PrimaryKeyConstraint(*keys, name=op.f('pk_validated')))
