"""Numbers that one process at a time works on; what a process held is free when it dies."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection


class Claims:
    """Advisory locks of PostgreSQL's, held by a connection of their own. Without a connection this
    process is alone anyway."""

    def __init__(self, connection: Connection | None, kind: int) -> None:
        """`kind` tells these numbers from others; 31 bits."""
        self._connection, self._kind = connection, kind
        self._mine: set[int] = set()

    def take(self, number: int) -> bool:
        """Claim a number (31 bits); False if it is claimed already, here or elsewhere."""
        # The database would give it once more to the connection that has it.
        if number in self._mine or not self._ask(sa.func.pg_try_advisory_lock, number):
            return False
        self._mine.add(number)
        return True

    def give_back(self, number: int) -> None:
        """End a claim. Raises OperationalError if the connection was lost, and the claim with it."""
        self._mine.discard(number)
        self._ask(sa.func.pg_advisory_unlock, number)

    def end(self) -> None:
        """End all claims."""
        for number in tuple(self._mine):
            self.give_back(number)

    def _ask(self, function: Any, number: int) -> bool:
        if self._connection is None:
            return True
        asked = function(sa.cast(self._kind, sa.Integer), sa.cast(number, sa.Integer))
        return bool(self._connection.scalar(sa.select(asked)))
