"""The report of a benchmark from stored cells, as a piece of work."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from qml.base.errors import DataError
from qml.base.files import made_folder
from qml.bench import Protocol, Store
from qml.bench.merge import differing
from qml.bench.scale import listed, listed_some
from qml.estimators.data_choice import signature_of
from qml.estimators.jobs import BenchmarkJob
from qml.estimators.reports import WrittenReport, written


@dataclass(frozen=True)
class ReportJob(BenchmarkJob):
    """The report of a benchmark, from the cells that are in the store now; it runs none.

    Args:
        also: further stores, such as that of another machine, whose cells are read together with those of `store`.
    """

    also: Sequence[str] = ()

    @property
    def stores(self) -> tuple[Store, ...]:
        """All that is read.

        Raises:
            DataError: one of them is not there; nothing is made in its place.
        """
        given = {f"store={self.store}": [self.store], f"also={list(self.also)}": self.also}
        for asked, folders in given.items():
            absent = [folder for folder in folders if not _is_store(folder)]
            if absent:
                raise DataError(f"{asked} was asked for; {absent[0]!r} is no store of cells. Check the path.")
        return tuple(Store(folder) for folder in (self.store, *self.also))

    def run(self, progress: bool | None = None, command: Sequence[str] = ()) -> WrittenReport:
        """Join the cells of the protocol and write HTML and Markdown.

        Args:
            progress: not used.
            command: words that run the cells, told where there are none.

        Raises:
            DataError: a store has no cell of this protocol; no folder is made.
        """
        protocol = self.read(command)
        made_folder("out", self.out)
        return written(self.stores, protocol, self.out, self.recipe_name)

    def read(self, command: Sequence[str] = ()) -> Protocol:
        """The protocol, of which `store` has cells.

        Args:
            command: words that run the cells, told where there are none.

        Raises:
            DataError: the store has no cell of this protocol.
        """
        protocol = self.terms(signature_of(self.data.source(self.protocol.seeds[0])))
        has_cells = _is_store(self.store)
        held = {result.cell.protocol_hash: result.protocol for result in Store(self.store)} if has_cells else {}
        if protocol.hash not in held:
            words = command or ("python", "-m", "experiments.benchmark", f"recipe={self.recipe_name or 'NAME'}")
            raise DataError(
                f"{protocol.data}: no finished cell of this protocol ({protocol.name}, {protocol.hash[:12]}) in "
                f"{self.store}{self._held(held.values(), protocol) if has_cells else ', where there is no store'}. "
                f"Check data, protocol and store, or run `{shlex.join(words)}` first."
            )
        return protocol

    @staticmethod
    def _held(held: Iterable[Protocol], asked: Protocol) -> str:
        """What a store has in place of the protocol that was asked for; of the same data, what tells the two apart."""
        found = []
        for other in sorted(held, key=lambda other: (other.data != asked.data, other.name)):
            differ = differing([replace(one, title="").to_json() for one in (other, asked)])
            said = f"differs in {listed(differ)}" if other.data == asked.data else other.hash[:12]
            found.append(f"{other.name} on {other.data} ({said})")
        return f", which holds {listed_some(found)}" if found else ", which holds no finished cell"


def _is_store(folder: str) -> bool:
    """Whether cells lie, or may lie, in a folder; a `Store` would make it."""
    return (Path(folder) / "cells").is_dir()
