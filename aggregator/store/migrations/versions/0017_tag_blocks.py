"""many processes share the tagging: papers that wait in order, blocks of papers to tag anew"""

import sqlalchemy as sa
from alembic import op

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None

_WAITS = sa.text('tagged_by IS NULL')
_NEWS = "p.kind = 'paper' AND NOT p.starter"
_COUNTED = f'FROM {{0}} AS t JOIN paper AS p ON p.pk = t.paper_pk WHERE t.tagged AND {_NEWS} GROUP BY t.topic'
_MORE = (
    f'INSERT INTO topic_size (topic, papers) SELECT t.topic, count(*) {_COUNTED.format("added")}'
    ' ON CONFLICT (topic) DO UPDATE SET papers = topic_size.papers + excluded.papers'
)
_LESS = (
    'UPDATE topic_size SET papers = papers - less.n'
    f' FROM (SELECT t.topic, count(*) AS n {_COUNTED.format("gone")}) AS less WHERE less.topic = topic_size.topic'
)
_ONE = "{0}.tagged AND EXISTS (SELECT 1 FROM paper AS p WHERE p.pk = {0}.paper_pk AND p.kind = 'paper' AND NOT p.starter)"
_ONE_MORE = 'INSERT INTO topic_size (topic, papers) VALUES (NEW.topic, 1) ON CONFLICT (topic) DO UPDATE SET papers = topic_size.papers + 1'
_ONE_LESS = 'UPDATE topic_size SET papers = papers - 1 WHERE topic = OLD.topic'


def upgrade() -> None:
    op.create_table('tag_block',
    sa.Column('block', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), autoincrement=False, nullable=False),
    sa.PrimaryKeyConstraint('block', name=op.f('pk_tag_block'))
    )
    # A walk that is under way begins anew: nobody knows its blocks.
    op.execute("UPDATE topic_state SET wanted = '' WHERE wanted <> version")
    op.drop_column('topic_state', 'done_pk')
    op.drop_index('ix_paper_tagged_by', 'paper')
    op.create_index('ix_paper_waiting', 'paper', ['at', 'pk'], sqlite_where=_WAITS, postgresql_where=_WAITS)
    if op.get_bind().dialect.name != 'sqlite':  # SQLite knows no triggers of whole statements
        _by_statement('tag_added', 'INSERT', 'NEW TABLE AS added', _MORE)
        _by_statement('tag_gone', 'DELETE', 'OLD TABLE AS gone', _LESS)


def _by_statement(name: str, moment: str, rows: str, work: str) -> None:
    op.execute(f'DROP TRIGGER {name} ON tag')
    op.execute(f'CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {work}; RETURN NULL; END $$')
    op.execute(f'CREATE TRIGGER {name} AFTER {moment} ON tag REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION {name}()')


def _by_row(name: str, moment: str, condition: str, work: str) -> None:
    op.execute(f'DROP TRIGGER {name} ON tag')
    op.execute(f'CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN {work}; END IF; RETURN NULL; END $$')
    op.execute(f'CREATE TRIGGER {name} AFTER {moment} ON tag FOR EACH ROW EXECUTE FUNCTION {name}()')


def downgrade() -> None:
    op.drop_index('ix_paper_waiting', 'paper')
    op.create_index('ix_paper_tagged_by', 'paper', ['tagged_by'])
    op.add_column('topic_state', sa.Column('done_pk', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
    op.drop_table('tag_block')
    if op.get_bind().dialect.name != 'sqlite':
        _by_row('tag_added', 'INSERT', _ONE.format('NEW'), _ONE_MORE)
        _by_row('tag_gone', 'DELETE', _ONE.format('OLD'), _ONE_LESS)
