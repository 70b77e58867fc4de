"""Windows of rows read from the files and decoded; a plain value that worker processes get a copy of."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.base.bounds import check_whole
from qml.base.errors import DataError
from qml.data.stream.decoding import decode_inputs, decode_targets
from qml.data.stream.formats import RowFormat
from qml.data.stream.layout import Layout, stamp_of
from qml.data.stream.places import Place
from qml.data.stream.shares import in_interval

OPEN_FILES = 8
Empty = Callable[[tuple[int, ...], str], np.ndarray]
"""Makes an array of a shape and dtype; worker processes make theirs in shared memory."""


def check_windows(buffer_rows: object, workers: object) -> None:
    """Raise unless windows can be read so.

    Raises:
        ConfigError: no whole numbers, a buffer of no row, or a negative number of workers.
    """
    check_whole("ParquetSource", 1, buffer_rows=buffer_rows)
    check_whole("ParquetSource", 0, workers=workers)


@dataclass(frozen=True)
class Rows:
    """Decoded rows in the order in which they were read.

    Args:
        inputs: `(n, *input_shape)` float32 or uint8.
        targets: `(n,)` int64 or float32; None without labels.
    """

    inputs: np.ndarray
    targets: np.ndarray | None


@dataclass(frozen=True, eq=False)
class WindowReader:
    """Reads row groups of a layout into one array.

    Args:
        place: of the files.
        form: of a row.
        layouts: part -> its row groups.
        stamps: file -> what its end was when the source was opened; see `stamp_of`.
    """

    place: Place
    form: RowFormat
    layouts: dict[str, Layout]
    stamps: Mapping[str, str]
    _opened: OpenFiles = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_opened", OpenFiles(self.place, self.stamps))

    def __reduce__(self) -> Any:
        return WindowReader, (self.place, self.form, self.layouts, self.stamps)

    def close(self) -> None:
        """Close the files that are open."""
        self._opened.close()

    def copy(self) -> WindowReader:
        """One with files of its own, for another thread."""
        return WindowReader(self.place, self.form, self.layouts, self.stamps)

    def read(self, split: str, groups: Sequence[int] | np.ndarray, empty: Empty = np.empty) -> Rows:
        """The rows of some row groups of a part, end to end.

        Args:
            split: the part.
            groups: `(G,)` numbers of row groups in its layout.
            empty: makes the arrays.

        Raises:
            DataError: a file is damaged or another one by now, or holds values that cannot be learnt from; the message
                names it.
        """
        layout, form = self.layouts[split], self.form
        count = int(layout.rows_G[np.asarray(groups, np.int64)].sum())
        inputs = empty((count, *form.input_shape), form.dtype)
        kind = "float32" if form.target is not None and form.target.kind == "number" else "int64"
        targets = None if form.target is None else empty((count,), kind)
        first = 0
        for group in groups:
            last = first + int(layout.rows_G[group])
            if last == first:
                continue
            self._read_group(layout, int(group), inputs[first:last], None if targets is None else targets[first:last])
            first = last
        return Rows(inputs, targets)

    def _read_group(self, layout: Layout, group: int, inputs: np.ndarray, targets: np.ndarray | None) -> None:
        name, number = layout.files[layout.file_G[group]], int(layout.group_G[group])
        where = f"{self.place.shown(name)}, row group {number}"
        with self.place.sound(name):
            table = self._opened.get(name).read_row_group(number, columns=list(self.form.columns))
        keep = None
        if layout.interval is not None:
            begin = int(layout.stored_first_G[group])
            keep = in_interval(begin, int(layout.stored_G[group]), layout.key_seed, layout.interval)
        with _decoding(where):
            decode_inputs(self.form, table, inputs, keep, where)
            if targets is not None:
                targets[...] = decode_targets(self.form, table, keep, where)


@contextmanager
def _decoding(where: str) -> Iterator[None]:
    """Turns what Arrow cannot do with the values of a sound file into a DataError that names it."""
    import pyarrow as pa

    try:
        yield
    except pa.ArrowException as error:
        said = str(error).partition("\n")[0].rstrip(".")
        raise DataError(
            f"{where} holds values that cannot be decoded: {said}. Clean them, or leave the column out."
        ) from error


class OpenFiles:
    """The last few Parquet files, kept open so that their ends are parsed once."""

    def __init__(self, place: Place, stamps: Mapping[str, str]):
        self.place, self.stamps = place, stamps
        self.files: OrderedDict[str, Any] = OrderedDict()

    def get(self, name: str) -> Any:
        """The `ParquetFile` of a name.

        Raises:
            DataError: it is damaged, or another one than when the source was opened.
        """
        if name not in self.files:
            self.files[name] = self._as_it_was(name)
            if len(self.files) > OPEN_FILES:
                self.files.popitem(last=False)[1].close()
        self.files.move_to_end(name)
        return self.files[name]

    def _as_it_was(self, name: str) -> Any:
        opened = self.place.parquet(name)
        if stamp_of(opened.metadata) != self.stamps[name]:
            opened.close()
            raise DataError(
                f"{self.place.shown(name)} was written anew after the source was opened: its rows are others now. Open "
                "the source again."
            )
        return opened

    def close(self) -> None:
        """Close all of them."""
        while self.files:
            self.files.popitem()[1].close()
