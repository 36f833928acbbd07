"""no key is given a second time: the highest ones that were deleted are noted"""

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None

_KEYS = {
    'entry': 'pk',
    'paper': 'pk',
    'event': 'id',
    'run': 'id',
    'person': 'pk',
    'subscription': 'pk',
    'letter': 'pk',
    'audit': 'pk',
    'token': 'pk',
    'model': 'pk',
    'training': 'pk',
}
_NOTED = 'ON CONFLICT (name) DO UPDATE SET highest = excluded.highest WHERE excluded.highest > gone.highest'
# Keys that something still speaks of though their rows may be gone.
_SAID = {
    'event': 'SELECT covered AS key FROM subscription UNION ALL SELECT started_id FROM subscription',
    'paper': 'SELECT reach AS key FROM model',
    'run': 'SELECT run_id AS key FROM wish',
}
_OF_LETTERS = {
    'sqlite': 'SELECT each.value AS key FROM letter, json_each(letter.subscriptions) AS each',
    'postgresql': 'SELECT CAST(jsonb_array_elements(subscriptions) AS bigint) AS key FROM letter',
}


def upgrade() -> None:
    op.create_table('gone',
    sa.Column('name', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('highest', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_gone'))
    )
    dialect = op.get_bind().dialect.name
    for table, said in (_SAID | {'subscription': _OF_LETTERS[dialect]}).items():
        op.execute(
            f"INSERT INTO gone (name, highest) SELECT '{table}', max(key) FROM ({said}) AS said HAVING max(key) > 0"
        )
    for table, key in _KEYS.items():
        if dialect == 'sqlite':
            noted = f"INSERT INTO gone (name, highest) VALUES ('{table}', OLD.{key}) {_NOTED}"
            op.execute(f'CREATE TRIGGER {table}_key_gone AFTER DELETE ON {table} BEGIN {noted}; END')
            continue
        noted = f"INSERT INTO gone (name, highest) SELECT '{table}', max({key}) FROM old HAVING count(*) > 0 {_NOTED}"
        name = f'{table}_key_gone'
        op.execute(f'CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {noted}; RETURN NULL; END $$')
        op.execute(
            f'CREATE TRIGGER {name} AFTER DELETE ON {table} REFERENCING OLD TABLE AS old'
            f' FOR EACH STATEMENT EXECUTE FUNCTION {name}()'
        )
        # A restored store counts on from the rows that it has.
        counter = f"pg_get_serial_sequence('{table}', '{key}')"
        op.execute(f"SELECT setval({counter}, greatest(nextval({counter}) - 1, highest)) FROM gone WHERE name = '{table}'")
    # Answers by the address alone: they are kept by source and address now, with a blank between.
    op.execute("DELETE FROM validated WHERE url NOT LIKE '% %'")


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == 'sqlite'
    for table in _KEYS:
        op.execute(f'DROP TRIGGER {table}_key_gone' if sqlite else f'DROP TRIGGER {table}_key_gone ON {table}')
        if not sqlite:
            op.execute(f'DROP FUNCTION {table}_key_gone()')
    op.drop_table('gone')
