"""PostgreSQL keeps the search document of a paper in the row, not beside it"""

import logging

import sqlalchemy as sa
from alembic import op

revision = '0020'
down_revision = '0019'
branch_labels = None
depends_on = None

log = logging.getLogger('aggregator.store')

_AT_ONCE = 50_000
# A document that was packed is unpacked by putting nothing to its end; else it would be copied as it is.
_ANEW = (
    "INSERT INTO paper_search (pk, document) SELECT pk, document || ''::tsvector"
    ' FROM paper_search_before WHERE pk > :after AND pk <= :upto ORDER BY pk'
)


def upgrade() -> None:
    if op.get_bind().dialect.name != 'postgresql':
        return
    # A walk that looks for words reads a page for three papers, where it read three pages for one.
    op.execute('ALTER TABLE paper_search SET (toast_tuple_target = 8160)')
    _written_anew()


def _written_anew() -> None:
    """What is there already; a million papers take a few minutes. The table stays: it may have been
    granted to others."""
    bind = op.get_bind()
    total = bind.scalar(sa.text('SELECT count(*) FROM paper_search'))
    if not total:
        return
    op.execute('CREATE TEMPORARY TABLE paper_search_before ON COMMIT DROP AS SELECT * FROM paper_search')
    op.execute('CREATE INDEX ON paper_search_before (pk)')
    op.execute('DROP INDEX ix_paper_search_document')
    op.execute('TRUNCATE paper_search')
    after, done = 0, 0
    beyond = sa.text('SELECT max(pk) FROM (SELECT pk FROM paper_search_before WHERE pk > :after ORDER BY pk LIMIT :most) AS part')
    while upto := bind.scalar(beyond, {'after': after, 'most': _AT_ONCE}):
        done += bind.execute(sa.text(_ANEW), {'after': after, 'upto': upto}).rowcount
        after = upto
        if total > _AT_ONCE:
            log.info('search documents: %d of %d papers', done, total)
    if total > _AT_ONCE:
        log.info('search index: sorting the words of %d papers', total)
    op.execute("SET LOCAL maintenance_work_mem = '256MB'")
    op.execute('CREATE INDEX ix_paper_search_document ON paper_search USING gin (document)')
    op.execute('ANALYZE paper_search')


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        op.execute('ALTER TABLE paper_search RESET (toast_tuple_target)')
