"""Tags the papers that wait, and single topics anew where they or their models changed.

A block of papers is read, looked at outside of any transaction, and written if it is still as it was
read. Any number of processes share the blocks: `store/retag.py`.
"""

import logging
import time
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace

from aggregator import clock
from aggregator.learn import learning, taggers
from aggregator.learn.crew import WORTH_IT, crew
from aggregator.settings import Settings
from aggregator.store import retag
from aggregator.store.claims import Claims
from aggregator.store.db import Store
from aggregator.store.retag import OvertakenError, Piece
from aggregator.tag.anew import Change, Look, Plain
from aggregator.tag.versions import topic_versions
from aggregator.topics import Config

log = logging.getLogger(__name__)

ROUNDS = 3
"""How often in a row a run begins anew since papers are wanted by other versions by now."""
POLL = 0.1  # seconds between looks for what others hold
_MODELS = -1  # claimed by who makes models


def tag(store: Store, settings: Settings, config: Config, *, everything: bool = False) -> int:
    """Tag the papers that wait (all with `everything`), then make anew the tags of topics that
    changed; returns how many papers were looked at here. A kill loses some blocks' work at most."""
    total = 0
    with store.claims("tag") as claims:
        # Who did not wait would tag by keywords what is tagged by the new model right afterwards; and
        # if its maker died, nobody would make it.
        while not claims.take(_MODELS):
            time.sleep(POLL)
        learning.own_models(store, settings, config, clock.wall())
        claims.give_back(_MODELS)
        if everything:
            with store.write() as connection:
                retag.forget(connection)
        for _ in range(ROUNDS):
            one = _Round(store, settings, config, claims)
            try:
                one.begin()
                one.run()
            except OvertakenError:
                claims.end()
                continue
            finally:
                total += one.looked_at
            return total
    log.warning("other processes tag by other models, or by another topics.toml")
    return total


class _Round:
    """Tagging by the models of one moment."""

    def __init__(self, store: Store, settings: Settings, config: Config, claims: Claims) -> None:
        self._store, self._claims = store, claims
        self._using = taggers.in_use(store, settings, config)
        by_topic = self._using.by_topic(config)
        self._versions: Mapping[str, str] = topic_versions(config.topics, by_topic)
        self._look = Look(tuple(map(Plain.of, config.topics)), by_topic, frozenset())
        # Blocks that the last look found, and whether their papers wait for all their tags.
        self._found = deque[tuple[int, bool]]()
        self.looked_at = 0

    def begin(self) -> None:
        """Let papers be wanted by these models, if they are not."""
        with self._store.read() as connection:
            stale = retag.begun(connection, self._versions)
        if stale is None:
            with self._store.write() as connection:
                stale = retag.begin(connection, self._versions, self._using.made)
        self._look = replace(self._look, stale=stale)

    def run(self) -> None:
        """Tag until nothing is left, here or in the hands of others. Raises OvertakenError."""
        with self._store.read() as connection:
            backlog = retag.backlog(connection, WORTH_IT)
        if not backlog:
            return
        flying: deque[tuple[Piece, Future[list[Change]]]] = deque()
        with crew(self._look, backlog) as (ask, most):
            while True:
                others = False
                while len(flying) < most:
                    piece, others = self._next()
                    if piece is None:
                        break
                    flying.append((piece, ask(piece.papers, piece.whole)))
                if flying:
                    self._save(*flying.popleft())
                elif others:
                    time.sleep(POLL)
                else:
                    return

    def _next(self) -> tuple[Piece | None, bool]:
        """A block that nobody has, among those that the last look found, else among those that a new one
        finds; what waits goes before what is made anew. And whether it found some that others have."""
        piece, _ = self._of_found()
        if piece:
            return piece, False
        with self._store.read() as connection:
            self._found += [(block, True) for block in retag.waiting_blocks(connection)]
            self._found += [(block, False) for block in retag.walk_blocks(connection, SEEN)]
        return self._of_found()

    def _of_found(self) -> tuple[Piece | None, bool]:
        others = False
        while self._found:
            block, whole = self._found.popleft()
            if not self._claims.take(block):
                others = True
                continue
            piece = self._read(block, whole)
            if piece.papers or not whole:
                return piece, others
            self._claims.give_back(block)  # somebody tagged them since the look, or more than these
            others = True
        return None, others

    def _read(self, block: int, whole: bool) -> Piece:
        # In a transaction of its own: who had the block before may have written just now.
        with self._store.read() as connection:
            return retag.read(connection, block, whole=whole)

    def _save(self, piece: Piece, later: Future[list[Change]]) -> None:
        changes = later.result()
        with self._store.write() as connection:
            self.looked_at += retag.save(
                connection, piece, changes, self._versions, self._look.stale
            )
        self._claims.give_back(piece.block)


SEEN = 64
"""Blocks of the walk among which one is looked for that nobody has."""
