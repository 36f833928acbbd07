"""the search index in the order of dates; how many papers each topic has"""

import logging

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

log = logging.getLogger('aggregator.store')

_AT_ONCE = 50_000
_BY_DATE = "CAST(strftime('%s', substr(p.at, 1, 19)) AS INTEGER) << 28 | p.pk"
_NEWS = "{0}.kind = 'paper' AND NOT {0}.starter"
_MORE = 'INSERT INTO topic_size (topic, papers) VALUES ({0}.topic, 1) ON CONFLICT (topic) DO UPDATE SET papers = topic_size.papers + 1'
_LESS = 'UPDATE topic_size SET papers = papers - 1 WHERE topic = {0}.topic'
_COUNTED = "{0}.tagged AND EXISTS (SELECT 1 FROM paper AS p WHERE p.pk = {0}.paper_pk AND p.kind = 'paper' AND NOT p.starter)"
_MOVED = (
    'INSERT INTO topic_size (topic, papers) SELECT topic, CASE WHEN '
    + _NEWS.format('NEW')
    + ' THEN 1 ELSE -1 END FROM tag WHERE paper_pk = NEW.pk AND tagged'
    ' ON CONFLICT (topic) DO UPDATE SET papers = topic_size.papers + excluded.papers'
)
_CHANGED = f"({_NEWS.format('OLD')}) <> ({_NEWS.format('NEW')})"


def upgrade() -> None:
    op.create_table('topic_size',
    sa.Column('topic', sqlmodel.sql.sqltypes.AutoString(), nullable=False),
    sa.Column('papers', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('topic', name=op.f('pk_topic_size'))
    )
    op.execute(
        'INSERT INTO topic_size (topic, papers) SELECT t.topic, count(*) FROM tag AS t'
        f" JOIN paper AS p ON p.pk = t.paper_pk WHERE t.tagged AND {_NEWS.format('p')} GROUP BY t.topic"
    )
    if op.get_bind().dialect.name == 'sqlite':
        op.execute(f"CREATE TRIGGER tag_added AFTER INSERT ON tag WHEN {_COUNTED.format('NEW')} BEGIN {_MORE.format('NEW')}; END")
        op.execute(f"CREATE TRIGGER tag_gone AFTER DELETE ON tag WHEN {_COUNTED.format('OLD')} BEGIN {_LESS.format('OLD')}; END")
        op.execute(f'CREATE TRIGGER paper_changed AFTER UPDATE OF kind, starter ON paper WHEN {_CHANGED} BEGIN {_MOVED}; END')
        _index_anew(_BY_DATE)
    else:
        _trigger('tag_added', 'AFTER INSERT ON tag', _COUNTED.format('NEW'), _MORE.format('NEW'))
        _trigger('tag_gone', 'AFTER DELETE ON tag', _COUNTED.format('OLD'), _LESS.format('OLD'))
        _trigger('paper_changed', 'AFTER UPDATE OF kind, starter ON paper', _CHANGED, _MOVED)


def _trigger(name: str, moment: str, condition: str, work: str) -> None:
    op.execute(f'CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {condition} THEN {work}; END IF; RETURN NULL; END $$')
    op.execute(f'CREATE TRIGGER {name} {moment} FOR EACH ROW EXECUTE FUNCTION {name}()')


def _index_anew(key: str) -> None:
    """Copy SQLite's search index under other keys; a million papers take some minutes."""
    bind = op.get_bind()
    total = bind.scalar(sa.text('SELECT count(*) FROM paper_fts_content'))
    op.execute("CREATE VIRTUAL TABLE paper_fts_anew USING fts5(title, body, authors, tokenize='unicode61')")
    op.execute("INSERT INTO paper_fts_anew(paper_fts_anew, rank) VALUES ('hashsize', 33554432)")
    done, last = 0, sa.text('SELECT at, pk FROM paper ORDER BY at, pk LIMIT 1 OFFSET :done')
    part = (
        'INSERT INTO paper_fts_anew(rowid, title, body, authors)'
        f' SELECT {key}, c.c0, c.c1, c.c2 FROM paper AS p CROSS JOIN paper_fts_content AS c ON c.id = {{0}}'
        ' WHERE (p.at, p.pk) >= (:at, :pk) ORDER BY p.at, p.pk LIMIT :most'
    ).format('p.pk' if key == _BY_DATE else _BY_DATE)
    while begin := bind.execute(last, {'done': done}).first():
        bind.execute(sa.text(part), {'at': begin.at, 'pk': begin.pk, 'most': _AT_ONCE})
        done += _AT_ONCE
        if total > _AT_ONCE:
            log.info('search index: %d of %d papers', min(done, total), total)
    op.execute("INSERT INTO paper_fts_anew(paper_fts_anew, rank) VALUES ('hashsize', 1048576)")
    op.execute('DROP TABLE paper_fts')
    op.execute('ALTER TABLE paper_fts_anew RENAME TO paper_fts')


def downgrade() -> None:
    sqlite = op.get_bind().dialect.name == 'sqlite'
    for name, table in (('tag_added', 'tag'), ('tag_gone', 'tag'), ('paper_changed', 'paper')):
        op.execute(f'DROP TRIGGER {name}' if sqlite else f'DROP TRIGGER {name} ON {table}')
        if not sqlite:
            op.execute(f'DROP FUNCTION {name}()')
    op.drop_table('topic_size')
    if sqlite:
        _index_anew('p.pk')
