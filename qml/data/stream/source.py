"""Rows of Parquet files as a Source, a window at a time: more of them than memory holds, in a seeded order."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from qml.base.errors import DataError
from qml.base.lazy import cached_property
from qml.base.registry import unknown
from qml.data.arrays import check_asked
from qml.data.fitted import Fitted
from qml.data.manifest import Manifest
from qml.data.source import Batch, Schema
from qml.data.stream.ahead import one_ahead
from qml.data.stream.order import Pass, pass_over
from qml.data.stream.reading import Rows, WindowReader, check_windows
from qml.data.transforms import Transform

log = logging.getLogger(__name__)
BUFFER_ROWS = 1 << 18


@dataclass(frozen=True, eq=False)
class ParquetSource:
    """A Source over Parquet files; `ParquetSource.open` makes one.

    A pass permutes the row groups, gathers them into windows of at most `buffer_rows` rows and permutes the rows of a
    window; batches run over the borders of windows. Everything is a pure function of seed and epoch, whatever
    `workers` is, and `start` reads nothing before the window that it begins in. With `shard=(rank, world)` each rank
    decodes every window and keeps every `world`-th row of each batch.

    Rows that lie near each other in the files come near each other: see `qml.data.stream.mixing` for how near.

    Args:
        schema: what the batches hold.
        reader: of the windows.
        buffer_rows: most rows of a window.
        workers: processes that read and decode windows; with 0 one thread of this process does.
        fitted: what the inputs of a batch go through; None leaves them as they are.
        manifest: of a prepared folder; None for others. Its `transform` is what made its features.
        info: plain facts for a report.

    Example:
        >>> import tempfile
        >>> import pyarrow as pa, pyarrow.parquet as pq
        >>> folder = tempfile.mkdtemp()
        >>> rows = pa.table({"size": np.arange(100.0), "open": np.arange(100) % 2})
        >>> pq.write_table(rows, f"{folder}/rows.parquet", row_group_size=25)
        >>> source = ParquetSource.open(folder, target="open", shares={"test": 0.2}, buffer_rows=50)
        >>> source.schema.sizes, source.schema.input_shape
        ({'train': 80, 'test': 20}, (1,))
        >>> [len(batch) for batch in source.batches("train", 32, seed=0)]
        [32, 32, 16]
    """

    schema: Schema
    reader: WindowReader = field(repr=False)
    buffer_rows: int = BUFFER_ROWS
    workers: int = 0
    fitted: Fitted | None = field(default=None, repr=False)
    manifest: Manifest | None = field(default=None, repr=False)
    info: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        check_windows(self.buffer_rows, self.workers)

    @classmethod
    def open(
        cls,
        path: str | Mapping[str, str],
        *,
        name: str | None = None,
        parts: Mapping[str, str] | None = None,
        shares: Mapping[str, float] | None = None,
        target: str | None = None,
        task: str | None = None,
        labels: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        drop: Sequence[str] = (),
        kinds: Mapping[str, str] | None = None,
        shapes: Mapping[str, Any] | None = None,
        categories: Mapping[str, Sequence[str]] | None = None,
        decoders: Mapping[str, Any] | None = None,
        transform: Transform | Fitted | str | None = "auto",
        sample_rows: int = 100_000,
        seed: int = 0,
        buffer_rows: int = BUFFER_ROWS,
        workers: int = 0,
        verify: bool = True,
        storage_options: Mapping[str, Any] | None = None,
    ) -> ParquetSource:
        """Open files and check them, without reading rows (unless words, classes or a transform are to be found).

        A folder with a `manifest.json` says itself which files are which part, what its columns are and how they were
        made; its sizes, rows and checksums are compared. Any other folder is described here.

        Args:
            path: a file, a folder, or a URL of either; or part -> path of files with one schema.
            name: what reports call it; by default that of the manifest or of the folder.
            parts: part -> sub-folder or file below `path`; by default sub-folders or files that are called so:
                `train/`, `split=train/`, `train.parquet`, ...
            shares: new parts, taken out of the training rows by a hash of `seed` and row number: {"test": 0.2}.
            target: column that is predicted, where no manifest says it, as everything up to `decoders`.
            task: "classes" or "number"; by default fractions are a number, anything else is classes.
            labels: names of the classes; for words what the files hold, in the order of the codes.
            columns: that are inputs, in order; by default all but the target and `drop`.
            drop: columns that are no inputs.
            kinds: column -> "number", "category", "sequence", "image" (PNG, JPEG), "bytes" or "text", where its type
                does not say it: numbers are numbers, words categories.
            shapes: column -> shape of its images, bytes or lists.
            categories: column -> its words in the order of their codes; otherwise the files are read once for them.
            decoders: column -> callable from a list of its values to `(n, ...)` numbers: a function that stands in a
                module, or a dataclass of plain fields, by which two are told apart.
            transform: "auto" (by the kinds of the columns; none where the manifest says that the features are made
                already), a Transform, a Fitted, or None. What is not fitted yet is fitted on a sample of the training
                rows.
            sample_rows: about so many training rows are that sample: whole row groups, chosen by `seed`.
            seed: of `shares` and of the sample.
            buffer_rows: most rows of a window, in which rows are shuffled. A row group that is larger is a window.
            workers: processes that read and decode; 0 is one thread of this process.
            verify: compare the SHA-256 of every file with the manifest.
            storage_options: what the file system of a URL is opened with; never printed or written anywhere.

        Raises:
            DataError: no files, damaged files, files of different schemas, an empty part, a column without values, a
                folder that is not what its manifest says, a URL that cannot be read. The message names the file.
            ConfigError: a column, kind or part that is not known, a decoder without a name of its own, an option of
                another type, options that contradict the manifest, a user or password in a URL whose storage takes
                none there, or workers for `memory://`.
        """
        from qml.data.stream.describing import Hints
        from qml.data.stream.opening import Asked, opened_source

        hints = Hints(
            target=target,
            task=task,
            labels=labels,
            columns=columns,
            drop=drop,
            kinds=kinds or {},
            shapes=shapes or {},
            categories=categories or {},
            decoders=decoders or {},
        )
        asked = Asked(name, parts, shares or {}, hints, transform, sample_rows, seed, buffer_rows, workers, verify)
        return opened_source(cls, path, asked, storage_options or {})

    def rows(self, split: str) -> np.ndarray:
        """`(n,)` numbers of the rows of a part among the rows of all files: train, validation, test and others in turn.

        Raises:
            ConfigError: there is no such part.
        """
        from qml.data.stream.shares import rows_of

        return rows_of(self.reader.layouts, self._known(split))

    def batches(
        self,
        split: str,
        size: int,
        seed: int | None = None,
        *,
        epoch: int = 0,
        start: int = 0,
        shard: tuple[int, int] = (0, 1),
    ) -> Iterator[Batch]:
        """Batches of `size` rows; see `qml.data.Source`.

        Raises:
            ConfigError: no such part, or arguments out of range.
            DataError: a file that is damaged, or values that cannot be learnt from; the message names the file.
        """
        check_asked(size, start, epoch, shard)
        rows_G = self.reader.layouts[self._known(split)].rows_G
        return self._batches(
            pass_over(rows_G, self.buffer_rows, split=split, seed=seed, epoch=epoch), size, start, shard
        )

    def _batches(self, once: Pass, size: int, start: int, shard: tuple[int, int]) -> Iterator[Batch]:
        """The batches of a pass from `start` on; a batch is gathered from the windows that it lies in."""
        rank, world = shard
        begin = start * size
        first = once.window_at(begin)
        pieces: list[Batch] = []
        held = 0  # rows of the batch under way that earlier windows gave, over all ranks
        for window, read in zip(range(first, len(once)), self._windows(once, first), strict=False):
            places, numbers = once.places(window), once.numbers(window)
            place = max(begin - int(once.begin_W[window]), 0)
            while place < len(places):
                last = min(place + size - held, len(places))
                chosen = places[place + (rank - held) % world : last : world]
                pieces.append(_gathered(read, chosen, numbers[chosen]))
                held += last - place
                place = last
                if held == size:
                    yield self._finished(pieces)
                    pieces, held = [], 0
            del read
        if held:
            yield self._finished(pieces)

    def _windows(self, once: Pass, first: int) -> Iterator[Rows]:
        """The decoded windows of a pass from `first` on."""
        if self.workers:
            from qml.data.stream.workers import worked

            return worked(self._pool, once, first)
        reader = self.reader.copy()
        groups = once.groups
        return one_ahead(lambda window: reader.read(once.split, groups(window)), range(first, len(once)), reader.close)

    @cached_property
    def _pool(self) -> Any:
        from qml.data.stream.workers import Workers

        return Workers(self.reader, self.workers)

    def _finished(self, pieces: Sequence[Batch]) -> Batch:
        """The pieces of a batch joined, as float32 and through the transform."""
        batch = pieces[0] if len(pieces) == 1 else _joined(pieces)
        inputs = batch.inputs if self.fitted is None else self.fitted(batch.inputs)
        inputs = inputs.astype(np.float32, copy=False)
        if self.reader.form.allow_missing and not np.isfinite(inputs.sum(dtype=np.float64)):
            raise DataError(
                f"{self.schema.name}: row {batch.rows[0]} or one of the {len(batch)} in its batch holds NaN or "
                "infinity behind the transform. Use one that fills missing values in, such as transform='auto'."
            )
        return Batch(inputs, batch.targets, batch.rows)

    def _known(self, split: str) -> str:
        if split not in self.reader.layouts:
            raise unknown(f"split of {self.schema.name!r}", split, list(self.reader.layouts))
        return split


def _gathered(read: Rows, places: np.ndarray, numbers: np.ndarray) -> Batch:
    """Rows at some places of a window, as fresh arrays."""
    inputs = np.take(read.inputs, places, axis=0)
    return Batch(inputs, None if read.targets is None else np.take(read.targets, places), numbers)


def _joined(pieces: Sequence[Batch]) -> Batch:
    """Pieces of one batch end to end."""
    inputs = np.concatenate([piece.inputs for piece in pieces])
    parts = [piece.targets for piece in pieces if piece.targets is not None]
    return Batch(inputs, np.concatenate(parts) if parts else None, np.concatenate([piece.rows for piece in pieces]))
