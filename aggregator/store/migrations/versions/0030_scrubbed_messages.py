"""no message of an older run holds what opens a private address"""

import re

import sqlalchemy as sa
from alembic import op

revision = '0030'
down_revision = '0028'
branch_labels = None
depends_on = None

# What `aggregator.parse.addresses` takes out, as it was at this migration.
_WORD = re.compile(r'[a-z]{1,12}(\.[a-z]{2,4})?')
_ADDRESS = re.compile(r"https?://[^\s\"'<>]*[^\s\"'<>.,:;!?)]")
_ASKED = re.compile(r'(?<= for )/\S*[^\s.,;]')
_USER = re.compile(r'(?<=//)[^/?#]*@')
_PLACES = (('run', 'id', 'message'), ('upstream', 'name', 'cooldown_reason'))


def upgrade() -> None:
    bind = op.get_bind()
    for table, key, column in _PLACES:
        place = sa.table(table, sa.column(key), sa.column(column))
        said = place.c[column]
        asked = sa.select(place.c[key], said).where(sa.or_(said.like('%://%'), said.like('% for /%')))
        for name, text in bind.execute(asked).all():
            if (clean := _scrubbed(text)) != text:
                bind.execute(sa.update(place).where(place.c[key] == name).values({column: clean}))


def _scrubbed(text: str) -> str:
    text = _ADDRESS.sub(lambda found: _discreet(found[0]), text)
    return _ASKED.sub(lambda found: _masked(found[0]), text)


def _discreet(url: str) -> str:
    bare = re.split(r'[?#]', _USER.sub('', url), maxsplit=1)[0]
    scheme, _, rest = bare.partition('://')
    host, slash, path = rest.partition('/')
    return f'{scheme}://{host}' + _masked(slash + path)


def _masked(path: str) -> str:
    first, more, _ = path[1:].partition('/')
    if not _WORD.fullmatch(first):
        return '/…' if path[1:] else path
    return f'/{first}/…' if more else path


def downgrade() -> None:
    """What was taken out is nowhere."""
