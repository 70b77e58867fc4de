"""One look over a column of all files where nobody has said which words or classes it holds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from qml.data.arrow import plain_column
from qml.data.stream.places import Place

log = logging.getLogger(__name__)
AT_ONCE = 4
FIRST_ROWS = 4


@dataclass(frozen=True)
class Scanned:
    """The values of columns, looked up in the files when they are asked for.

    Args:
        place: of the files.
        files: paths below the root.
    """

    place: Place
    files: Sequence[str]

    def words(self, column: str) -> tuple[str, ...]:
        """The distinct words of a column, sorted; numbers as words."""
        return tuple(sorted(str(value) for value in self._distinct(column, as_words=True)))

    def numbers(self, column: str) -> tuple[Any, ...]:
        """The distinct numbers or truth values of a column, sorted."""
        return tuple(sorted(self._distinct(column, as_words=False)))

    def first(self, column: str) -> list[Any]:
        """The first few values of a column."""
        name = self.files[0]
        with self.place.parquet(name) as file, self.place.sound(name):
            batch = next(file.iter_batches(batch_size=FIRST_ROWS, columns=[column]))
            return batch.column(0).to_pylist()

    def _distinct(self, column: str, *, as_words: bool) -> set[Any]:
        log.info("%s: column %r is read once for its values", self.place.shown(), column)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            found = pool.map(lambda name: self._of_file(name, column, as_words), self.files)
            return set().union(*found)

    def _of_file(self, name: str, column: str, as_words: bool) -> set[Any]:
        import pyarrow as pa

        values: set[Any] = set()
        with self.place.parquet(name) as file, self.place.sound(name):
            for group in range(file.num_row_groups):
                found = plain_column(file.read_row_group(group, columns=[column]).column(0)).unique()
                values |= set((found.cast(pa.large_string()) if as_words else found).to_pylist())
        return {value for value in values if value is not None and value == value}
